"""The metric that says how many resources stand how."""

from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry, Gauge

from pds_contract.conditions import Reason, Standing, Trouble, at_work, conditions_of, needs_person
from pds_contract.resource import CHECKOUT_PAID_ANNOTATION, Metadata, PdsProvision
from pds_operator import metrics
from pds_operator.reconciler.standings import UNVISITED, Standings, standing_of
from pds_operator.reconciler.watched import Watched
from stages.protocol_stage import provision

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUNS = Standing("True", Reason.RUNNING, "It runs.")
WAITS = at_work(Reason.BACKEND_UNAVAILABLE, "It is away.")
REFUSED = needs_person(Reason.DEPLOY_REJECTED, "No.")
RUNS_WITH_TROUBLE = Standing("True", Reason.RUNNING, "It runs.", stalled=Trouble(Reason.USER_GONE, "Gone."))


def standing(how: Standing | None, name: str = "a", version: int = 1) -> PdsProvision:
    conditions = conditions_of(how, (), 1, NOW) if how else ()
    blank = provision()
    return blank.model_copy(
        update={
            "metadata": Metadata(name=name, resource_version=str(version)),
            "status": blank.status.model_copy(update={"conditions": conditions}),
        }
    )


def paid(customer: PdsProvision, ago: int) -> PdsProvision:
    """A resource whose customer has paid so many seconds ago."""
    annotations = {CHECKOUT_PAID_ANNOTATION: str(int(NOW.timestamp()) - ago)}
    return customer.model_copy(update={"metadata": customer.metadata.model_copy(update={"annotations": annotations})})


@pytest.mark.parametrize(
    ("how", "counted"),
    [
        (None, (UNVISITED, False)),
        (RUNS, ("Running", False)),
        (WAITS, ("BackendUnavailable", False)),
        (REFUSED, ("DeployRejected", True)),
        (RUNS_WITH_TROUBLE, ("UserGone", True)),
    ],
)
def test_what_a_person_is_needed_for_counts_before_readys_reason(
    how: Standing | None, counted: tuple[str, bool]
) -> None:
    assert standing_of(standing(how)) == counted


def counts(gauge: Gauge) -> dict[tuple[str, str], float]:
    (family,) = gauge.collect()
    return {(each.labels["reason"], each.labels["stalled"]): each.value for each in family.samples if each.value}


def test_each_resource_is_counted_once_where_it_stands_now() -> None:
    gauge = Gauge("resources", "Resources.", ["reason", "stalled"], registry=CollectorRegistry())
    gauge.labels(reason="Left", stalled="false").set(9)
    standings = Standings(gauge)
    assert counts(gauge) == {}, "what was counted before is of another time"
    standings.saw(standing(WAITS, "a"))
    standings.saw(standing(WAITS, "b"))
    standings.saw(standing(REFUSED, "c"))
    assert counts(gauge) == {("BackendUnavailable", "false"): 2, ("DeployRejected", "true"): 1}
    standings.saw(standing(RUNS, "a"))
    standings.saw(standing(RUNS, "a"))
    standings.forget("c")
    standings.forget("unknown")
    assert counts(gauge) == {("BackendUnavailable", "false"): 1, ("Running", "false"): 1}


def test_the_longest_wait_is_of_the_one_that_waits_longest_now() -> None:
    standings = Standings(Gauge("waits", "Resources.", ["reason", "stalled"], registry=CollectorRegistry()))
    assert standings.longest_wait(NOW) == 0
    standings.saw(paid(standing(WAITS, "a"), ago=60))
    standings.saw(paid(standing(None, "b"), ago=90))
    standings.saw(paid(standing(REFUSED, "c"), ago=3600))
    assert standings.longest_wait(NOW) == 90
    standings.saw(paid(standing(RUNS, "b"), ago=90))
    assert standings.longest_wait(NOW) == 60
    standings.forget("a")
    assert standings.longest_wait(NOW) == 0
    standings.saw(paid(standing(WAITS, "d"), ago=-5))
    assert standings.longest_wait(NOW) == 0, "Stripe's clock is ahead of ours"


def test_nothing_is_shown_of_what_is_anothers_to_count() -> None:
    gauge = Gauge("anothers", "Resources.", ["reason", "stalled"], registry=CollectorRegistry())
    standings = Standings(gauge)
    standings.saw(paid(standing(WAITS), ago=60))
    standings.close()
    standings.saw(paid(standing(REFUSED, "b"), ago=60))
    standings.forget("a")
    (family,) = gauge.collect()
    assert (family.samples, standings.longest_wait(NOW)) == ([], 0)


def test_watch_events_older_than_our_own_write_change_nothing() -> None:
    watched = Watched()
    watched.wrote(standing(RUNS, version=5))
    watched.saw(standing(WAITS, version=4))
    assert counts(metrics.RESOURCES) == {("Running", "false"): 1}
    watched.saw(standing(REFUSED, version=6))
    assert counts(metrics.RESOURCES) == {("DeployRejected", "true"): 1}
    watched.forget("a")
    assert counts(metrics.RESOURCES) == {}
