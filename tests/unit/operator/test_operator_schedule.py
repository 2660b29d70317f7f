"""When a resource is looked at again."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pds_operator.protocol.policy import POLL_BASE, POLL_CAP, RETRY_CAP
from pds_operator.protocol.schedule import QUIET_START, first_look, is_settled, jittered, poll_delay, retry_delay
from stages.protocol_stage import (
    HOSTNAME,
    NOW,
    PROBE,
    READY_NOW,
    after,
    condition,
    open_claim,
    provision,
    seen,
)

chances = st.floats(0, 1)
tries = st.integers(1, 2**31 - 1)
MIDDLE = 0.5
"""The chance at which a delay is not spread."""


@given(st.floats(0, 1e6), chances)
def test_a_delay_is_spread_by_a_fifth_at_most(seconds: float, chance: float) -> None:
    assert 0.8 * seconds <= jittered(seconds, chance) <= 1.2 * seconds + 1e-6


@given(tries, chances)
def test_a_retrys_delay_is_bounded_by_the_cap_and_the_jitter(attempts: int, chance: float) -> None:
    assert 0.8 * PROBE.retry_base <= retry_delay(attempts, PROBE, chance) <= 1.2 * RETRY_CAP + 1e-6


@given(st.integers(1, 2**31 - 2))
def test_a_retrys_delay_doubles_up_to_ten_minutes(attempts: int) -> None:
    now, following = retry_delay(attempts, PROBE, MIDDLE), retry_delay(attempts + 1, PROBE, MIDDLE)
    assert following == pytest.approx(min(2 * now, 600.0))


def test_the_first_retry_comes_after_the_base() -> None:
    assert retry_delay(1, PROBE, MIDDLE) == PROBE.retry_base


@given(st.integers(0, 2**31), chances)
def test_a_polls_delay_is_bounded_by_the_cap_and_the_jitter(polls: int, chance: float) -> None:
    assert 0.8 * POLL_BASE <= poll_delay(polls, PROBE, chance) <= 1.2 * POLL_CAP + 1e-6


@given(st.integers(0, 2**31))
def test_a_polls_delay_doubles_up_to_a_minute(polls: int) -> None:
    now, following = poll_delay(polls, PROBE, MIDDLE), poll_delay(polls + 1, PROBE, MIDDLE)
    assert following == pytest.approx(min(2 * now, 60.0))


RUNNING = {"service_id": 800, "hostname": HOSTNAME, "conditions": (READY_NOW,)}


@pytest.mark.parametrize(
    ("status", "resource", "expected"),
    [
        (RUNNING, {}, True),
        (RUNNING, {"generation": 2}, False),
        (RUNNING, {"retry": "now"}, False),
        ({**RUNNING, "claim": open_claim()}, {}, False),
        ({**RUNNING, "conditions": ()}, {}, False),
        ({**RUNNING, "conditions": (condition("Ready", "False", "Provisioning"),)}, {}, False),
    ],
)
def test_only_what_is_ready_and_has_nothing_open_is_settled(
    status: dict[str, Any], resource: dict[str, Any], *, expected: bool
) -> None:
    assert is_settled(provision(seen(**status), **resource)) == expected


@given(chances)
def test_settled_resources_are_spread_over_the_time_between_two_looks(chance: float) -> None:
    look = first_look(provision(seen(**RUNNING)), NOW, PROBE, chance)
    assert look is not None
    assert QUIET_START * (1 - chance) <= look <= PROBE.poll_ready
    assert look >= PROBE.poll_ready * chance


def test_settled_resources_are_left_alone_for_the_first_half_minute_of_a_restart() -> None:
    assert first_look(provision(seen(**RUNNING)), NOW, PROBE, 0.0) == QUIET_START
    quick = replace(PROBE, poll_ready=0.3)
    assert first_look(provision(seen(**RUNNING)), NOW, quick, 0.0) == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("status", "resource", "expected"),
    [
        ({}, {}, 0.0),
        ({"next_attempt_time": after(300)}, {}, 300.0),
        ({"next_attempt_time": after(-300)}, {}, 0.0),
        ({"next_attempt_time": after(10**8)}, {}, 0.0),  # by a clock that was wrong
        ({"next_attempt_time": after(300)}, {"generation": 2}, 0.0),
        ({"next_attempt_time": after(300)}, {"retry": "now"}, 0.0),
        ({"claim": open_claim()}, {}, 0.0),
        (RUNNING, {"generation": 2}, 0.0),
        ({"phase": "deploy_succeeded_no_id"}, {}, 0.0),
    ],
)
def test_what_is_not_settled_is_found_from_its_status(
    status: dict[str, Any], resource: dict[str, Any], expected: float
) -> None:
    assert first_look(provision(seen(**status), **resource), NOW, PROBE, MIDDLE) == expected


def test_a_resource_that_nobody_has_looked_at_is_looked_at_now() -> None:
    assert first_look(provision(), NOW, PROBE, MIDDLE) == 0.0


@pytest.mark.parametrize("status", [{}, RUNNING, {"claim": open_claim()}])
def test_one_that_is_being_deleted_is_not_looked_at(status: dict[str, Any]) -> None:
    assert first_look(provision(seen(**status), deleted=NOW), NOW, PROBE, MIDDLE) is None
