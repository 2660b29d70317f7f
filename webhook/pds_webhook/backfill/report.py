"""What a backfill has found and done so far, and which exit code that makes. Ids and codes, no personal data."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pds_webhook.answers import Answer, Code
from pds_webhook.backfill.window import Window

SUBSCRIPTION_INACTIVE = "subscription_inactive"
"""The code of a session whose subscription nobody pays for any more; beside it, the codes are those of deliveries."""

EXIT_DONE = 0
EXIT_NOT_ALL_DONE = 1
EXIT_SOMEBODY_HAS_NONE = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One session that is worth telling of, and why."""

    session_id: str
    user_id: str | None
    code: str
    why: str


@dataclass
class Report:
    """The tally of one run.

    Args:
        window: What was asked for.
        dry_run: Whether nothing was written.
        looked_at: How many sessions were looked at.
        codes: How many of them ended with which code.
        accepted: Those whose resource was made just now (would be, in a dry run).
        without: Those who paid and have no resource, where only a person can help.
        inactive: Those left alone since nobody pays for their subscription any more.
        paid_twice: Those of users who have another paid checkout; a refund may be due.
        failed: Those that were not done; the same may work later.
        halted: Why the run ended early, if it did.
        position: When the session was created that the run has come to; the sessions come from new to old.
        first_failed: When the newest one of ``failed`` was created.
    """

    window: Window
    dry_run: bool
    looked_at: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    accepted: list[Entry] = field(default_factory=list)
    without: list[Entry] = field(default_factory=list)
    inactive: list[Entry] = field(default_factory=list)
    paid_twice: list[Entry] = field(default_factory=list)
    failed: list[Entry] = field(default_factory=list)
    halted: str | None = None
    position: int | None = None
    first_failed: int | None = None

    def begin(self, created: int) -> None:
        """Come to the next session, which was created at this time."""
        self.looked_at += 1
        self.position = created

    def leave_inactive(self, session_id: str, user_id: str | None, status: str) -> None:
        """Note a session that is left alone for its subscription's status."""
        self.codes[SUBSCRIPTION_INACTIVE] += 1
        self.inactive.append(Entry(session_id, user_id, SUBSCRIPTION_INACTIVE, f"its subscription is {status}"))

    def done(self, session_id: str, user_id: str | None, answer: Answer) -> None:
        """Note a session that Stripe would hear a 2xx of."""
        self.codes[answer.code] += 1
        entry = Entry(session_id, user_id, answer.code, answer.message)
        if answer.code is Code.ACCEPTED:
            self.accepted.append(entry)
        if answer.double:
            self.paid_twice.append(entry)

    def refuse(self, entry: Entry, *, has_resource: bool) -> None:
        """Note a paid session that only a person can help, and whether one has done so already."""
        self.codes[entry.code] += 1
        if not has_resource:
            self.without.append(entry)

    def fail(self, entry: Entry) -> None:
        """Note the session that the run has come to as not done."""
        self.codes[entry.code] += 1
        self.failed.append(entry)
        if self.first_failed is None:
            self.first_failed = self.position

    @property
    def whole(self) -> bool:
        """Whether all sessions were looked at and none failed."""
        return self.halted is None and not self.failed

    @property
    def exit_code(self) -> int:
        """The command's exit code."""
        if not self.whole:
            return EXIT_NOT_ALL_DONE
        return EXIT_SOMEBODY_HAS_NONE if self.without else EXIT_DONE

    @property
    def rest(self) -> Window | None:
        """What another run has to look at, or None where all was done."""
        if self.whole:
            return None
        newest = self.position if self.first_failed is None else self.first_failed
        return Window(self.window.since, self.window.until if newest is None else datetime.fromtimestamp(newest, UTC))
