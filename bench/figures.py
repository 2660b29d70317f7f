"""A figure: what was measured in each round, its floor in the same round, and the target it is held to."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Spread:
    """Numbers of several rounds: the one in the middle, and how far apart they are."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> "Spread":
        """Sum the rounds up."""
        return cls(statistics.median(numbers), min(numbers), max(numbers))


class Side(Enum):
    """What of a figure a target is about: a median over the rounds."""

    VALUE = "{}"
    RATIO = "{} x floor"
    EXCESS = "floor + {}"
    """The value less the floor."""


@dataclass(frozen=True)
class Target:
    """A limit that a figure is held to. Made by ``at_most`` and ``at_least``."""

    side: Side
    limit: float
    sign: str

    def __str__(self) -> str:
        """Return the target as the table shows it, without the unit."""
        return f"{self.sign} {self.side.value.format(f'{self.limit:g}')}"

    def met_by(self, number: float) -> bool:
        """Tell whether a number is within the limit."""
        return number <= self.limit if self.sign == "≤" else number >= self.limit


def at_most(limit: float, side: Side = Side.VALUE) -> Target:
    """Hold a figure to an upper limit."""
    return Target(side, limit, "≤")


def at_least(limit: float, side: Side = Side.VALUE) -> Target:
    """Hold a figure to a lower limit."""
    return Target(side, limit, "≥")


@dataclass(frozen=True)
class Picture:
    """One SVG file: how a cost grows.

    Args:
        file: Its name without ending.
        title: What stands above it.
        axis: What grows, to the right.
    """

    file: str
    title: str
    axis: str


@dataclass(frozen=True)
class Growth:
    """A figure's place in a picture: on which curve, and how far to the right."""

    picture: Picture
    curve: str
    x: float


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Args:
        name: Unique among the figures of a run; begins with its bench's name.
        unit: Of the values and the floors.
        values: What was measured, a number for each round.
        floors: The floor of each of these rounds; empty where there is none.
        target: What it is held to.
        growth: Where it stands in a picture.
    """

    name: str
    unit: str
    values: Sequence[float]
    floors: Sequence[float] = ()
    target: Target | None = None
    growth: Growth | None = None

    def __post_init__(self) -> None:
        if not self.values or (self.floors and len(self.floors) != len(self.values)):
            raise ValueError(f"{self.name}: {len(self.values)} values and {len(self.floors)} floors")
        if self.target and self.target.side is not Side.VALUE and not self.floors:
            raise ValueError(f"{self.name} is held to a floor that it has not")

    @property
    def value(self) -> Spread:
        """What was measured."""
        return Spread.of(self.values)

    @property
    def floor(self) -> Spread | None:
        """What the same work cost without the product."""
        return Spread.of(self.floors) if self.floors else None

    @property
    def ratio(self) -> Spread | None:
        """Value by floor, round by round; None where a floor is missing or nothing."""
        if not self.floors or not all(self.floors):
            return None
        return Spread.of([value / floor for value, floor in zip(self.values, self.floors, strict=True)])

    @property
    def met(self) -> bool | None:
        """Whether the median over the rounds is within the target; None without target."""
        return None if self.target is None else self.target.met_by(self._held())

    def _held(self) -> float:
        match self.target.side if self.target else Side.VALUE:
            case Side.RATIO:
                return self.ratio.median if self.ratio else math.inf
            case Side.EXCESS:
                pairs = zip(self.values, self.floors, strict=True)
                return statistics.median(value - floor for value, floor in pairs)
            case _:
                return self.value.median


def percentile(numbers: Sequence[float], share: float) -> float:
    """Return the smallest number that at least this share of them does not exceed."""
    ordered = sorted(numbers)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
