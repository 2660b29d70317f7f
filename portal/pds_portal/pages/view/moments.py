"""Times, for a reader whose zone the server does not know.

The page has UTC in words and the same moment for machines; the script puts it into the reader's zone.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_LENGTH_OF_A_DAY = len("2026-05-01")


@dataclass(frozen=True)
class Moment:
    """A moment or a day.

    Args:
        iso: For ``<time datetime>``.
        words: For a reader without script, with the zone where it is a moment.
        form: What of it is shown: ``moment``, ``hour`` or ``day``.
    """

    iso: str
    words: str
    form: str = "moment"


def parse(value: object) -> datetime | None:
    """Read a time as ISO 8601 has it; one without a zone is UTC, in which the backend writes."""
    if not isinstance(value, str) or not _LENGTH_OF_A_DAY <= len(value.strip()) <= 40:
        return None
    try:
        read = datetime.fromisoformat(value.strip())
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment(value: object) -> Moment | None:
    """Read a time and put it into words: ``1 May 2026, 12:00 UTC``, or a day without a time as just that."""
    at = parse(value)
    if at is None:
        return None
    if isinstance(value, str) and len(value.strip()) == _LENGTH_OF_A_DAY:  # no zone may turn it into another day
        return day(at)
    return Moment(_iso(at), f"{_day(at)}, {at:%H:%M} UTC")


def hour(at: datetime) -> Moment:
    """Put the hour of a day into words: ``12:00 UTC``."""
    return Moment(_iso(at), f"{at:%H:%M} UTC", "hour")


def day(at: date) -> Moment:
    """Put a day into words: ``1 May 2026``."""
    return Moment(f"{at.year:04}-{at.month:02}-{at.day:02}", _day(at), "day")


def _day(at: date) -> str:
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
