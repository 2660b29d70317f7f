"""How far a backfill is, on stderr: a counter on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

from pds_webhook.backfill.report import Entry, Report
from pds_webhook.backfill.window import shown

TERMINAL_SECONDS = 0.1
LINE_SECONDS = 10.0


class Progress:
    """Tells of a report that grows.

    Args:
        stream: Where to.
        clock: Monotonic seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._terminal = stream.isatty()
        self._every = TERMINAL_SECONDS if self._terminal else LINE_SECONDS
        self._told = clock()
        self._counting = False

    def tell(self, report: Report) -> None:
        """Say how far it is, if it was not said just now."""
        if self._clock() - self._told < self._every:
            return
        self._told = self._clock()
        back_to = "" if report.position is None else f", back to {shown(datetime.fromtimestamp(report.position, UTC))}"
        counts = f"{len(report.accepted)} accepted, {len(report.without)} need a person, {len(report.failed)} failed"
        line = f"{report.looked_at} sessions{back_to}: {counts}"
        if self._terminal:
            self._stream.write(f"\r\x1b[K{line}")
            self._counting = True
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def say(self, entry: Entry) -> None:
        """Tell of one session at once, so that it is known even if the run does not live to give its report."""
        self.end()
        self._stream.write(f"{entry.session_id} of user {entry.user_id or '-'}: {entry.code}: {entry.why}\n")
        self._stream.flush()

    def end(self) -> None:
        """Remove the counter."""
        if self._counting:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._counting = False
