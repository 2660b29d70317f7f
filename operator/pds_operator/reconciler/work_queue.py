"""A queue of names: each at most once in it and at one worker at a time, now or after a delay."""

import asyncio
from itertools import count

_URGENT, _ROUTINE = 0, 1


class WorkQueue:
    """Names to visit. Urgent ones come before routine ones; within each, first come first served."""

    def __init__(self) -> None:
        self._ready: asyncio.PriorityQueue[tuple[int, int, str]] = asyncio.PriorityQueue()
        self._order = count()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._queued: dict[str, int] = {}
        self._visited: set[str] = set()
        self._again: dict[str, tuple[float, bool]] = {}
        self._closed = False

    def __len__(self) -> int:
        return len(self._queued)

    @property
    def delayed(self) -> int:
        """How many names wait for their time; those that wait for a worker are the queue's length."""
        return len(self._timers)

    @property
    def closed(self) -> bool:
        """Whether nothing more is taken from the queue."""
        return self._closed

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
        timer = self._timers.get(name)
        if delay > 0:
            if name in self._queued or (timer is not None and timer.when() <= loop.time() + delay):
                return
            self._cancel(name)
            self._timers[name] = loop.call_later(delay, self._enqueue, name, urgent)
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
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._wake_next()

    def _enqueue(self, name: str, urgent: bool) -> None:  # noqa: FBT001 - call_later passes no keywords
        self._cancel(name)
        priority = _URGENT if urgent else _ROUTINE
        self._queued[name] = priority
        self._ready.put_nowait((priority, next(self._order), name))

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _wake_next(self) -> None:
        self._ready.put_nowait((_URGENT, next(self._order), ""))
