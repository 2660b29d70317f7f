"""After an outage of the backend: who has waited longest comes first, and nobody waits for a back-off grown long.

While it lasts each resource keeps its own back-off, which bounds the calls. Once a call is answered again, those that
met the outage are called in the order of their age: at most two for each answer, so that a backend that is only just
back is called more only while it answers, and the gate bounds the rest.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime

IN_A_ROW = 3
"""Failures of so many different resources, with no answer in between, are an outage."""
CALLED_BY_AN_ANSWER = 2
LATE_FAILURES = 15.0
"""For so many seconds after the first answer, calls may still fail that the outage had caught."""


class Recovery:
    """Remembers whom an outage keeps waiting.

    Args:
        clock: Seconds, monotonic.
        wake: Called with the name of a resource whose turn it is, and the seconds that it has still been asked to wait.
    """

    def __init__(self, clock: Callable[[], float], wake: Callable[[str, float], None]) -> None:
        self._clock = clock
        self._wake = wake
        self._failed: dict[str, tuple[datetime, float]] = {}
        self._in_a_row: set[str] = set()
        self._down = False
        self._back_since = float("-inf")
        self._turns: deque[str] = deque()
        self._called: set[str] = set()

    def failed(self, name: str, since: datetime, retry_after: float, *, had_its_turn: bool) -> None:
        """Note that a call for a resource got no usable answer.

        Args:
            name: The resource.
            since: Since when it has been waiting.
            retry_after: For how many seconds the backend asked it to wait; 0 where it did not ask.
            had_its_turn: Whether its visit began after it was called; one that the outage had caught did not.
        """
        if had_its_turn:
            self._called.discard(name)
        self._failed[name] = (since, self._clock() + retry_after)
        self._in_a_row.add(name)
        self._down = self._down or len(self._in_a_row) >= IN_A_ROW
        caught = not had_its_turn and name not in self._called
        if not self._down and caught and self._clock() - self._back_since < LATE_FAILURES:
            self._call(name)

    def answered(self, name: str) -> None:
        """Note that a call was answered, and call those whose turn it is."""
        self.forget(name)
        self._in_a_row.clear()
        if self._down:
            self._down = False
            self._back_since = self._clock()
            self._turns = deque(sorted(self._failed, key=lambda each: self._failed[each]))
        calls = CALLED_BY_AN_ANSWER
        while self._turns and calls:
            following = self._turns.popleft()
            if following in self._failed:  # else it came by itself meanwhile
                self._call(following)
                calls -= 1

    def called(self, name: str) -> bool:
        """Tell whether a resource was called, and its call has not ended yet: then its back-off is over."""
        return name in self._called

    def took_turn(self, name: str) -> None:
        """Note that the visit is over to which a resource was called."""
        self._called.discard(name)

    def forget(self, name: str) -> None:
        """Forget a resource that waits for the backend no more."""
        self._failed.pop(name, None)
        self._called.discard(name)

    def _call(self, name: str) -> None:
        self._called.add(name)
        self._wake(name, max(0.0, self._failed[name][1] - self._clock()))
