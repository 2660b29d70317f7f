"""The reconciler's workers: one that ends though nobody asked it to is what a restart mends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from pds_operator.clock import boottime
from pds_operator.reconciler.reconciler import Reconciler
from pds_operator.reconciler.sightings import Sightings
from pds_operator.reconciler.watched import Watched
from pds_operator.reconciler.work_queue import WorkQueue
from stages.protocol_stage import PROBE


class Visits:
    """Visits that go as the test says, in the place of real ones."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.go: Callable[[], Awaitable[float | None]]

    async def visit(self, name: str) -> float | None:
        self.names.append(name)
        return await self.go()


@pytest.fixture
async def queue() -> WorkQueue:
    return WorkQueue()


@pytest.fixture
async def visits() -> Visits:
    return Visits()


@pytest.fixture
async def reconciler(queue: WorkQueue, visits: Visits) -> AsyncIterator[Reconciler]:
    made = Reconciler(visits.visit, queue, Sightings(boottime), PROBE, Watched(), workers=2)
    yield made
    await made.drain()


async def turns(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_workers_that_work_or_wait_are_not_stuck(
    reconciler: Reconciler, queue: WorkQueue, visits: Visits
) -> None:
    go_on = asyncio.Event()

    async def long() -> None:
        await go_on.wait()

    visits.go = long
    for name in ("a", "b", "c"):
        queue.add(name)
    await turns()
    assert (visits.names, reconciler.stuck) == (["a", "b"], None), "a visit may last as long as it has to"
    go_on.set()
    await turns()
    assert (visits.names, reconciler.stuck) == (["a", "b", "c"], None)


async def test_a_fault_in_a_visit_ends_no_worker(reconciler: Reconciler, queue: WorkQueue, visits: Visits) -> None:
    async def fail() -> None:
        raise RuntimeError("a fault of ours")

    visits.go = fail
    queue.add("a")
    await turns()
    assert (visits.names, reconciler.stuck) == (["a"], None)


async def test_a_worker_that_has_ended_is_told(reconciler: Reconciler, queue: WorkQueue, visits: Visits) -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    visits.go = cancelled
    queue.add("a")
    await turns()
    assert reconciler.stuck == "1 of 2 workers have ended"
    reconciler.close()
    await turns()
    assert reconciler.stuck is None, "all of them end when asked to"


async def test_a_worker_that_has_ended_keeps_no_other_from_finishing(
    reconciler: Reconciler, queue: WorkQueue, visits: Visits
) -> None:
    go_on, finished = asyncio.Event(), list[str]()

    async def cancelled_or_long() -> None:
        if visits.names[-1] == "a":
            raise asyncio.CancelledError
        await go_on.wait()
        finished.append("b")

    visits.go = cancelled_or_long
    queue.add("a")
    await turns()
    queue.add("b")
    await turns()
    draining = asyncio.create_task(reconciler.drain())
    await turns()
    assert not draining.done()
    go_on.set()
    await draining
    assert finished == ["b"]
