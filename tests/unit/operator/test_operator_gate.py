"""The gate that deploys pass."""

from dataclasses import dataclass, field

import pytest

from pds_contract.conditions import Reason
from pds_operator.limits.gate import HOUR, SOONEST, Gate
from pds_operator.protocol.facts import Held
from pds_operator.protocol.policy import PERSON_LOOK


@dataclass
class Bench:
    """A gate with a clock to turn, and whom it called."""

    at_once: int = 2
    per_hour: int = 0
    paused: bool = False
    now: float = 1000.0
    called: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate = Gate(
            at_once=self.at_once,
            per_hour=self.per_hour,
            paused=self.paused,
            clock=lambda: self.now,
            wake=self.called.append,
        )

    def visit(self, name: str) -> None:
        """A visit that needs no place."""
        self.gate.visited(name)
        self.gate.leave(name)

    def held(self) -> Held:
        held = self.gate.held()
        assert held is not None, "expected that no deploy may begin"
        return held


def test_so_many_at_once_and_no_more() -> None:
    gate = Bench(at_once=2).gate
    assert [gate.enter(name) for name in "abc"] == [True, True, False]


def test_one_that_is_inside_stays_there() -> None:
    gate = Bench(at_once=1).gate
    assert gate.enter("a")
    assert gate.enter("a")
    assert not gate.enter("b")


def test_those_who_wait_are_called_in_the_order_in_which_they_came() -> None:
    bench = Bench(at_once=1)
    for name in "abcd":
        bench.gate.enter(name)
    bench.gate.enter("b")  # asking again loses nobody's place in the queue
    for name in "abcd":
        bench.visit(name)
    assert bench.called == ["b", "c", "d"]


def test_whoever_was_called_finds_room_though_others_came_first() -> None:
    bench = Bench(at_once=1)
    bench.gate.enter("a")
    bench.gate.enter("b")
    bench.gate.leave("a")
    assert not bench.gate.enter("newcomer")
    assert bench.gate.enter("b")


def test_one_that_was_called_and_needs_no_place_any_more_keeps_nobody_waiting() -> None:
    """Its resource was deleted, suspended or adopted meanwhile, so that its visit ends without entering."""
    bench = Bench(at_once=1)
    for name in "abc":
        bench.gate.enter(name)
    bench.gate.leave("a")
    bench.visit("b")
    assert bench.called == ["b", "c"]


def test_a_place_that_is_handed_over_during_a_visit_is_kept_for_the_next() -> None:
    """It found the gate full, and is still saying so while its turn comes."""
    bench = Bench(at_once=1)
    for name in "abc":
        bench.gate.enter(name)
    bench.gate.leave("a")
    bench.gate.leave("b")
    assert bench.called == ["b"]
    bench.gate.visited("b")
    assert bench.gate.enter("b")
    bench.gate.leave("b")
    assert bench.called == ["b", "c"]


def test_one_that_waits_and_ends_its_visit_keeps_its_ticket_and_calls_nobody() -> None:
    bench = Bench(at_once=1)
    bench.gate.enter("a")
    bench.gate.enter("b")
    bench.gate.leave("b")
    bench.gate.leave("stranger")
    assert bench.called == []
    bench.gate.leave("a")
    assert bench.called == ["b"]


def test_each_place_calls_one() -> None:
    bench = Bench(at_once=2)
    for name in "abcd":
        bench.gate.enter(name)
    bench.gate.leave("a")
    bench.gate.leave("a")
    assert bench.called == ["c"]


def test_paused_holds_every_deploy() -> None:
    held = Bench(paused=True).held()
    assert (held.reason, held.retry_in) == (Reason.DEPLOYS_PAUSED, PERSON_LOOK)
    assert "PDS_DEPLOY_PAUSED" in held.message


def test_nothing_is_held_without_a_limit() -> None:
    bench = Bench(per_hour=0)
    for _ in range(5000):
        bench.gate.begin()
    assert bench.gate.held() is None


def test_so_many_begin_within_any_hour() -> None:
    bench = Bench(per_hour=2)
    for _ in range(2):
        assert bench.gate.held() is None
        bench.gate.begin()
        bench.now += 600.0
    held = bench.held()
    assert (held.reason, held.retry_in) == (Reason.DEPLOY_LIMIT_REACHED, HOUR - 1200.0)
    assert "PDS_MAX_DEPLOYS_PER_HOUR" in held.message
    bench.now += HOUR - 1200.0
    assert bench.gate.held() is None, "the first began an hour ago"
    bench.gate.begin()
    assert bench.held().retry_in == 600.0, "now the second counts"


@pytest.mark.parametrize("left", [0.01, 0.9])
def test_a_held_deploy_never_asks_in_a_spin(left: float) -> None:
    bench = Bench(per_hour=1)
    bench.gate.begin()
    bench.now += HOUR - left
    assert bench.held().retry_in == SOONEST


def test_a_limit_says_the_same_however_long_it_lasts() -> None:
    bench = Bench(per_hour=1)
    bench.gate.begin()
    first = bench.held().message
    bench.now += 1800.0
    assert bench.held().message == first
