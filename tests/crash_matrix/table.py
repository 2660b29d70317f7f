"""The matrix as text: a table for each configuration and road, the totals, and how to run again what is red."""

from collections.abc import Iterator

from crash_matrix.cells import Cell, Table
from crash_matrix.results import LEGEND, RED, Results
from faults.fault import WITHOUT_PAUSES

PROMISES = (
    "A table's name: what the backend does with a second deploy of a hostname (the same PDS for the same key, 409, a",
    "second PDS), whether it has check-pds, PDS_REDEPLOY; then the road. What is promised, and asserted:",
    "  second with idempotent: the setting says what is not so; each lost answer may cost one more PDS",
    "  second with probe, where there is no check-pds: the same; there is nothing to ask",
    "  all others: one PDS. A backend that answers 409 tells by it that the PDS exists, so idempotent is safe there",
)
AGAIN = "PYTHONPATH=tests .venv/bin/python -m crash_matrix --only"


def render(results: Results) -> str:
    """Write all tables, the legend and the totals."""
    written = "\n\n".join("\n".join(_table(results, table)) for table in results.rows)
    return "\n\n".join([written, "\n".join(_legend()), "\n".join(_totals(results))])


def _table(results: Results, table: Table) -> Iterator[str]:
    yield f"{table}{_promise(table)}"
    rows, first = results.rows[table], results.first[table]
    left = max(len(what) for what in rows) + 4
    yield " " * left + " ".join(f"{number:>3}" for number in range(1, len(WITHOUT_PAUSES) + 1))
    for number, what in enumerate(rows[first - 1 :], first):
        marks = (_mark(results, Cell(table, number, fault)) for fault in WITHOUT_PAUSES)
        yield f"{number:>2} {what:<{left - 3}}" + " ".join(f"{mark:>3}" for mark in marks)


def _promise(table: Table) -> str:
    if table.configuration is not None and table.configuration.may_make_more:
        return "  (a lost answer may cost one more PDS)"
    return ""


def _mark(results: Results, cell: Cell) -> str:
    result = results.results.get(cell)
    if result is None:
        return ""
    return RED if result.came is None else result.came


def _legend() -> Iterator[str]:
    yield "Columns: " + ", ".join(f"{number} {fault}" for number, fault in enumerate(WITHOUT_PAUSES, 1))
    for came, meaning in LEGEND.items():
        yield f"  {came:<3} {meaning}"
    yield "  Empty: not among those that were run. Each customer's row in pds_services agrees with their resource."
    yield from PROMISES


def _totals(results: Results) -> Iterator[str]:
    counts = ", ".join(f"{number} {came}" for came, number in results.counts().most_common())
    yield f"{len(results.results)} cells: {counts or 'none'}; red: {len(results.red)}"
    for result in results.red:
        yield f"\nRED {result.cell} at {result.hit}: {result.problem}"
        yield from (f"    {line}" for line in result.history)
        yield f"    again: {AGAIN} '{result.cell}'"
