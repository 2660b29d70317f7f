"""How a state is kept: as one whole number, made of the places of its parts in tables of all that were met.

This is collapse compression, as in SPIN: two states are the same if and only if their numbers are.
"""

from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

Part = TypeVar("Part", bound=Hashable)
BITS = 24
MASK = (1 << BITS) - 1


class Table(Generic[Part]):
    """All values that a part of the state has had."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._numbers: dict[Part, int] = {}

    def __getitem__(self, number: int) -> Part:
        return self._parts[number]

    def number(self, part: Part) -> int:
        """Return the number of a part."""
        number = self._numbers.setdefault(part, len(self._parts))
        if number == len(self._parts):
            self._parts.append(part)
        return number


class State(NamedTuple):
    """A state, as the numbers of its parts."""

    customers: tuple[int, int]
    secrets: int
    backend: int
    budget: int
    processes: tuple[int, int]


def packed(state: State) -> int:
    """Return the number of a state."""
    (c0, c1), secrets, backend, budget, (p0, p1) = state
    number = c0
    for each in (c1, secrets, backend, budget, p0, p1):
        number = number << BITS | each
    return number


def unpacked(number: int) -> State:
    """Return the state of a number."""
    parts = [number >> BITS * place & MASK for place in range(6, -1, -1)]
    return State((parts[0], parts[1]), parts[2], parts[3], parts[4], (parts[5], parts[6]))
