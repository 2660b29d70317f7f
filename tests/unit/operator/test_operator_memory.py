"""What a process remembers of resources: first sightings, polls, what the watch told, and its own writes."""

from dataclasses import dataclass

import pytest

from pds_contract.resource import SERVICE_ID_ANNOTATION, Metadata, PdsProvision
from pds_operator.reconciler.sightings import Sightings
from pds_operator.reconciler.watched import Watched
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


def test_an_event_no_newer_than_our_own_write_is_no_news() -> None:
    watched = Watched()
    assert watched.saw(version(1))
    watched.wrote(version(99))
    assert not watched.saw(version(98))
    assert not watched.saw(version(99))
    assert watched.saw(version(100)), "versions are numbers: 100 is newer than 99"
    assert watched.saw(version(99, "b"))


def test_our_newest_write_counts() -> None:
    watched = Watched()
    watched.wrote(version(5))
    watched.wrote(version(8))
    assert not watched.saw(version(7))


def test_one_that_waits_for_its_first_visit_is_to_deploy_unless_it_brings_its_id() -> None:
    watched, new = Watched(), version(1)
    watched.saw(new)
    assert watched.unvisited("a") == new.metadata.uid
    adopted = new.metadata.model_copy(update={"annotations": {SERVICE_ID_ANNOTATION: "4711"}, "resource_version": "2"})
    watched.saw(new.model_copy(update={"metadata": adopted}))
    assert watched.unvisited("a") is None


def test_a_resource_is_known_from_the_watch_until_a_visit_finds_it_gone() -> None:
    watched = Watched()
    assert "a" not in watched
    watched.wrote(version(5))
    assert "a" not in watched, "a write tells the sweep nothing"
    watched.add("a")
    assert "a" in watched
    watched.forget("a")
    watched.forget("unknown")
    assert "a" not in watched
    assert watched.saw(version(4)), "one that comes back is new"
