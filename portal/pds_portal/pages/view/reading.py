"""Reads single values of a document that may be odd in any way: what cannot be read is None, and nothing raises.

The backend's documents come from a system that is not ours. They were seen with numbers as strings; what else they may
hold nobody says.
"""

import math
from collections.abc import Mapping, Sequence

LONGEST_TEXT = 4000
"""Characters of a text that are shown; more is cut, so that no document makes a page of any size."""

_LARGEST = 1e24
# The places where the backend's answer may hold the service, as the operator's client knows them.
_PLACES = ("data", "service")


def number(value: object) -> float | None:
    """Read an amount: a finite number that is not negative, or a string of one."""
    if isinstance(value, str) and len(value) <= 40 and value.isascii() and "_" not in value:
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= _LARGEST and math.isfinite(value) else None


def text(value: object, longest: int = LONGEST_TEXT) -> str | None:
    """Read what can be shown as it is: a text that is not blank, or a number; at most this many characters of it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int) and abs(value) > _LARGEST:  # Python writes no number of thousands of digits
        return None
    written = str(value).strip().encode(errors="replace").decode()  # a lone surrogate cannot be sent as UTF-8
    return f"{written[:longest]}…" if len(written) > longest else written or None


def mapping(value: object) -> Mapping[str, object]:
    """Read an object of JSON; anything else is an empty one."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> Sequence[object]:
    """Read a list of JSON; anything else is an empty one."""
    return value if isinstance(value, list | tuple) else ()


def service_in(document: object) -> Mapping[str, object]:
    """Find the service in the backend's answer: the answer itself, or what it holds under ``data`` or ``service``."""
    answer = mapping(document)
    nested = (mapping(answer.get(place)) for place in _PLACES)
    return next((each for each in (answer, *nested) if "state" in each), answer)
