"""Conditions as kstatus and kubectl wait read them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pds_contract.conditions import (
    READY,
    RECONCILING,
    STALLED,
    Reason,
    Standing,
    Trouble,
    at_work,
    conditions_of,
    needs_person,
)
from pds_contract.resource import Condition

FIRST = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
LATER = FIRST + timedelta(minutes=5)

RUNNING = Standing("True", Reason.RUNNING, "The PDS runs.")
DEPLOYING = at_work(Reason.DEPLOYING, "A deploy is under way.")
TAKEN = needs_person(Reason.HOSTNAME_TAKEN, "Ask for another hostname.")


def by_type(conditions: tuple[Condition, ...]) -> dict[str, Condition]:
    found = {condition.type: condition for condition in conditions}
    assert len(found) == len(conditions), "a type stands twice"
    return found


@pytest.mark.parametrize(
    ("standing", "statuses"),
    [
        (RUNNING, {READY: "True"}),
        (DEPLOYING, {READY: "False", RECONCILING: "True"}),
        (at_work(Reason.DEPLOYING, "At first.", "Unknown"), {READY: "Unknown", RECONCILING: "True"}),
        (TAKEN, {READY: "False", STALLED: "True"}),
        (Standing("False", Reason.SUSPENDED, "Suspended."), {READY: "False"}),
        (
            Standing("True", Reason.RUNNING, "Runs.", reconciling=True, stalled=Trouble(Reason.TWO_SERVICES, "Two.")),
            {READY: "True", RECONCILING: "True", STALLED: "True"},
        ),
    ],
)
def test_ready_is_always_there_and_the_others_only_while_true(standing: Standing, statuses: dict[str, str]) -> None:
    everything = Standing("False", Reason.DEPLOYING, "m", reconciling=True, stalled=Trouble(Reason.SETUP_FAILED, "m"))
    for before in ((), conditions_of(everything, (), 1, FIRST)):
        found = conditions_of(standing, before, 1, FIRST)
        assert {condition.type: condition.status for condition in found} == statuses


def test_reasons_messages_and_the_generation() -> None:
    standing = Standing(
        "False", Reason.PROVISIONING, "Setting up.", reconciling=True, stalled=Trouble(Reason.TWO_SERVICES, "Two.")
    )
    found = by_type(conditions_of(standing, (), 7, FIRST))
    assert {kind: (one.reason, one.message) for kind, one in found.items()} == {
        READY: ("Provisioning", "Setting up."),
        RECONCILING: ("Provisioning", "Setting up."),
        STALLED: ("TwoServices", "Two."),
    }
    assert {one.observed_generation for one in found.values()} == {7}


def test_the_transition_time_moves_only_when_the_status_moves() -> None:
    first = conditions_of(DEPLOYING, (), 1, FIRST)
    other_reason = conditions_of(at_work(Reason.OUTCOME_UNKNOWN, "It is not known."), first, 2, LATER)
    assert {one.last_transition_time for one in other_reason} == {FIRST}
    assert by_type(other_reason)[READY].reason == "OutcomeUnknown"
    assert by_type(other_reason)[READY].observed_generation == 2

    running = by_type(conditions_of(RUNNING, other_reason, 2, LATER))
    assert running[READY].last_transition_time == LATER


def test_a_condition_that_comes_back_has_the_time_of_its_return() -> None:
    first = conditions_of(DEPLOYING, (), 1, FIRST)
    stalled = conditions_of(TAKEN, first, 1, FIRST + timedelta(minutes=1))
    again = by_type(conditions_of(DEPLOYING, stalled, 1, LATER))
    assert again[READY].last_transition_time == FIRST
    assert again[RECONCILING].last_transition_time == LATER


def test_times_are_whole_seconds_of_utc() -> None:
    local = datetime(2026, 5, 1, 14, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    (ready,) = conditions_of(RUNNING, (), 1, local)
    assert ready.last_transition_time == FIRST
    assert ready.last_transition_time.utcoffset() == timedelta(0)


def test_conditions_of_others_stay_as_they_are() -> None:
    foreign = Condition(
        type="example.org/Billed", status="True", last_transition_time=FIRST, reason="Paid", message="m"
    )
    before = (foreign, *conditions_of(DEPLOYING, (), 1, FIRST))
    after = conditions_of(RUNNING, before, 2, LATER)
    assert by_type(after) == {READY: by_type(after)[READY], "example.org/Billed": foreign}


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_one_that_the_resource_can_hold(reason: Reason) -> None:
    for standing in (at_work(reason, "m"), needs_person(reason, "m")):
        for condition in conditions_of(standing, (), 1, FIRST):
            assert condition.reason == reason.value
