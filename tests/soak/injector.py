"""Carries a schedule out: the faults in the exchanges of all processes, the kills and pauses between them."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from faults.choosers import Chooser
from faults.exchange import Exchange
from faults.fault import Fault
from faults.supervised import Supervised
from soak.schedule import Blow, Injection, Schedule, Victim

WITHIN = 2.0
"""Seconds in which a fault has to meet an exchange."""


@dataclass(frozen=True)
class Struck:
    """A process that goes on by itself some time after it was paused: from when it stands still, not from before.

    Args:
        process: The process.
        resume: Lets it go on.
    """

    process: Supervised
    resume: Callable[[Supervised], None]

    async def kill(self) -> None:
        """Kill it."""
        await self.process.kill()

    async def pause(self) -> None:
        """Pause it for a while."""
        await self.process.pause()
        self.resume(self.process)


class Injector:
    """Injects what is due. Where two faults are due for one exchange, the earlier one comes first.

    Args:
        schedule: What to inject.
        processes: Whom to hit.
    """

    def __init__(self, schedule: Schedule, processes: Mapping[Victim, Supervised]) -> None:
        self.injected: Counter[str] = Counter()
        self._schedule = schedule
        self._processes = processes
        self._began = time.monotonic()
        self._next = 0
        self._due: list[Injection] = []
        self._over = False
        self._pause = 0.0
        self._resuming: set[asyncio.Task[None]] = set()

    def chooser(self) -> Chooser:
        """Return what chooses the faults in the exchanges of all processes."""
        return self._choose

    def target(self, victim: Victim) -> "Struck":
        """Return one process as faults in its exchanges strike it."""
        return Struck(self._processes[victim], self.resume)

    def resume(self, process: Supervised) -> None:
        """Let a process that was just paused go on after a while; at once where all is over."""
        self._resume_after(process, 0.0 if self._over else self._pause)

    async def run(self) -> None:
        """Kill and pause until the last blow has fallen."""
        for blow in self._schedule.blows:
            await asyncio.sleep(max(0.0, blow.at - self._now()))
            await self._strike(blow)

    async def stop(self) -> None:
        """Inject nothing more, and let every process go on."""
        self._over = True
        for task in self._resuming:
            task.cancel()
        await asyncio.gather(*self._resuming, return_exceptions=True)
        for process in self._processes.values():
            await process.resume()

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _choose(self, exchange: Exchange) -> Fault | None:
        injections, now = self._schedule.injections, self._now()
        while self._next < len(injections) and injections[self._next].at <= now:
            self._due.append(injections[self._next])
            self._next += 1
        if self._over:
            return None
        # What has met nothing in time is dropped: piled up while nobody leads, it would kill the next one to lead.
        self._due = [injection for injection in self._due if now - injection.at < WITHIN]
        for injection in self._due:
            if injection.fits(exchange):
                self._due.remove(injection)
                whom = exchange.background or exchange.dependency
                self.injected[f"{injection.fault} {whom}"] += 1
                self._pause = injection.pause
                return injection.fault
        return None

    async def _strike(self, blow: Blow) -> None:
        process = self._processes[blow.victim]
        self.injected[f"{'kill' if blow.pause is None else 'pause'} {blow.victim}"] += 1
        if blow.pause is None:
            await process.kill()
        else:
            await process.pause()
            self._resume_after(process, blow.pause)

    def _resume_after(self, process: Supervised, seconds: float) -> None:
        async def resume() -> None:
            await asyncio.sleep(seconds)
            await process.resume()

        task = asyncio.create_task(resume())
        self._resuming.add(task)
        task.add_done_callback(self._resuming.discard)
