"""What a process remembers of resources: first sightings, polls, and its own writes."""

from dataclasses import dataclass

import pytest

from pds_contract.resource import Metadata, PdsProvision
from pds_operator.reconciler.sightings import Sightings
from pds_operator.reconciler.written import WrittenVersions
from stages.protocol_stage import provision


@dataclass
class Clock:
    now: float = 500.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sightings(clock: Clock) -> Sightings:
    return Sightings(clock)


def test_a_claim_is_seen_from_the_first_look_on(sightings: Sightings, clock: Clock) -> None:
    assert sightings.seen_for("a", "claim") == 0.0
    clock.now += 7.5
    assert sightings.seen_for("a", "claim") == 7.5
    clock.now += 1.0
    assert sightings.seen_for("a", "claim") == 8.5


def test_each_claim_of_each_resource_is_seen_by_itself(sightings: Sightings, clock: Clock) -> None:
    sightings.seen_for("a", "claim")
    clock.now += 10.0
    assert sightings.seen_for("a", "another claim") == 0.0
    assert sightings.seen_for("b", "claim") == 0.0
    assert sightings.seen_for("a", "claim") == 10.0


def test_a_resource_that_is_forgotten_is_seen_anew(sightings: Sightings, clock: Clock) -> None:
    sightings.seen_for("a", "claim")
    sightings.polled("a")
    clock.now += 10.0
    sightings.forget("a")
    sightings.forget("unknown")
    assert (sightings.seen_for("a", "claim"), sightings.polls("a")) == (0.0, 0)


def test_polls_are_counted_until_something_moves(sightings: Sightings, clock: Clock) -> None:
    assert sightings.polls("a") == 0
    sightings.seen_for("a", "claim")
    sightings.polled("a")
    sightings.polled("a")
    assert (sightings.polls("a"), sightings.polls("b")) == (2, 0)
    clock.now += 3.0
    sightings.moved("a")
    sightings.moved("unknown")
    assert sightings.polls("a") == 0
    assert sightings.seen_for("a", "claim") == 3.0, "what was seen stays seen"


def version(number: int, name: str = "a") -> PdsProvision:
    metadata = Metadata(name=name, resource_version=str(number))
    return provision().model_copy(update={"metadata": metadata})


def test_an_event_no_newer_than_our_own_write_tells_nothing() -> None:
    written = WrittenVersions()
    assert not written.covers(version(1))
    written.note(version(99))
    assert written.covers(version(98))
    assert written.covers(version(99))
    assert not written.covers(version(100)), "versions are numbers: 100 is newer than 99"
    assert not written.covers(version(99, "b"))


def test_our_newest_write_counts() -> None:
    written = WrittenVersions()
    written.note(version(5))
    written.note(version(8))
    assert written.covers(version(7))


def test_a_resource_that_was_deleted_is_new_when_it_comes_back() -> None:
    written = WrittenVersions()
    written.note(version(5))
    written.forget("a")
    written.forget("unknown")
    assert not written.covers(version(4))
