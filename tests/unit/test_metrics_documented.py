"""docs/metrics.md lists every metric that there is, and every value of a label that is a word of ours."""

import re
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics_core import Metric

from pds_clients.timing import Operation
from pds_contract.deploy import DeployOutcome
from pds_operator import metrics as of_the_operator
from pds_operator.reconciler.drift import REPAIRED, Drift
from pds_portal.metrics import CheckoutOutcome, RevealOutcome, SignInOutcome
from pds_portal.metrics import Metrics as PortalMetrics
from pds_portal.safety.limits import RATES, Limit
from pds_runtime import admin
from pds_runtime.public.metrics import Cut
from pds_webhook.events import CHECKOUT_TYPES
from pds_webhook.metrics import DOUBLE_CODES
from pds_webhook.metrics import Metrics as WebhookMetrics

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = (DOCS / "metrics.md").read_text()
ROW = re.compile(r"^\| `(pds_\w+)` \| (gauge|counter|histogram) \| ((?:`\w+`(?:, )?)*) ?\| (.+) \|$", re.MULTILINE)
WORDS = set(re.findall(r"`([^`]+)`", DOCUMENT))


REGISTERED_WITH_THEIR_MODULES = (admin.BUILD, of_the_operator.LEADER)


def families() -> dict[str, Metric]:
    """Every metric of ours, by its name as it is shown."""
    registry = CollectorRegistry()
    WebhookMetrics(registry)
    PortalMetrics(registry)
    shown = [*REGISTRY.collect(), *registry.collect()]
    ending = {"counter": "_total", "info": "_info"}
    return {f"{each.name}{ending.get(each.type, '')}": each for each in shown if each.name.startswith("pds_")}


def test_every_metric_is_listed_with_its_type_and_nothing_else_is() -> None:
    types = {name: "gauge" if family.type == "info" else family.type for name, family in families().items()}
    assert {name: kind for name, kind, _, _ in ROW.findall(DOCUMENT)} == types


def test_the_labels_are_those_that_are_shown() -> None:
    documented = {name: set(re.findall(r"`(\w+)`", labels)) for name, _, labels, _ in ROW.findall(DOCUMENT)}
    found = {name: set(sample.labels) - {"le"} for name, family in families().items() for sample in family.samples[:1]}
    assert {name: documented[name] for name in found} == found


@pytest.mark.parametrize(
    "values",
    [
        list(Operation),
        list(Drift),
        list(REPAIRED),
        list(Cut),
        list(CheckoutOutcome),
        list(SignInOutcome),
        list(RevealOutcome),
        list(DOUBLE_CODES),
        sorted(CHECKOUT_TYPES),
        [each.__name__ for each in get_args(DeployOutcome)],
        ["2xx", "3xx", "4xx", "5xx", "timeout", "unreachable", "cut"],
        ["kubernetes", "supabase", "backend", "stripe"],
    ],
    ids=lambda values: values[0],
)
def test_every_value_of_a_label_is_named(values: list[str]) -> None:
    assert [value for value in map(str, values) if value not in WORDS] == []


def test_the_portals_limits_are_listed_with_their_rates() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\d+) in (\d+ )?(minute|hour)s? \|", (DOCS / "portal.md").read_text(), re.MULTILINE
    )
    listed = {name: (int(number), int(times or 1), each) for name, number, times, each in rows}
    assert listed == {
        limit.value: (rate.amount, rate.multiples or 1, rate.GRANULARITY.name) for limit, rate in RATES.items()
    }
    assert set(RATES) == set(Limit)
