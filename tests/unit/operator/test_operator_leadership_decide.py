"""What a participant in the election does about the Lease as it has read it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pds_clients.leases import Lease
from pds_operator.leadership.decide import (
    Lost,
    Sighting,
    Take,
    Timing,
    Wait,
    decide,
    see,
    terms_of_holder,
    terms_of_nobody,
)

TIMING = Timing(15.0)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
THEIRS = Lease("7", "b", 15, "2026-11-23T11:00:00.000000Z", "2026-11-23T11:59:59.000000Z", 3)
OURS = replace(THEIRS, holder="a")
NOBODYS = replace(THEIRS, holder="", duration=1)


def test_the_proportions_are_those_of_kubernetes_own_components() -> None:
    assert (TIMING.duration, TIMING.renew_deadline, TIMING.renew_period) == (15, 10.0, 2.0)
    assert TIMING.retry_period == 1.0
    assert TIMING.call_timeout < TIMING.renew_deadline


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0, 1.5, 15.0, 3600.0])
def test_in_every_lease_a_call_can_be_made_twice_before_the_holder_gives_up(seconds: float) -> None:
    timing = Timing(seconds)
    assert 2 * timing.call_timeout <= timing.renew_deadline < seconds <= timing.duration
    assert timing.renew_period + timing.call_timeout < timing.renew_deadline
    assert timing.retry_period <= 1.0


@pytest.mark.parametrize("lease", [None, NOBODYS, OURS], ids=["none there", "nobody's", "ours by a lost answer"])
def test_a_free_lease_is_taken_at_once(lease: Lease | None) -> None:
    assert decide(Sighting(lease, since=100.0), "a", None, 100.0, TIMING) == Take()


def test_anothers_lease_is_waited_out_from_when_it_was_seen_whatever_its_times_say() -> None:
    long_ago = replace(THEIRS, renewed="2001-01-01T00:00:00.000000Z")
    assert decide(Sighting(long_ago, since=100.0), "a", None, 100.0, TIMING) == Wait("b", 15.0)
    assert decide(Sighting(long_ago, since=100.0), "a", None, 114.5, TIMING) == Wait("b", 0.5)
    assert decide(Sighting(long_ago, since=100.0), "a", None, 115.0, TIMING) == Take()


def test_the_duration_that_counts_is_the_holders() -> None:
    longer = Sighting(replace(THEIRS, duration=60), since=100.0)
    assert decide(longer, "a", None, 130.0, TIMING) == Wait("b", 30.0)
    unsaid = Sighting(replace(THEIRS, duration=0), since=100.0)
    assert decide(unsaid, "a", None, 110.0, TIMING) == Wait("b", 5.0)


@pytest.mark.parametrize("lease", [OURS, NOBODYS, None], ids=["ours", "emptied by a person", "deleted by a person"])
def test_a_leader_renews_what_nobody_else_has(lease: Lease | None) -> None:
    assert decide(Sighting(lease, since=100.0), "a", 110.0, 109.9, TIMING) == Take()


def test_a_leader_that_could_not_renew_in_time_has_lost_though_nobody_took_it() -> None:
    assert isinstance(decide(Sighting(OURS, since=100.0), "a", 110.0, 110.0, TIMING), Lost)


def test_a_leader_never_takes_the_lease_back_though_it_has_run_out() -> None:
    lost = decide(Sighting(THEIRS, since=0.0), "a", 1000.0, 999.0, TIMING)
    assert lost == Lost("b has taken the Lease")


def test_a_renewal_begins_the_wait_anew_and_a_label_does_not() -> None:
    first = see(None, THEIRS, 100.0)
    labelled = replace(THEIRS, resource_version="8")
    second = see(first, labelled, 101.0)
    assert second == Sighting(labelled, since=100.0)
    renewed = replace(THEIRS, resource_version="9", renewed="2026-11-23T12:00:01.000000Z")
    assert see(second, renewed, 102.0).since == 102.0
    assert see(second, None, 103.0) == Sighting(None, since=103.0)


def test_what_is_written_tells_of_each_change_of_hands() -> None:
    first = terms_of_holder(None, "a", NOON, TIMING)
    assert (first.holder, first.duration, first.acquired, first.renewed, first.transitions) == ("a", 15, NOON, NOON, 0)
    renewal = terms_of_holder(OURS, "a", NOON, TIMING)
    assert (renewal.acquired, renewal.renewed, renewal.transitions) == (None, NOON, 3)
    for taken in (terms_of_holder(THEIRS, "a", NOON, TIMING), terms_of_holder(NOBODYS, "a", NOON, TIMING)):
        assert (taken.holder, taken.acquired, taken.transitions) == ("a", NOON, 4)
    released = terms_of_nobody(OURS, NOON)
    assert (released.holder, released.duration, released.transitions) == ("", 1, 3)


def test_a_fraction_is_written_as_the_next_whole_second() -> None:
    assert terms_of_holder(None, "a", NOON, Timing(0.4)).duration == 1
    assert terms_of_holder(None, "a", NOON, Timing(1.5)).duration == 2
