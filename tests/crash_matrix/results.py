"""What came of each cell."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from crash_matrix.cells import Cell, Table


class Came(StrEnum):
    """What came of a cell that is green, as the table shows it."""

    BY_ITSELF = "ok"
    ID_GIVEN = "id"
    ASKED_AGAIN = "ask"
    ONE_MORE = "+1"
    ONE_MORE_TOLD = "+1!"
    NOT_MET = "-"


LEGEND = {
    Came.BY_ITSELF: "one PDS, Ready by itself",
    Came.ID_GIVEN: "one PDS whose id was lost: a person was told, gave it, Ready",
    Came.ASKED_AGAIN: "no PDS was made: a person was told, looked, asked for a retry; then one PDS, Ready",
    Came.ONE_MORE: "one PDS too many, as this configuration allows for a lost answer; Ready",
    Came.ONE_MORE_TOLD: "the same, and a person was told of both (TwoServices)",
    Came.NOT_MET: "the exchange did not come in this run; one PDS, Ready",
}
RED = "RED"
MOST_NOT_MET = 0.05
"""Which share of the faults may never come to their exchange: looks at one who is settled already come or do not."""


@dataclass(frozen=True)
class Result:
    """One cell's result.

    Args:
        cell: Which one.
        came: What came of it, where all is well.
        hit: The exchange that the fault hit, if it came.
        problem: What is wrong, where it is red.
        history: All exchanges of the customer, where it is red.
    """

    cell: Cell
    came: Came | None
    hit: str | None = None
    problem: str | None = None
    history: Sequence[str] = ()


@dataclass
class Results:
    """The results of all cells so far.

    Args:
        rows: What each table's exchanges are, from the first, as a run without the fault has them.
        first: The number of each table's first exchange that meets faults.
        results: What came of the cells.
        planned: How many cells are known to be run.
    """

    rows: dict[Table, list[str]] = field(default_factory=dict)
    first: dict[Table, int] = field(default_factory=dict)
    results: dict[Cell, Result] = field(default_factory=dict)
    planned: int = 0

    @property
    def red(self) -> list[Result]:
        """The results that are not as they should be."""
        return [result for result in self.results.values() if result.problem is not None]

    @property
    def holds(self) -> bool:
        """Whether all is well: cells ran, none is red, and nearly every fault came to its exchange."""
        missed = self.counts()[Came.NOT_MET]
        return bool(self.results) and not self.red and missed <= MOST_NOT_MET * len(self.results)

    def counts(self) -> Counter[Came]:
        """How often each end came about."""
        return Counter(result.came for result in self.results.values() if result.came is not None)

    def add(self, result: Result) -> None:
        """Note a result."""
        self.results[result.cell] = result
