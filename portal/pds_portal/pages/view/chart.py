"""A bar chart: its geometry in the units of an SVG's viewBox, and the same figures as text.

Bars alone are in the picture: text in it would shrink with it on a phone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pds_portal.pages.view.moments import Moment
from pds_portal.pages.view.quantities import count

WIDTH, HEIGHT = 720.0, 160.0
_GAP = 0.28
"""The share of a bar's room that is left empty."""
_LOWEST = 1.5
"""The height of a bar that stands for next to nothing."""


@dataclass(frozen=True)
class Value:
    """One figure of a series."""

    at: Moment
    amount: float


@dataclass(frozen=True)
class Bar:
    """One bar, and its figure in words."""

    x: float
    y: float
    width: float
    height: float
    at: Moment
    words: str


@dataclass(frozen=True)
class Chart:
    """A chart of at least one value, from left to right."""

    bars: tuple[Bar, ...]
    total: str
    highest: str
    width: float = WIDTH
    height: float = HEIGHT

    @property
    def ticks(self) -> tuple[Moment, ...]:
        """The times below the chart: the first, the middle and the last, where there are as many."""
        places = sorted({0, (len(self.bars) - 1) // 2, len(self.bars) - 1})
        return tuple(self.bars[place].at for place in places)


def bar_chart(values: Sequence[Value]) -> Chart | None:
    """Lay the values out; None where there is none."""
    if not values:
        return None
    highest = max(value.amount for value in values)
    room = WIDTH / len(values)
    bars = []
    for number, value in enumerate(values):
        height = max(HEIGHT * value.amount / highest, _LOWEST) if value.amount else 0.0
        bars.append(
            Bar(
                x=round(room * (number + _GAP / 2), 2),
                y=round(HEIGHT - height, 2),
                width=round(room * (1 - _GAP), 2),
                height=round(height, 2),
                at=value.at,
                words=count(value.amount),
            )
        )
    return Chart(tuple(bars), count(sum(value.amount for value in values)), count(highest))
