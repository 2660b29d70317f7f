"""The reconciler: what the watch tells goes into the queue, workers take it out and visit."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from pds_contract.resource import PdsProvision
from pds_operator import metrics
from pds_operator.protocol.policy import Policy
from pds_operator.protocol.schedule import first_look, is_settled, retry_delay
from pds_operator.reconciler.sightings import Sightings
from pds_operator.reconciler.watched import Watched
from pds_operator.reconciler.work_queue import WorkQueue
from pds_runtime.logs import about

logger = logging.getLogger(__name__)


class Reconciler:
    """Visits every resource that needs it, one worker a resource at a time.

    Args:
        visit: Visits a resource; returns in how many seconds to come back, None: when it changes.
        queue: The names to visit.
        sightings: What is remembered between visits.
        policy: The protocol's settings.
        watched: What the watch has told of, and what our own writes left.
        workers: How many visits may be under way.
    """

    def __init__(
        self,
        visit: Callable[[str], Awaitable[float | None]],
        queue: WorkQueue,
        sightings: Sightings,
        policy: Policy,
        watched: Watched,
        *,
        workers: int,
    ) -> None:
        self._visits = visit
        self._queue = queue
        self._sightings = sightings
        self._policy = policy
        self._watched = watched
        self._meanwhile: dict[str, PdsProvision] = {}
        self._workers = [
            asyncio.create_task(self._work(), name=f"reconciler worker {number}") for number in range(workers)
        ]

    def noticed(self, provision: PdsProvision) -> None:
        """Take up a resource that was listed, made or changed."""
        name = provision.metadata.name
        self._watched.add(name)
        if self._queue.is_visited(name):
            # Most often it is the visit's own write, of which the watch tells before the write's answer is here.
            self._meanwhile[name] = provision
            return
        if not self._watched.saw(provision):
            metrics.EVENTS_DROPPED.inc()
            return
        delay = first_look(provision, datetime.now(UTC), self._policy, random.random())  # noqa: S311 - jitter
        if delay is not None:
            self._queue.add(name, delay, urgent=not is_settled(provision))

    def look_at(self, name: str) -> None:
        """Take up a resource of which no more than the name is known."""
        self._watched.add(name)
        self._queue.add(name)

    @property
    def stuck(self) -> str | None:
        """What does not move any more: workers that have ended, though nobody asked them to; None: all move."""
        ended = sum(worker.done() for worker in self._workers)
        return f"{ended} of {len(self._workers)} workers have ended" if ended and not self._queue.closed else None

    def close(self) -> None:
        """Begin nothing more."""
        self._queue.close()

    async def drain(self) -> None:
        """Finish what is under way, begin nothing."""
        self.close()
        for end in await asyncio.gather(*self._workers, return_exceptions=True):
            if end is not None:  # the others finish all the same
                logger.error("a worker had ended before its time", exc_info=end)

    async def _work(self) -> None:
        while (name := await self._queue.take()) is not None:
            rest: float | None = None
            try:
                with about(provision=name):
                    rest = await self._visit(name)
            finally:
                self._queue.done(name)
            if (seen := self._meanwhile.pop(name, None)) is not None and not self._queue.closed:
                self.noticed(seen)
            if rest is not None and not self._queue.closed:
                self._queue.add(name, rest, urgent=False)

    async def _visit(self, name: str) -> float | None:
        try:
            rest = await self._visits(name)
        except Exception:
            # A fault of ours in one resource must not stop the others, nor lose the customer. Dependencies' errors are
            # the visit's own to deal with; none of them gets here.
            logger.exception("a visit broke off")
            metrics.VISITS.labels(end="fault").inc()
            self._sightings.polled(name)
            return retry_delay(self._sightings.polls(name), self._policy, random.random())  # noqa: S311 - jitter
        metrics.VISITS.labels(end="rest").inc()
        return rest
