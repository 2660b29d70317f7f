"""The walk through Stripe's completed sessions, from new to old, one page in memory at a time.

From new to old is how Stripe lists them, and as it should be: a user's newest paid checkout is the one that counts, so
that its resource is made at once as it is wanted, and older checkouts find it there.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from pds_clients.kubernetes import Provisions
from pds_clients.stripe import CheckoutSessions, Session, SessionPage
from pds_contract.errors import CredentialsRejected, DependencyError, TryLater
from pds_contract.resource import provision_name
from pds_webhook.answers import Answer, Code
from pds_webhook.backfill.progress import Progress
from pds_webhook.backfill.report import Entry, Report
from pds_webhook.backfill.session import inactive_status, read_session
from pds_webhook.backfill.window import Window
from pds_webhook.events import Checkout, Ignored, NotAnEvent
from pds_webhook.intake import Intake
from pds_webhook.responses import answer_to_fault

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before what a dependency could not do is tried again; after the last one it is not."""
LONGEST_PAUSE = 300.0
"""If Stripe asks for more, the run ends: the next one may be nearer."""
IN_A_ROW = 3
"""So many sessions that failed for an absent dependency, each tried several times, end the run."""

_ABSENT = frozenset({Code.SUPABASE_UNAVAILABLE, Code.KUBERNETES_UNAVAILABLE})

_ASKED_TO_STOP = "it was asked to stop"

_Result = TypeVar("_Result")


class _Halt(Exception):
    """The run cannot go on. The message says why."""


@dataclass
class Backfill:
    """One run.

    Args:
        sessions: Stripe's sessions.
        intake: What takes checkouts in, or rehearses it.
        provisions: Where to look whether a user has a resource.
        progress: Who is told how far it is.
        stop: Set when the run is to end after the session that it has come to.
        pauses: Seconds before each new try of what an absent dependency could not do.
    """

    sessions: CheckoutSessions
    intake: Intake
    provisions: Provisions
    progress: Progress
    stop: asyncio.Event
    pauses: tuple[float, ...] = PAUSES
    _failed_in_a_row: int = 0

    async def run(self, window: Window, *, dry_run: bool) -> Report:
        """Look at every session of the window, or say in the report where to go on."""
        report = Report(window, dry_run)
        try:
            await self._walk(window, report)
        except _Halt as halt:
            report.halted = str(halt)
        self.progress.end()
        return report

    async def _walk(self, window: Window, report: Report) -> None:
        after: str | None = None
        while True:
            page = await self._page(window, after)
            for session in page.sessions:
                if self.stop.is_set():
                    raise _Halt(_ASKED_TO_STOP)
                report.begin(session["created"])
                await self._one(session, report)
                self.progress.tell(report)
            if not page.has_more:
                return
            after = page.sessions[-1]["id"]

    async def _page(self, window: Window, after: str | None) -> SessionPage:
        for pause in (*self.pauses, None):
            try:
                return await self._unless_stopped(
                    self.sessions.completed(created_from=window.created_from, created_to=window.created_to, after=after)
                )
            except CredentialsRejected as error:
                raise _Halt(str(error)) from None
            except TryLater as error:
                wait = max(pause or 0.0, error.retry_after or 0.0)
                if pause is None or wait > LONGEST_PAUSE:
                    asked = f" and asked to wait {wait:.0f} s" if wait > LONGEST_PAUSE else ""
                    raise _Halt(f"{error}{asked}") from None
                await self._pause(wait)
            except DependencyError as error:
                raise _Halt(str(error)) from None
        raise AssertionError("the last try returns or raises")

    async def _one(self, session: Session, report: Report) -> None:
        user_id: str | None = None
        try:
            checkout = read_session(session)
            if isinstance(checkout, Ignored):
                report.codes[Code.IGNORED] += 1
                return
            user_id = checkout.user_id
            inactive = inactive_status(session)
            if inactive is not None:
                report.leave_inactive(checkout.session_id, user_id, inactive)
                return
            await self._judge(checkout, await self._take(checkout), report)
        except NotAnEvent as error:
            self._fail(Entry(_shown_id(session), user_id, Code.INVALID_BODY, str(error)), report)
        except _Halt:
            raise
        except Exception as error:  # noqa: BLE001 - one session's fault keeps nobody else waiting
            answer = answer_to_fault(error)
            self._fail(Entry(_shown_id(session), user_id, answer.code, answer.message), report)

    async def _take(self, checkout: Checkout) -> Answer:
        for pause in self.pauses:
            answer = await self.intake.take(checkout)
            if answer.code not in _ABSENT:
                return answer
            await self._pause(pause)
        return await self.intake.take(checkout)

    async def _judge(self, checkout: Checkout, answer: Answer, report: Report) -> None:
        entry = Entry(checkout.session_id, checkout.user_id, answer.code, answer.message)
        if answer.code.status == 200:
            report.done(checkout.session_id, checkout.user_id, answer)
            if answer.code is not Code.IGNORED:
                self._failed_in_a_row = 0
        elif answer.code.status == 422:
            has_resource = await self._has_resource(checkout.user_id)
            report.refuse(entry, has_resource=has_resource)
            if not has_resource:
                self.progress.say(entry)
        else:
            self._fail(entry, report)
            if answer.code in _ABSENT:
                self._failed_in_a_row += 1
            if self._failed_in_a_row >= IN_A_ROW:
                raise _Halt(f"{IN_A_ROW} sessions in a row could not be taken in: {answer.message}")

    def _fail(self, entry: Entry, report: Report) -> None:
        report.fail(entry)
        self.progress.say(entry)

    async def _has_resource(self, user_id: str | None) -> bool:
        """Tell whether somebody has helped already; who cannot be looked up is told of once too often."""
        if user_id is None:
            return False
        try:
            await self.provisions.get(provision_name(user_id))
        except DependencyError:
            return False
        return True

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.stop.wait()
        except TimeoutError:
            return
        raise _Halt(_ASKED_TO_STOP)

    async def _unless_stopped(self, reading: Coroutine[Any, Any, _Result]) -> _Result:
        """Read, but give it up when asked to stop."""
        work = asyncio.ensure_future(reading)
        stopped = asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise _Halt(_ASKED_TO_STOP)
            return await work
        finally:
            stopped.cancel()
            work.cancel()
            await asyncio.gather(work, stopped, return_exceptions=True)


def _shown_id(session: Session) -> str:
    session_id: str = session["id"]
    return session_id if session_id.isascii() and session_id.isprintable() else "a session without a usable id"
