"""The figures as JSON, for machines: every round of each of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bench.figures import Figure


def render(figures: Sequence[Figure], machine: Mapping[str, object], command: str) -> str:
    """Write the document.

    Args:
        figures: What was measured.
        machine: What on.
        command: What measures it again.
    """
    document = {"command": command, "machine": machine, "figures": [_entry(figure) for figure in figures]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _entry(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "unit": figure.unit,
        "values": [_short(value) for value in figure.values],
        "floors": [_short(floor) for floor in figure.floors],
        "ratio": {name: _short(part) for name, part in asdict(figure.ratio).items()} if figure.ratio else None,
        "target": str(figure.target) if figure.target else None,
        "met": figure.met,
    }


def _short(value: float) -> float:
    """Leave out digits that no clock gives."""
    return float(f"{value:.6g}")
