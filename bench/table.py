"""The figures as a table for people, in Markdown, so that the docs can show it as it was printed."""

from collections.abc import Sequence

from bench.figures import Figure, Spread

_HEAD = ("figure", "unit", "measured", "floor", "ratio", "target", "met")


def render(figures: Sequence[Figure]) -> str:
    """Draw the table: medians over the rounds, with the lowest and the highest round in brackets."""
    lines = [_HEAD, *(_cells(figure) for figure in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    drawn = [_line(cells, widths) for cells in lines]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([drawn[0], rule, *drawn[1:]])


def number(value: float) -> str:
    """Write a number with as many digits as can be told apart."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _cells(figure: Figure) -> tuple[str, ...]:
    return (
        figure.name,
        figure.unit,
        _spread(figure.value),
        _spread(figure.floor),
        _spread(figure.ratio),
        str(figure.target or ""),
        {None: "", True: "yes", False: "NO"}[figure.met],
    )


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return ""
    if spread.low == spread.high:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.low)}–{number(spread.high)})"  # noqa: RUF001 - a range's dash


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"
