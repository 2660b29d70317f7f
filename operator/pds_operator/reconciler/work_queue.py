"""A queue of names: each at most once in it and at one worker at a time, now or after a delay."""

import asyncio
import contextvars
from heapq import heapify, heappop, heappush
from itertools import count

SPARE_DATES = 1000
"""So many dates that do not hold any more may be kept beside as many as hold."""
_URGENT, _ROUTINE = 0, 1

Date = tuple[float, str, bool]
"""When a name is due, on the event loop's clock, and whether it is urgent then."""


class WorkQueue:
    """Names to visit. Urgent ones come before routine ones; within each, first come first served."""

    def __init__(self) -> None:
        self._ready: asyncio.PriorityQueue[tuple[int, int, str]] = asyncio.PriorityQueue()
        self._order = count()
        # One timer for all: every settled customer has a date, and a timer for each would hold more memory.
        self._dates: dict[str, Date] = {}
        self._calendar: list[Date] = []
        self._timer: asyncio.TimerHandle | None = None
        self._context = contextvars.copy_context()
        self._queued: dict[str, int] = {}
        self._visited: set[str] = set()
        self._again: dict[str, tuple[float, bool]] = {}
        self._closed = False

    def __len__(self) -> int:
        return len(self._queued)

    @property
    def delayed(self) -> int:
        """How many names wait for their time; those that wait for a worker are the queue's length."""
        return len(self._dates)

    @property
    def closed(self) -> bool:
        """Whether nothing more is taken from the queue."""
        return self._closed

    def is_visited(self, name: str) -> bool:
        """Tell whether a name is at a worker."""
        return name in self._visited

    def add(self, name: str, delay: float = 0.0, *, urgent: bool = True) -> None:
        """Put a name in, to be visited after a delay in seconds. The earlier of two dates holds."""
        loop = asyncio.get_running_loop()
        if name in self._visited:
            due = loop.time() + delay
            known = self._again.get(name)
            self._again[name] = (due, urgent) if known is None else (min(due, known[0]), urgent or known[1])
            return
        if self._queued.get(name, _ROUTINE + 1) <= (_URGENT if urgent else _ROUTINE):
            return
        if delay > 0:
            when, date = loop.time() + delay, self._dates.get(name)
            if name not in self._queued and (date is None or date[0] > when):
                self._set_date((when, name, urgent))
            return
        self._enqueue(name, urgent)

    async def take(self) -> str | None:
        """Wait for the next name, to be given back by ``done``; None once the queue is closed."""
        while True:
            _, _, name = await self._ready.get()
            # A name that became urgent while it was queued is in there twice.
            if self._closed:
                self._wake_next()
                return None
            if self._queued.pop(name, None) is not None:
                self._visited.add(name)
                return name

    def done(self, name: str) -> None:
        """Give a name back; what was asked for it meanwhile takes effect."""
        self._visited.discard(name)
        again = self._again.pop(name, None)
        if again is not None and not self._closed:
            due, urgent = again
            self.add(name, max(0.0, due - asyncio.get_running_loop().time()), urgent=urgent)

    def close(self) -> None:
        """Let every ``take`` return None; names that are being visited are finished by their workers."""
        self._closed = True
        self._dates.clear()
        self._calendar.clear()
        self._set_timer()
        self._wake_next()

    def _enqueue(self, name: str, urgent: bool) -> None:  # noqa: FBT001 - a part of the name's date
        self._dates.pop(name, None)
        priority = _URGENT if urgent else _ROUTINE
        self._queued[name] = priority
        self._ready.put_nowait((priority, next(self._order), name))

    def _set_date(self, date: Date) -> None:
        """Note a date; the one that it replaces stays in the calendar, and is passed over."""
        self._dates[date[1]] = date
        heappush(self._calendar, date)
        if len(self._calendar) > 2 * len(self._dates) + SPARE_DATES:
            self._calendar = list(self._dates.values())
            heapify(self._calendar)
        if self._calendar[0] is date:
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        # Not in the context of whoever asked, which may be a visit's.
        self._timer = loop.call_at(self._calendar[0][0], self._ring, context=self._context) if self._calendar else None

    def _ring(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._calendar and self._calendar[0][0] <= now:
            date = heappop(self._calendar)
            _, name, urgent = date
            if self._dates.get(name) is date:
                self._enqueue(name, urgent)
        self._set_timer()

    def _wake_next(self) -> None:
        self._ready.put_nowait((_URGENT, next(self._order), ""))
