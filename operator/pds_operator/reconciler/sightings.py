"""What this process remembers of a resource between visits; all of it may be lost at any time."""

from collections.abc import Callable
from dataclasses import dataclass, field

MOST_SIGHTINGS = 8


@dataclass
class _Memory:
    seen: dict[str, float] = field(default_factory=dict)
    polls: int = 0


class Sightings:
    """When this process first saw an open claim or an earlier resource's reservation, and how often it has polled.

    Args:
        clock: Seconds, on a clock that runs on through suspension.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._memories: dict[str, _Memory] = {}

    def seen_for(self, name: str, what: str) -> float:
        """Return for how many seconds this process has seen a claim's id or a reservation's uid; from now on it has."""
        seen = self._memories.setdefault(name, _Memory()).seen
        return self._clock() - seen.setdefault(what, self._clock())

    def unsee(self, name: str, what: str) -> None:
        """Forget one sighting."""
        memory = self._memories.get(name)
        if memory:
            memory.seen.pop(what, None)

    def polls(self, name: str) -> int:
        """Return how many visits in a row ended with the service not settled, or with a failure."""
        memory = self._memories.get(name)
        return memory.polls if memory else 0

    def polled(self, name: str) -> None:
        """Count one more."""
        self._memories.setdefault(name, _Memory()).polls += 1

    def moved(self, name: str) -> None:
        """Begin counting anew, and forget the oldest sightings, of which one that never settles has ever more.

        What is forgotten in vain is waited for once more.
        """
        memory = self._memories.get(name)
        if memory:
            memory.polls = 0
            memory.seen = dict(list(memory.seen.items())[-MOST_SIGHTINGS:])

    def forget(self, name: str) -> None:
        """Drop everything about a resource."""
        self._memories.pop(name, None)
