"""What deploy/monitoring holds, and the program that reads it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from pds_stack import paths
from pds_stack.console import Console
from pds_stack.prometheus import promtool as find_promtool
from pds_stack.prometheus.server import rule_groups


@pytest.fixture(scope="session")
def promtool() -> Path:
    """The one on PATH; else it is built, which takes minutes the first time."""
    return asyncio.run(find_promtool(Console()))


@pytest.fixture(scope="session")
def alerts() -> dict[str, dict[str, Any]]:
    """Every alert rule, by its name."""
    return {rule["alert"]: rule for group in rule_groups()["groups"] for rule in group["rules"]}


@pytest.fixture(scope="session")
def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((paths.repository() / "deploy" / "monitoring" / "dashboard.json").read_text())
    return found
