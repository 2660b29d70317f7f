"""Which sessions a backfill looks at: the times that a person gives, and what is asked of Stripe for them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LIFETIME = timedelta(hours=24)
"""How long after it was created a Checkout Session can be completed, at most (Stripe's ``expires_at``)."""

_AGO = re.compile(r"([0-9]{1,6})([hd])", re.ASCII)


class NotATime(Exception):
    """What was given is no time. The message says what one looks like."""


@dataclass(frozen=True)
class Window:
    """Two times in UTC, in whole seconds.

    Args:
        since: From when on a session may have been completed. It may have been created before.
        until: Up to when a session was created, or None for no such bound. It may lie up to 24 hours before ``since``.
    """

    since: datetime
    until: datetime | None = None

    @property
    def created_from(self) -> int:
        """The Unix time from which sessions are listed, since Stripe lists by when a session was created."""
        return max(0, int((self.since - LIFETIME).timestamp()))

    @property
    def created_to(self) -> int | None:
        """The Unix time up to which sessions are listed."""
        return None if self.until is None else int(self.until.timestamp())

    @property
    def empty(self) -> bool:
        """Whether no session can be in it."""
        return self.created_to is not None and self.created_to < self.created_from


def moment(text: str, now: datetime) -> datetime:
    """Read a time: ``2026-11-01``, ``2026-11-01T06:30:00Z`` (UTC unless it says otherwise), or ``72h``, ``3d`` ago.

    Raises:
        NotATime: It is none, or lies ahead.
    """
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            read = now - (timedelta(hours=int(ago[1])) if ago[2] == "h" else timedelta(days=int(ago[1])))
        else:
            read = datetime.fromisoformat(text)
            read = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotATime("give a date as 2026-11-01 or 2026-11-01T06:30:00Z, or a time ago as 72h or 3d") from None
    if read > now:
        raise NotATime("lies ahead; give a time that has been")
    return read.replace(microsecond=0)


def shown(time: datetime) -> str:
    """Show a time so that it can be given back."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
