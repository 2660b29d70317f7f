"""The circuit that rejected credentials open."""

from dataclasses import dataclass, field

import pytest

from pds_contract.errors import CredentialsRejected
from pds_operator.limits.circuit import FIRST_WAIT, LONGEST_WAIT, Circuit


@dataclass
class Bench:
    """A circuit with a clock and a token to turn, and whom it woke."""

    now: float = 1000.0
    token: str = "old"
    woken: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.circuit = Circuit(lambda: self.now, lambda: self.token, self.woken.append)

    def passes(self, key: str) -> bool:
        try:
            self.circuit.enter(key)
        except CredentialsRejected:
            return False
        return True


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def opened(bench: Bench) -> Bench:
    bench.circuit.rejected("a", 401)
    return bench


def test_it_lets_everyone_through_at_first(bench: Bench) -> None:
    assert all(bench.passes(key) for key in "abc")
    assert not bench.circuit.open


def test_a_401_opens_it_for_all_at_once(opened: Bench) -> None:
    assert opened.circuit.open
    assert not any(opened.passes(key) for key in "abc")


def test_a_403_opens_it_only_after_three_different_resources(bench: Bench) -> None:
    for key in "aabb":
        bench.circuit.rejected(key, 403)
        assert not bench.circuit.open, "one customer's 403 may be about that customer"
    bench.circuit.rejected("c", 403)
    assert bench.circuit.open


def test_an_accepted_call_begins_the_row_of_403_anew(bench: Bench) -> None:
    for key in "ab":
        bench.circuit.rejected(key, 403)
    bench.circuit.accepted("d")
    for key in "cd":
        bench.circuit.rejected(key, 403)
    assert not bench.circuit.open


def test_half_open_another_resource_goes_through_and_only_one(opened: Bench) -> None:
    opened.now += FIRST_WAIT
    assert not opened.passes("a"), "the one that was rejected may be the only one that is"
    assert opened.passes("b")
    assert opened.passes("b"), "a trial may call more than once"
    assert not opened.passes("c")


def test_the_one_that_was_rejected_tries_later(opened: Bench) -> None:
    opened.now += 2 * FIRST_WAIT - 0.1
    assert not opened.passes("a")
    opened.now += 0.1
    assert opened.passes("a"), "it may be the only resource there is"


def test_a_token_that_changed_is_tried_at_once(opened: Bench) -> None:
    opened.token = "new"
    assert opened.passes("a")
    assert not opened.passes("b")


def test_a_token_that_changed_and_is_rejected_too_is_waited_out(opened: Bench) -> None:
    opened.token = "new"
    assert opened.passes("b")
    opened.circuit.rejected("b", 401)
    assert not any(opened.passes(key) for key in "abc")


def test_an_accepted_trial_closes_it_and_wakes_all_that_waited(opened: Bench) -> None:
    for key in "bcd":
        assert not opened.passes(key)
    opened.now += FIRST_WAIT
    assert opened.passes("b")
    opened.circuit.accepted("b")
    assert not opened.circuit.open
    assert opened.woken == [["c", "d"]], "the trial itself goes on by itself"
    assert all(opened.passes(key) for key in "abcd")


def test_it_wakes_those_who_waited_once(opened: Bench) -> None:
    assert not opened.passes("b")
    opened.now += 30.0
    assert opened.passes("c")
    opened.circuit.accepted("c")
    opened.circuit.rejected("a", 401)
    opened.now += 30.0
    assert opened.passes("c")
    opened.circuit.accepted("c")
    assert opened.woken == [["b"], []]


def test_an_answer_to_a_call_from_before_it_opened_closes_nothing(opened: Bench) -> None:
    opened.circuit.accepted("b")
    assert opened.circuit.open
    assert not opened.passes("b")


def test_a_rejected_trial_doubles_the_wait_up_to_ten_minutes(opened: Bench) -> None:
    waits = []
    for key in "bcbcbcb":
        before = opened.now
        while not opened.passes(key):
            opened.now += 1.0
        waits.append(opened.now - before)
        opened.circuit.rejected(key, 401)
    assert waits == [30.0, 60.0, 120.0, 240.0, 480.0, LONGEST_WAIT, LONGEST_WAIT]


def test_calls_that_were_under_way_when_it_opened_lengthen_nothing(bench: Bench) -> None:
    for key in "abcdef":
        assert bench.passes(key)
    for key in "abcdef":
        bench.circuit.rejected(key, 401)
    bench.now += FIRST_WAIT
    assert bench.passes("b")
    bench.circuit.rejected("f", 401)
    assert bench.passes("b"), "only its own answer ends a trial"


def test_it_is_the_token_that_was_sent_which_was_rejected(bench: Bench) -> None:
    assert bench.passes("a")
    bench.token = "new"
    bench.circuit.rejected("a", 401)
    assert bench.passes("b"), "the new token has not been tried yet"


def test_a_403_of_a_trial_keeps_it_open(opened: Bench) -> None:
    opened.now += FIRST_WAIT
    assert opened.passes("b")
    opened.circuit.rejected("b", 403)
    assert not any(opened.passes(key) for key in "abc")


def test_a_trial_that_reached_no_verdict_makes_room(opened: Bench) -> None:
    opened.now += FIRST_WAIT
    assert opened.passes("b")
    opened.circuit.gave_up("c")
    assert not opened.passes("c"), "only the trial itself can give up"
    opened.circuit.gave_up("b")
    assert opened.passes("c")


@pytest.mark.parametrize("waited", [0.0, 10.0, 29.9, 45.0, 59.0])
def test_whoever_is_turned_away_comes_back_soon_enough_to_notice_a_new_token(opened: Bench, waited: float) -> None:
    opened.now += waited
    with pytest.raises(CredentialsRejected) as caught:
        opened.circuit.enter("a")
    assert caught.value.retry_after is not None
    assert 1.0 <= caught.value.retry_after <= FIRST_WAIT
    assert "old" not in str(caught.value), "no token in a message"
    assert "old" not in repr(opened.circuit)


def test_one_that_was_never_rejected_tries_before_all_that_were(bench: Bench) -> None:
    for key in "abc":
        assert bench.passes(key)
        bench.circuit.rejected(key, 403)
    assert not bench.passes("new")
    bench.now += FIRST_WAIT
    assert not bench.passes("a")
    assert not bench.passes("b")
    assert bench.passes("new"), "it waits for its turn, and is the only one that has not been rejected"


def test_where_deploys_are_rejected_only_a_deploy_closes_it(bench: Bench) -> None:
    """A token may be good for looking alone."""
    assert bench.passes("a")
    bench.circuit.accepted("a")
    bench.circuit.rejected("a", 401, deploy=True)
    assert not bench.passes("b")
    bench.now += FIRST_WAIT
    assert bench.passes("b")
    bench.circuit.accepted("b")
    assert bench.circuit.open, "its probe was answered, and says nothing of its deploy"
    bench.circuit.accepted("b", deploy=True)
    assert not bench.circuit.open


def test_probes_that_are_answered_do_not_hide_that_deploys_are_forbidden(bench: Bench) -> None:
    for key in "abc":
        assert bench.passes(key)
        bench.circuit.accepted(key)
        bench.circuit.rejected(key, 403, deploy=True)
    assert bench.circuit.open
