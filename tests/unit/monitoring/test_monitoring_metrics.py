"""Rules and dashboard speak of metrics, labels and values that the programs have: a renamed one fails here."""

import ast
import re
from collections.abc import Iterator
from typing import Any, get_args

import httpx
import pytest
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from pds_clients import timing
from pds_clients.timing import Operation, timed
from pds_contract.conditions import Reason
from pds_contract.deploy import DeployOutcome
from pds_operator import metrics as of_the_operator
from pds_operator.reconciler.drift import REPAIRED, Drift
from pds_operator.reconciler.standings import UNVISITED
from pds_portal.metrics import CheckoutOutcome, RevealOutcome, SignInOutcome
from pds_portal.metrics import Metrics as PortalMetrics
from pds_portal.safety.limits import Limit
from pds_runtime import admin
from pds_runtime.public.metrics import Cut
from pds_stack import paths
from pds_webhook.answers import Code
from pds_webhook.events import CHECKOUT_TYPES
from pds_webhook.metrics import DOUBLE_CODES
from pds_webhook.metrics import Metrics as WebhookMetrics

OURS = re.compile(r"\b(pds_\w+)\s*(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
GROUPING = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")
LEGEND = re.compile(r"\{\{(\w+)\}\}")
OF_A_TARGET = {
    "job": {"pds-webhook", "pds-operator", "pds-portal"},
    **dict.fromkeys(("pod", "instance", "namespace", "share"), None),
}
"""Labels that the PodMonitor gives; None: any value."""

Labels = dict[str, set[str] | None]


def words(*values: str) -> set[str]:
    return {str(value) for value in values}


def in_the_source(package: str, call: str) -> dict[tuple[str, str], set[str]]:
    """The words that a source gives to keyword arguments of a method, by the object and the keyword."""
    found: dict[tuple[str, str], set[str]] = {}
    for file in (paths.repository() / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == call:
                owner = ast.unparse(node.func.value).rpartition(".")[2]
                for keyword in node.keywords:
                    if keyword.arg and isinstance(keyword.value, ast.Constant):
                        found.setdefault((owner, keyword.arg), set()).add(str(keyword.value.value))
    return found


def ends_of_a_call() -> set[str]:
    """Every value of the label code of a call of a dependency, each brought about."""
    statuses = (200, 302, 404, 503)
    errors = (httpx.ReadTimeout("late"), httpx.ConnectError("refused"), httpx.ReadError("broken"))
    for status in statuses:
        with timed("backend", Operation.OTHER) as exchange:
            exchange.status = status
    for error in errors:
        with pytest.raises(httpx.TransportError), timed("backend", Operation.OTHER):
            raise error
    codes = {sample.labels["code"] for family in timing.SECONDS.collect() for sample in family.samples}
    assert len(codes) == len(statuses) + len(errors)
    return codes


@pytest.fixture(scope="module")
def known() -> dict[str, Labels]:
    """Every name that a sample can have, with its labels and their values; None: any."""
    registry = CollectorRegistry()
    counted = (vars(WebhookMetrics(registry)), vars(PortalMetrics(registry)))
    shown = [*collectors(admin), *collectors(timing), *collectors(of_the_operator)]
    shown += [each for collected in counted for each in collected.values()]
    written = in_the_source("operator/pds_operator", "labels")
    values: dict[str, Labels] = {
        "pds_build": {},
        "pds_dependency_request_seconds": {
            "dependency": {"kubernetes", "supabase", "backend", "stripe"},
            "call": words(*Operation),
            "code": ends_of_a_call(),
        },
        "pds_operator_deploys": {"outcome": {each.__name__ for each in get_args(DeployOutcome)}},
        "pds_operator_visits": {"end": written["VISITS", "end"]},
        "pds_operator_drift_found": {"kind": words(*Drift)},
        "pds_operator_drift_repaired": {"kind": words(*REPAIRED)},
        "pds_operator_rows_without_resource": {"has_id": written["ROWS_WITHOUT_RESOURCE", "has_id"]},
        "pds_operator_resources": {"reason": {*words(*Reason), UNVISITED}, "stalled": {"true", "false"}},
        "pds_operator_queue_depth": {"state": written["QUEUE_DEPTH", "state"]},
        "pds_webhook_events": {"type": {*CHECKOUT_TYPES, "other"}, "code": words(*Code)},
        "pds_webhook_double_checkouts": {"code": words(*DOUBLE_CODES)},
        "pds_webhook_connections_cut": {"reason": words(*Cut)},
        # Of routes and statuses any: they are the routes' own.
        "pds_portal_requests": {"route": None, "method": None, "code": None},
        "pds_portal_answer_seconds": {"route": None},
        "pds_portal_checkouts": {"outcome": words(*CheckoutOutcome)},
        "pds_portal_sign_ins": {"outcome": words(*SignInOutcome)},
        "pds_portal_reveals": {"outcome": words(*RevealOutcome)},
        "pds_portal_limited": {"limit": words(*Limit)},
        "pds_portal_connections_cut": {"reason": words(*Cut)},
    }
    samples: dict[str, Labels] = {}
    for collector in shown:
        (family,) = collector.describe()
        labels = values.get(family.name, {})
        assert set(labels) == set(collector._labelnames), family.name  # noqa: SLF001 - nothing else tells them
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "info": ("_info",)}
        for ending in endings.get(family.type, ("",)):
            samples[family.name + ending] = {**labels, **({"le": None} if ending == "_bucket" else {})}
    return samples


def collectors(module: Any) -> Iterator[MetricWrapperBase]:
    return (each for each in vars(module).values() if isinstance(each, MetricWrapperBase))


def problems(expression: str, known: dict[str, Labels]) -> Iterator[str]:
    """What of an expression no program has."""
    named: set[str] = set()
    for name, matchers in OURS.findall(expression):
        if name not in known:
            yield f"no metric {name}"
            continue
        labels: Labels = {**known[name], **OF_A_TARGET}
        named |= set(labels)
        for label, operator, value in MATCHER.findall(matchers):
            if label not in labels:
                yield f"{name} has no label {label}"
                continue
            there = labels[label]
            given = value.split("|") if "~" in operator else [value]
            yield from (f"{name} has no {label}={each}" for each in given if there is not None and each not in there)
    if named:
        for group in GROUPING.findall(expression):
            yield from (f"no label {each}" for each in re.findall(r"\w+", group) if each not in named)


def test_the_alerts_speak_of_what_there_is(alerts: dict[str, Any], known: dict[str, Labels]) -> None:
    found = {name: list(problems(alert["expr"], known)) for name, alert in alerts.items()}
    assert {name: each for name, each in found.items() if each} == {}


def test_the_dashboard_speaks_of_what_there_is(dashboard: dict[str, Any], known: dict[str, Labels]) -> None:
    found = {
        panel["title"]: [*problems(target["expr"], known), *legend_problems(target)]
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    }
    assert {title: each for title, each in found.items() if each} == {}


def legend_problems(target: dict[str, Any]) -> Iterator[str]:
    """What of a legend the result has no label for."""
    groups = GROUPING.findall(target["expr"])
    kept = {word for group in groups for word in re.findall(r"\w+", group)} if groups else set(OF_A_TARGET)
    yield from (
        f"no {label} to name in the legend" for label in LEGEND.findall(target["legendFormat"]) if label not in kept
    )


def test_every_metric_that_counts_trouble_is_looked_at(
    alerts: dict[str, Any], dashboard: dict[str, Any], known: dict[str, Labels]
) -> None:
    spoken_of = {name for alert in alerts.values() for name, _ in OURS.findall(alert["expr"])}
    spoken_of |= {
        name
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
        for name, _ in OURS.findall(target["expr"])
    }
    whole = {name for name in known if not name.endswith(("_sum", "_bucket", "_count"))}
    unseen = {"pds_build_info", "pds_operator_watch_events_dropped_total"}
    assert whole - spoken_of == unseen


def test_the_registry_knows_nothing_of_ours_beside(known: dict[str, Labels]) -> None:
    ours = {family.name for family in REGISTRY.collect() if family.name.startswith("pds_")}
    assert {name for name in ours if not any(each.startswith(name) for each in known)} == set()
