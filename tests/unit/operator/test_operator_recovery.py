"""After an outage of the backend: who is called, when, in which order, and how many at once."""

from datetime import UTC, datetime, timedelta

import pytest

from pds_operator.limits.recovery import LATE_FAILURES, Recovery

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """A clock, and what was called: each name with its delay."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[tuple[str, float]] = []
        self.recovery = Recovery(lambda: self.now, lambda name, delay: self.calls.append((name, delay)))

    def fail(self, *names: str, retry_after: float = 0.0, turn: bool = False) -> None:
        """Let calls fail; a name's number says how many minutes after the begin it was made."""
        for name in names:
            since = BEGIN + timedelta(minutes=int(name))
            self.recovery.failed(name, since, retry_after, had_its_turn=turn)

    def called(self) -> list[str]:
        return [name for name, _ in self.calls]


@pytest.fixture
def world() -> World:
    return World()


def test_the_oldest_come_first_two_for_each_answer(world: World) -> None:
    world.fail("3", "1", "4", "2", "5")
    world.recovery.answered("9")
    assert world.called() == ["1", "2"]
    world.recovery.answered("1")
    assert world.called() == ["1", "2", "3", "4"]
    assert world.recovery.called("2")
    assert not world.recovery.called("5")
    world.recovery.answered("2")
    assert world.called() == ["1", "2", "3", "4", "5"]
    assert not world.recovery.called("2"), "its call has ended"
    world.recovery.answered("3")
    assert len(world.calls) == 5


def test_failures_of_few_are_no_outage(world: World) -> None:
    world.fail("1", "2", "1", "1")
    world.recovery.answered("9")
    world.fail("1", "2")
    world.recovery.answered("9")
    assert world.calls == []


def test_one_that_was_called_and_fails_again_is_not_called_for_it(world: World) -> None:
    world.fail("1", "2", "3")
    world.recovery.answered("9")
    world.fail("1", turn=True)
    assert not world.recovery.called("1")
    world.recovery.answered("2")
    world.recovery.answered("3")
    assert world.called() == ["1", "2", "3"]


def test_a_call_that_the_outage_had_caught_and_that_fails_late_gets_its_turn(world: World) -> None:
    world.fail("1", "2", "3")
    world.recovery.answered("9")
    world.now = LATE_FAILURES / 2
    world.fail("7")
    assert world.called() == ["1", "2", "7"]
    world.now = LATE_FAILURES + 1
    world.fail("8")
    assert "8" not in world.called(), "that is a failure of its own"


def test_the_backend_that_goes_away_again_is_called_no_more(world: World) -> None:
    world.fail("1", "2", "3", "4", "5", "6", "7")
    world.recovery.answered("9")
    world.fail("1", "2", "8")
    assert world.called() == ["1", "2"]
    world.recovery.answered("9")
    assert world.called() == ["1", "2", "1", "2"], "a second outage, a second turn"


def test_what_the_backend_asked_to_wait_is_waited(world: World) -> None:
    world.fail("1", "2", "3", retry_after=30.0)
    world.now = 10.0
    world.recovery.answered("9")
    assert world.calls == [("1", 20.0), ("2", 20.0)]


def test_one_that_is_served_or_gone_is_not_called(world: World) -> None:
    world.fail("1", "2", "3", "4")
    world.recovery.answered("1")
    world.recovery.forget("4")
    world.recovery.answered("2")
    world.recovery.answered("3")
    assert world.called() == ["2", "3"]


def test_one_that_is_called_while_its_visit_hangs_keeps_its_turn(world: World) -> None:
    """That visit began during the outage, and fails late."""
    world.fail("1", "2", "3")
    world.recovery.answered("9")
    assert world.called() == ["1", "2"]
    world.fail("1")
    assert world.recovery.called("1"), "the next visit is its turn"
    assert world.called() == ["1", "2"], "it has been called"
