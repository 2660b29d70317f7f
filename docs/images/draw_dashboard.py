# /// script
# requires-python = ">=3.11"
# dependencies = ["httpx", "matplotlib"]
# ///
"""Draws deploy/monitoring/dashboard.json for the docs: its own panels and queries, answered by a real Prometheus.

This is not Grafana. It knows the two kinds of panel that the dashboard has, puts each where Grafana would, and draws it
with matplotlib::

    .venv/bin/uv run --script docs/images/draw_dashboard.py http://127.0.0.1:PORT docs/images/dashboard.png
"""

import argparse
import json
import math
import re
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, Locator, MaxNLocator, MultipleLocator
from matplotlib.transforms import Affine2D
from PIL import Image

DASHBOARD = Path(__file__).resolve().parents[2] / "deploy" / "monitoring" / "dashboard.json"
COLUMNS, WIDTH, ROW, GAP = 24, 1500, 34, 8
"""Grafana's grid: columns; the picture's width, a row's height and the gap between panels, in pixels."""
DPI = 100
POINTS = 300
RATE_INTERVAL = "1m"
"""What Grafana puts in for `$__rate_interval` where its data source says that targets are scraped every 15 s."""
GREEN, YELLOW, BLUE, ORANGE, RED, PURPLE = "#3a9a4b", "#d9a514", "#3274d9", "#d9822b", "#d1333f", "#8f6fd6"
TEXT, FAINT, LINES = "#24292f", "#6e7781", "#e3e6ea"
PALETTE = (GREEN, YELLOW, BLUE, ORANGE, RED, PURPLE, "#12939a", "#b0508a", "#7a5c2e", FAINT)
NAMED = {"green": GREEN, "orange": ORANGE, "red": RED, "blue": BLUE, "purple": PURPLE, "yellow": YELLOW, "text": TEXT}

Panel = dict[str, Any]


@dataclass(frozen=True)
class Series:
    """One line of a graph: a value for each of Prometheus' `times`, NaN where there is none."""

    name: str
    values: list[float]


@dataclass(frozen=True)
class Prometheus:
    """What is asked, and of which time: the `seconds` before `end`."""

    client: httpx.Client
    end: float
    seconds: float

    def times(self) -> list[float]:
        """The Unix times that a graph has values for."""
        step = max(1, round(self.seconds / POINTS))
        return [self.end - self.seconds + step * number for number in range(int(self.seconds // step) + 1)]

    def now(self, expression: str) -> float | None:
        """The value of an expression with one result at the end of the time; None where there is none."""
        result = self._ask("query", query=expression, time=self.end)
        return float(result[0]["value"][1]) if result else None

    def over_time(self, expression: str, legend: str) -> list[Series]:
        """The results of an expression over the whole time."""
        times = self.times()
        step = times[1] - times[0]
        answer = self._ask("query_range", query=expression, start=times[0], end=times[-1], step=step)
        found = []
        for each in answer:
            known = {round(float(at)): float(value) for at, value in each["values"]}
            name = legend
            for label, value in each["metric"].items():
                name = name.replace("{{" + label + "}}", value)
            found.append(Series(name, [known.get(round(at), math.nan) for at in times]))
        return found

    def _ask(self, path: str, **parameters: str | float) -> list[dict[str, Any]]:
        parameters["query"] = str(parameters["query"]).replace("$__rate_interval", RATE_INTERVAL)
        answer = self.client.get(f"/api/v1/{path}", params=parameters)
        answer.raise_for_status()
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result


def shown(value: float, unit: str, decimals: int | None = None) -> str:
    """A value as Grafana writes it, in the units that the dashboard uses."""
    if unit == "bytes":
        return f"{value / 2**20:.0f} MiB"
    if unit == "percentunit":
        return f"{value * 100:.0f}%"
    if unit == "s" and abs(value) >= 60:
        return f"{value / 60:.3g} min"
    if unit == "s" and 0 < abs(value) < 1:
        return f"{value * 1000:.0f} ms"
    number = f"{value:.{decimals}f}" if decimals is not None else f"{value:.3g}"
    return number + {"s": " s", "reqps": " /s"}.get(unit, "")


def draw(dashboard: Panel, prometheus: Prometheus) -> Figure:
    """The whole dashboard."""
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"]) * ROW + 30
    figure = plt.figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor="#f4f5f7")
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        x, w = at["x"] * WIDTH / COLUMNS + GAP / 2, at["w"] * WIDTH / COLUMNS - GAP
        y, h = at["y"] * ROW + GAP / 2, at["h"] * ROW - GAP

        def place(left: float, top: float, wide: float, high: float) -> tuple[float, float, float, float]:
            return left / WIDTH, 1 - (top + high) / height, wide / WIDTH, high / height

        if panel["type"] == "row":
            figure.text((x + 4) / WIDTH, 1 - (y + h / 2) / height, panel["title"], va="center", size=11, color=TEXT)
            continue
        frame = figure.add_axes(place(x, y, w, h), facecolor="white", xticks=[], yticks=[])
        for spine in frame.spines.values():
            spine.set_color(LINES)
        frame.text(8 / w, 1 - 14 / h, panel["title"], va="center", size=8.5, color=TEXT, transform=frame.transAxes)
        if panel["type"] == "stat":
            _stat(frame, panel, prometheus)
        else:
            legend = 46  # three rows of names
            _graph(figure.add_axes(place(x + 52, y + 28, w - 64, h - 28 - 20 - legend)), panel, prometheus)
    drawn = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(prometheus.end))
    note = f"Drawn with matplotlib, not by Grafana, from dashboard.json and a Prometheus' answers; {drawn}"
    figure.text(1 - 8 / WIDTH, 12 / height, note, ha="right", size=7.5, color=FAINT)
    return figure


def _stat(frame: Axes, panel: Panel, prometheus: Prometheus) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    value = prometheus.now(panel["targets"][0]["expr"])
    text, color = defaults["noValue"], TEXT
    if value is not None:
        text = shown(value, defaults["unit"], defaults.get("decimals"))
        reached = [step for step in defaults["thresholds"]["steps"] if step["value"] is None or value >= step["value"]]
        color = NAMED[reached[-1]["color"]]
        for mapping in defaults["mappings"]:
            text = mapping["options"].get(f"{value:g}", {"text": text})["text"]
    frame.text(0.5, 0.42, text, ha="center", va="center", size=24, color=color, transform=frame.transAxes)


def _graph(axes: Axes, panel: Panel, prometheus: Prometheus) -> None:
    # From the panel's lower left corner, in pixels: the graph begins 52 to the right of it and 66 above.
    panel_pixels = Affine2D().translate(axes.bbox.x0 - 52, axes.bbox.y0 - 66)
    defaults, unit = panel["fieldConfig"]["defaults"], panel["fieldConfig"]["defaults"]["unit"]
    series = [
        each
        for target in panel["targets"]
        for each in prometheus.over_time(target["expr"], target["legendFormat"])
        if any(not math.isnan(value) for value in each.values)
    ]
    # What is never more than nothing would be a line on the axis and a name in the legend.
    moving = [each for each in series if any(value > 0 for value in each.values)] or series[:2]
    times = prometheus.times()
    stacked = defaults["custom"]["stacking"]["mode"] == "normal"
    colors = _colors([each.name for each in moving], panel)
    if stacked and moving:
        filled = [[0.0 if math.isnan(value) else value for value in each.values] for each in moving]
        areas = axes.stackplot(times, *filled, colors=colors, alpha=0.75, linewidth=0)
        handles: list[Artist] = [*areas]
    else:
        handles = []
        for each, color in zip(moving, colors, strict=True):
            (line,) = axes.plot(times, each.values, color=color, linewidth=1.1)
            handles.append(line)
            if defaults["custom"]["fillOpacity"]:
                axes.fill_between(times, each.values, color=color, alpha=defaults["custom"]["fillOpacity"] / 100, lw=0)
    axes.set_xlim(times[0], times[-1])
    most = max((value for each in moving for value in each.values if value > 0), default=0)
    axes.set_ylim(0, defaults["max"] * 1.02 if "max" in defaults else axes.get_ylim()[1] if most else 1)
    if not series:
        axes.text(0.5, 0.5, "No data", ha="center", va="center", size=9, color=FAINT, transform=axes.transAxes)
    axes.yaxis.set_major_locator(_ticks(unit, most, whole=defaults.get("decimals") == 0))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value, unit)))
    axes.xaxis.set_major_locator(MultipleLocator(60 * math.ceil(prometheus.seconds / 360)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: time.strftime("%H:%M", time.gmtime(at))))
    axes.tick_params(labelsize=7, colors=FAINT, length=0)
    axes.grid(color=LINES, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.legend(
        handles,
        [each.name for each in moving],
        loc="upper left",
        bbox_to_anchor=(8, 42),
        bbox_transform=panel_pixels,
        ncols=4 if panel["gridPos"]["w"] > 8 else 3,
        fontsize=6.8,
        frameon=False,
        labelcolor=TEXT,
        handlelength=1,
        handletextpad=0.4,
        columnspacing=1.2,
        labelspacing=0.3,
        borderaxespad=0,
    )


def _ticks(unit: str, most: float, *, whole: bool) -> Locator:
    """About four, at round numbers of what they are written in."""
    if unit == "s" and most >= 120:
        return MultipleLocator(60 * math.ceil(most / 240))
    if unit == "bytes":
        return MultipleLocator(10 * 2**20 * math.ceil(most / (40 * 2**20)))
    return MaxNLocator(4, integer=whole)


def _colors(names: list[str], panel: Panel) -> list[str]:
    """A color for each name: what the panel fixes, else the palette's next; what shares a fixed one is ever lighter."""
    free, times_used, colors = iter(PALETTE * 3), dict[str, int](), []
    for name in names:
        fixed = None
        for override in panel["fieldConfig"]["overrides"]:
            if re.search(override["matcher"]["options"].strip("/"), name):
                fixed = override["properties"][0]["value"]["fixedColor"]
        if fixed is None:
            colors.append(next(free))
            continue
        lighter = min(0.35 * times_used.get(fixed, 0), 0.8)
        times_used[fixed] = times_used.get(fixed, 0) + 1
        red, green, blue = (part + (1 - part) * lighter for part in to_rgb(NAMED[fixed]))
        colors.append(to_hex((red, green, blue)))
    return colors


def main() -> None:
    """Read the arguments and draw."""
    parser = argparse.ArgumentParser(description="Draw deploy/monitoring/dashboard.json from a Prometheus' answers.")
    parser.add_argument("url", help="Prometheus' address")
    parser.add_argument("picture", type=Path, help="the PNG file to write")
    parser.add_argument("--minutes", type=float, default=15, help="how much of the past (default: %(default)s)")
    parser.add_argument("--end", type=float, help="the Unix time to end at (default: now)")
    options = parser.parse_args()
    mpl.use("agg")
    mpl.rcParams["font.family"] = "DejaVu Sans"
    with httpx.Client(base_url=options.url, timeout=30, trust_env=False) as client:
        figure = draw(
            json.loads(DASHBOARD.read_text()), Prometheus(client, options.end or time.time(), options.minutes * 60)
        )
    drawn = BytesIO()
    figure.savefig(drawn, dpi=DPI)
    Image.open(drawn).convert("RGB").quantize(160, dither=Image.Dither.NONE).save(options.picture, optimize=True)


if __name__ == "__main__":
    main()
