"""The alert rules, as promtool reads and runs them. The cases are promtool's own files, in ``rules/``."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pds_contract.conditions import Reason
from pds_stack.prometheus.server import rule_groups
from pds_webhook.answers import Code

CASES = sorted((Path(__file__).parent / "rules").glob("*.yaml"))


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rules as Prometheus gets them: what the PrometheusRule has as its spec."""
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(rule_groups()))
    return file


def test_promtool_finds_nothing_to_say_against_the_rules(promtool: Path, rules: Path) -> None:
    checked = subprocess.run(
        [promtool, "check", "rules", "--lint=all", "--lint-fatal", rules], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_rules_fire_when_they_should_and_only_then(promtool: Path, rules: Path, case: Path) -> None:
    tested = subprocess.run(
        [promtool, "test", "rules", shutil.copy(case, rules.parent)], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(alerts: dict[str, Any]) -> None:
    fires: set[str] = set()
    silent: set[str] = set()
    for case in CASES:
        for test in yaml.safe_load(case.read_text())["tests"]:
            for look in test["promql_expr_test"]:
                (silent, fires)[bool(look["exp_samples"])].update(re.findall(r"Pds\w+", look["expr"]))
    assert (fires, silent) == (set(alerts), set(alerts))


def test_every_alert_says_how_urgent_it_is_what_happened_and_where_the_runbook_tells_of_it(
    alerts: dict[str, Any],
) -> None:
    for name, alert in alerts.items():
        assert alert["labels"]["severity"] in {"page", "ticket"}, name
        assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}, name
        assert alert["annotations"]["runbook_url"] == f"#{name.lower()}", name


def test_no_code_that_stripe_sees_as_a_failure_is_left_out(alerts: dict[str, Any]) -> None:
    failures = {code.value for code in Code if code.status >= 500}
    assert codes_in(alerts["PdsWebhookFailsStripe"]) == failures


def test_no_code_of_a_customer_who_paid_and_cannot_be_provisioned_is_left_out(alerts: dict[str, Any]) -> None:
    unusable = {code.value for code in Code if code.status == 422}
    assert codes_in(alerts["PdsPaidButUnusable"]) == unusable


def test_a_reason_that_no_alert_tells_of_is_left_out_on_purpose(alerts: dict[str, Any]) -> None:
    left_out = set(re.findall(r'reason!~"([\w|]+)"', alerts["PdsCustomerStalled"]["expr"])[0].split("|"))
    assert left_out == {Reason.SERVICE_SUSPENDED, Reason.SERVICE_TERMINATED, Reason.CREDENTIALS_REJECTED}


def codes_in(alert: dict[str, Any]) -> set[str]:
    """The values of the label code that a rule selects; all its selectors name the same."""
    selected = {frozenset(each.split("|")) for each in re.findall(r'code=~"([\w|]+)"', alert["expr"])}
    assert len(selected) == 1, selected
    return set(selected.pop())
