"""docs/runbook.md: whoever is woken finds the alert's section, and every link leads somewhere."""

import re
from pathlib import Path
from typing import Any

import pytest

from pds_stack import paths

DOCS = paths.repository() / "docs"
SECTION = re.compile(r"^### (\w+)\n\n\*(page|ticket)\.\* (.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def runbook() -> str:
    return (DOCS / "runbook.md").read_text()


def test_every_alert_has_its_section_and_every_section_its_alert(runbook: str, alerts: dict[str, Any]) -> None:
    named = re.findall(r"^### (.+)$", runbook, re.MULTILINE)
    assert sorted(named) == sorted(alerts)


def test_every_section_says_how_urgent_it_is_as_the_alert_does(runbook: str, alerts: dict[str, Any]) -> None:
    said = {name: urgency for name, urgency, _ in SECTION.findall(runbook)}
    assert said == {name: alert["labels"]["severity"] for name, alert in alerts.items()}


def test_every_section_says_what_it_means_what_to_look_at_and_what_to_do(runbook: str) -> None:
    lacking = {name for name, _, text in SECTION.findall(runbook) if "**Look.**" not in text or "**Do.**" not in text}
    assert lacking == set()


def test_every_link_leads_somewhere(runbook: str) -> None:
    broken = [f"{file}#{anchor}" for file, anchor in LINK.findall(runbook) if not leads_somewhere(file, anchor)]
    assert broken == []


def leads_somewhere(file: str, anchor: str) -> bool:
    target: Path = (DOCS / file).resolve() if file else DOCS / "runbook.md"
    if not target.exists():
        return False
    return not anchor or anchor in {slug(title) for title in HEADING.findall(target.read_text())}


def slug(title: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
