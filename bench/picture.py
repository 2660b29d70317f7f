"""How each cost grows, as SVG: both axes logarithmic, so that a straight line of slope one is a cost in proportion."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from xml.etree import ElementTree as ET

from bench.figures import Figure, Growth, Spread
from bench.table import number

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 190, 48, 56
_COLOURS = ("#1f5fa8", "#b3541e", "#2c7a3f", "#7a3c8f")
_GRID, _INK = "#dddddd", "#333333"
_DECADE = (1, 2, 5)


@dataclass(frozen=True)
class _Curve:
    """The points of one line, from left to right. A floor is dashed, in the colour of what it is the floor of."""

    name: str
    points: Sequence[tuple[float, Spread]]
    colour: str
    dashed: bool = False


@dataclass(frozen=True)
class _Axis:
    """A logarithmic axis on so many pixels."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.begin + share * (self.end - self.begin), 1)

    def ticks(self) -> list[float]:
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        every = [step * 10.0**decade for decade in decades for step in _DECADE]
        return [tick for tick in every if self.low <= tick <= self.high]


def render(figures: Sequence[Figure]) -> dict[str, str]:
    """Draw every picture that these figures have two places or more in; by the files' names."""
    placed = sorted(
        ((figure.growth.picture.file, figure.growth, figure) for figure in figures if figure.growth), key=itemgetter(0)
    )
    drawn = {}
    for file, group in groupby(placed, key=itemgetter(0)):
        members = [(growth, figure) for _, growth, figure in group]
        if len({growth.x for growth, _ in members}) > 1:
            drawn[file] = _draw(members)
    return drawn


def _draw(members: Sequence[tuple[Growth, Figure]]) -> str:
    curves = list(_curves(members))
    points = [point for curve in curves for point in curve.points]
    across = _axis([x for x, _ in points], _LEFT, _WIDTH - _RIGHT)
    up = _axis([end for _, spread in points for end in (spread.low, spread.high)], _HEIGHT - _BOTTOM, _TOP)
    picture, unit = members[0][0].picture, members[0][1].unit
    svg = ET.Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "font-family": "sans-serif"},
    )
    ET.SubElement(svg, "rect", {"width": str(_WIDTH), "height": str(_HEIGHT), "fill": "#ffffff"})
    _text(svg, _LEFT, 26, picture.title, size=16)
    for tick in across.ticks():
        _rule(svg, (across.at(tick), up.begin), (across.at(tick), up.end))
        _text(svg, across.at(tick), up.begin + 20, number(tick), anchor="middle")
    for tick in up.ticks():
        _rule(svg, (across.begin, up.at(tick)), (across.end, up.at(tick)))
        _text(svg, across.begin - 8, up.at(tick) + 4, number(tick), anchor="end")
    _text(svg, (across.begin + across.end) / 2, _HEIGHT - 12, picture.axis, anchor="middle")
    _text(svg, 12, up.end - 8, unit)
    for place, curve in enumerate(curves):
        _plot(svg, curve, across, up)
        _key(svg, curve, up.end + 22 * place)
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _curves(members: Iterable[tuple[Growth, Figure]]) -> Iterable[_Curve]:
    named: dict[str, list[tuple[Growth, Figure]]] = {}
    for growth, figure in sorted(members, key=lambda member: member[0].x):
        named.setdefault(growth.curve, []).append((growth, figure))
    for place, (name, line) in enumerate(named.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        yield _Curve(name, [(growth.x, figure.value) for growth, figure in line], colour)
        floors = [(growth.x, figure.floor) for growth, figure in line if figure.floor]
        if floors:
            yield _Curve(f"{name}: floor", floors, colour, dashed=True)


def _axis(values: Sequence[float], begin: float, end: float) -> _Axis:
    """Make an axis a little longer than from the smallest to the largest."""
    positive = [value for value in values if value > 0]
    if not positive:
        raise ValueError("nothing above zero: a logarithmic axis cannot show it")
    return _Axis(min(positive) / 1.25, max(positive) * 1.25, begin, end)


def _plot(svg: ET.Element, curve: _Curve, across: _Axis, up: _Axis) -> None:
    shown = [(across.at(x), spread) for x, spread in curve.points if spread.low > 0]
    path = " ".join(f"{x},{up.at(spread.median)}" for x, spread in shown)
    line = {"points": path, "fill": "none", "stroke": curve.colour, "stroke-width": "2"}
    ET.SubElement(svg, "polyline", line | ({"stroke-dasharray": "6 4"} if curve.dashed else {}))
    for x, spread in shown:
        whisker = {"x1": x, "x2": x, "y1": up.at(spread.low), "y2": up.at(spread.high)}
        ET.SubElement(svg, "line", _texts(whisker) | {"stroke": curve.colour, "stroke-width": "1"})
        ET.SubElement(svg, "circle", _texts({"cx": x, "cy": up.at(spread.median), "r": 3.5}) | {"fill": curve.colour})


def _key(svg: ET.Element, curve: _Curve, y: float) -> None:
    x = _WIDTH - _RIGHT + 16
    line = _texts({"x1": x, "x2": x + 24, "y1": y, "y2": y}) | {"stroke": curve.colour, "stroke-width": "2"}
    ET.SubElement(svg, "line", line | ({"stroke-dasharray": "6 4"} if curve.dashed else {}))
    _text(svg, x + 30, y + 4, curve.name)


def _rule(svg: ET.Element, begin: tuple[float, float], end: tuple[float, float]) -> None:
    ends = {"x1": begin[0], "y1": begin[1], "x2": end[0], "y2": end[1]}
    ET.SubElement(svg, "line", _texts(ends) | {"stroke": _GRID})


def _text(svg: ET.Element, x: float, y: float, words: str, *, size: int = 12, anchor: str = "start") -> None:
    place = _texts({"x": x, "y": y, "font-size": size}) | {"text-anchor": anchor, "fill": _INK}
    ET.SubElement(svg, "text", place).text = words


def _texts(numbers: dict[str, float]) -> dict[str, str]:
    return {name: f"{value:g}" for name, value in numbers.items()}
