"""The reconciler: what the watch tells goes into the queue, workers take it out and visit."""

import asyncio
import logging
import random
from datetime import UTC, datetime

from pds_contract.resource import PdsProvision
from pds_operator import metrics
from pds_operator.protocol.policy import Policy
from pds_operator.protocol.schedule import first_look, is_settled, retry_delay
from pds_operator.reconciler.sightings import Sightings
from pds_operator.reconciler.visit import Visitor
from pds_operator.reconciler.watched import Watched
from pds_operator.reconciler.work_queue import WorkQueue

logger = logging.getLogger(__name__)


class Reconciler:
    """Visits every resource that needs it, one worker a resource at a time.

    Args:
        visitor: Does a visit.
        queue: The names to visit.
        sightings: What is remembered between visits.
        policy: The protocol's settings.
        watched: What the watch has told of, and what our own writes left.
        workers: How many visits may be under way.
    """

    def __init__(
        self,
        visitor: Visitor,
        queue: WorkQueue,
        sightings: Sightings,
        policy: Policy,
        watched: Watched,
        *,
        workers: int,
    ) -> None:
        self._visitor = visitor
        self._queue = queue
        self._sightings = sightings
        self._policy = policy
        self._watched = watched
        self._workers = [
            asyncio.create_task(self._work(), name=f"reconciler worker {number}") for number in range(workers)
        ]

    def noticed(self, provision: PdsProvision) -> None:
        """Take up a resource that was listed, made or changed."""
        name = provision.metadata.name
        self._watched.add(name)
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

    def close(self) -> None:
        """Begin nothing more."""
        self._queue.close()

    async def drain(self) -> None:
        """Finish what is under way, begin nothing."""
        self.close()
        await asyncio.gather(*self._workers)

    async def _work(self) -> None:
        while (name := await self._queue.take()) is not None:
            rest: float | None = None
            try:
                rest = await self._visitor.visit(name)
                metrics.VISITS.labels(end="rest").inc()
            except Exception:
                # A fault of ours in one resource must not stop the others, nor lose the customer.
                logger.exception("a visit broke off", extra={"provision": name})
                metrics.VISITS.labels(end="fault").inc()
                self._sightings.polled(name)
                rest = retry_delay(self._sightings.polls(name), self._policy, random.random())  # noqa: S311 - jitter
            finally:
                self._queue.done(name)
            if rest is not None and not self._queue.closed:
                self._queue.add(name, rest, urgent=False)
