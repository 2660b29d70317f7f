"""Whether what a command printed has the shape of what the document shows: the same words, other numbers and times."""

import re
from collections.abc import Sequence

_ANY = "…"
_VARIABLE = re.compile(
    r"""
    (?P<any>…)
    | (?P<uuid>\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)
    | (?P<time>\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)
    | (?P<hour>\b\d{4}-\d\d-\d\dT\d\d\b)
    | (?P<age>(?<![\w.-])(?:\d+[dhms]){1,2}(?![\w.-]))
    | (?P<number>(?<![\w.-])\d+(?![\w.-]))
    | (?P<space>\s+)
    """,
    re.VERBOSE,
)
_PATTERNS = {
    "any": r".*",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
    "hour": r"\d{4}-\d\d-\d\dT\d\d",
    "age": r"(?:\d+[dhms]){1,2}",
    "number": r"\d+",
    "space": r"\s+",
}


def difference(printed: str, shown: Sequence[str]) -> str | None:
    """Say where an output departs from what is shown, or None where it does not.

    A line ``…`` stands for any number of lines, within a line for any text; a number for any number, an age for any
    age, a time for any time. UUIDs are those of the customers: they have to be the same.

    Args:
        printed: The output.
        shown: The lines that the document shows, with the names of this run.
    """
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    at = _match(lines, [line for line in shown if line.strip()])
    return None if at is None else f"the document shows\n  {at}\nbut this was printed:\n{printed}"


def _match(lines: Sequence[str], shown: Sequence[str]) -> str | None:
    """Return the first shown line that nothing fits, or None where all is as shown."""
    if not shown:
        return None if not lines else f"nothing more than the lines before {lines[0]!r}"
    first, *rest = shown
    if first == _ANY:
        tries = [_match(lines[skipped:], rest) for skipped in range(len(lines) + 1)]
        return None if None in tries else tries[0]
    if not lines or not _pattern(first).fullmatch(lines[0]):
        return first
    return _match(lines[1:], rest)


def _pattern(line: str) -> re.Pattern[str]:
    parts, end = [], 0
    for found in _VARIABLE.finditer(line):
        kind = found.lastgroup or ""
        parts += [re.escape(line[end : found.start()]), _PATTERNS.get(kind, re.escape(found.group()))]
        end = found.end()
    return re.compile("".join([*parts, re.escape(line[end:])]))
