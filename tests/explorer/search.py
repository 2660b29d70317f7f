"""The search: breadth first through every interleaving, so that each counterexample is a shortest one."""

import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

from explorer.encoding import packed, unpacked
from explorer.interleaving import Interleaving, Step
from explorer.promises import STUCK
from explorer.scenario import Scenario

REPORT_EVERY = 250_000
INDEX = "I"
"""The type of arrays of states' places: four bytes each."""


@dataclass(frozen=True)
class Result:
    """What a search has found.

    Args:
        states: How many states were seen.
        seconds: How long it took.
        broken: The promise that is broken; "" where all hold.
        trace: A shortest way to that, a line for each step.
        complete: Whether every state was seen, or a broken promise found before.
    """

    states: int
    seconds: float
    broken: str = ""
    trace: tuple[str, ...] = ()
    complete: bool = True


@dataclass
class _Seen:
    """The states in the order in which they were found, from where, and which lead where without a fault."""

    states: list[int]
    places: dict[int, int]
    parents: "array[int]" = field(default_factory=lambda: array(INDEX, [0]))
    sources: "array[int]" = field(default_factory=lambda: array(INDEX))
    targets: "array[int]" = field(default_factory=lambda: array(INDEX))

    def place_of(self, state: int, parent: int) -> int:
        """Return the place of a state that was reached from another."""
        place = self.places.setdefault(state, len(self.states))
        if place == len(self.states):
            self.states.append(state)
            self.parents.append(parent)
        return place

    def way_to(self, place: int) -> list[int]:
        """Return the states from the first one on."""
        way = [self.states[place]]
        while place:
            place = self.parents[place]
            way.append(self.states[place])
        return way[::-1]


class Search:
    """One scenario's search.

    Args:
        scenario: What is searched.
        promise: The only promise that is looked at; "": all of them.
    """

    def __init__(self, scenario: Scenario, promise: str = "") -> None:
        self._scenario = scenario
        self._promise = promise
        self._world = Interleaving(scenario)
        first = packed(self._world.usual(self._world.first()))
        self._seen = _Seen([first], {first: 0})

    def run(self, limit: int, progress: Callable[[int], None] | None = None) -> Result:
        """Search until a promise is broken, everything was seen, or so many states were."""
        began, seen = time.perf_counter(), self._seen
        found, trace, place = "", tuple[str, ...](), 0
        while place < len(seen.states) <= limit and not found:
            found = self._goes_on_from(place)
            place += 1
            if progress and place % REPORT_EVERY == 0:
                progress(len(seen.states))
        complete = bool(found) or place == len(seen.states)
        if found:
            trace = self._trace(place - 1, found)
        elif complete and self._scenario.lively and self._promise in {"", STUCK}:
            stuck = self._first_stuck()
            if stuck is not None:
                found, trace = STUCK, self._trace(stuck, STUCK)
        return Result(len(seen.states), time.perf_counter() - began, found, trace, complete)

    def _goes_on_from(self, place: int) -> str:
        """Take every step from a state; return the promise that one of them breaks."""
        seen = self._seen
        for step in self._world.steps(unpacked(seen.states[place])):
            if step.broken and self._promise in {"", step.broken}:
                return step.broken
            target = seen.place_of(self._number(step), place)
            if not step.fault and self._scenario.lively and target != place:
                seen.sources.append(place)
                seen.targets.append(target)
        return ""

    def _number(self, step: Step) -> int:
        return packed(self._world.usual(step.to))

    def _first_stuck(self) -> int | None:
        """Return the first state from which no good end can be reached without another fault."""
        seen = self._seen
        lively, todo = bytearray(len(seen.states)), array(INDEX)
        for place, state in enumerate(seen.states):
            if self._world.good(unpacked(state)):
                lively[place] = 1
                todo.append(place)
        starts, order = _by_target(len(seen.states), seen.targets)
        while todo:
            target = todo.pop()
            for position in range(starts[target], starts[target + 1]):
                source = seen.sources[order[position]]
                if not lively[source]:
                    lively[source] = 1
                    todo.append(source)
        stuck = lively.find(0)
        return stuck if stuck >= 0 else None

    def _trace(self, place: int, broken: str) -> tuple[str, ...]:
        """Walk to a state again, with the two operators told apart, and say each step."""
        lines, state = list[str](), self._world.first()
        for number in self._seen.way_to(place)[1:]:
            step = next(each for each in self._world.steps(state) if self._number(each) == number)
            lines.append(step.words)
            state = step.to
        last = next((each.words for each in self._world.steps(state) if each.broken == broken), "nothing helps")
        return (*lines, f"{last}: {broken}")


def _by_target(count: int, targets: "array[int]") -> tuple["array[int]", "array[int]"]:
    """Sort edges by where they lead: the start of each state's share, and the edges' places."""
    starts = array(INDEX, bytes(array(INDEX).itemsize * (count + 1)))
    for target in targets:
        starts[target + 1] += 1
    for place in range(count):
        starts[place + 1] += starts[place]
    free = starts[:]
    order = array(INDEX, bytes(array(INDEX).itemsize * len(targets)))
    for edge, target in enumerate(targets):
        order[free[target]] = edge
        free[target] += 1
    return starts, order
