"""The queue of names: each at one worker at a time, urgent ones first, dates kept."""

# ruff: noqa: S311 - random orders, of a fixed seed, are no secrets
import asyncio
import random
from collections.abc import Awaitable

import pytest

from pds_operator.reconciler.work_queue import SPARE_DATES, WorkQueue

PATIENCE = 10.0
NEVER = 3600.0


@pytest.fixture
async def queue() -> WorkQueue:
    return WorkQueue()


async def soon(waited: Awaitable[str | None]) -> str | None:
    async with asyncio.timeout(PATIENCE):
        return await waited


async def take_all(queue: WorkQueue) -> list[str]:
    """Visit everything that is ready now, in order."""
    names = []
    while len(queue):
        name = await soon(queue.take())
        assert name is not None
        names.append(name)
        queue.done(name)
    return names


async def test_first_come_first_served(queue: WorkQueue) -> None:
    for name in "abc":
        queue.add(name)
    assert await take_all(queue) == ["a", "b", "c"]


async def test_urgent_ones_come_before_routine_ones(queue: WorkQueue) -> None:
    queue.add("a", urgent=False)
    queue.add("b", urgent=False)
    queue.add("c")
    queue.add("d")
    assert await take_all(queue) == ["c", "d", "a", "b"]


async def test_one_that_becomes_urgent_moves_ahead_and_is_visited_once(queue: WorkQueue) -> None:
    queue.add("a", urgent=False)
    queue.add("b", urgent=False)
    queue.add("b", urgent=True)
    queue.add("b", urgent=False)
    assert await take_all(queue) == ["b", "a"]
    queue.add("c", urgent=False)
    assert await take_all(queue) == ["c"], "nothing is left of the second entry"


async def test_a_name_is_in_it_once(queue: WorkQueue) -> None:
    for _ in range(3):
        queue.add("a")
    assert len(queue) == 1
    assert await take_all(queue) == ["a"]


async def test_a_take_waits_for_an_add(queue: WorkQueue) -> None:
    taking = asyncio.ensure_future(queue.take())
    queue.add("a")
    assert await soon(taking) == "a"


async def test_a_delay_is_waited_out(queue: WorkQueue) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    queue.add("a", 0.05)
    assert len(queue) == 0
    assert await soon(queue.take()) == "a"
    assert loop.time() - begun >= 0.05


@pytest.mark.parametrize("delays", [(NEVER, 0.01), (0.01, NEVER), (NEVER, 0.0), (0.0, NEVER)])
async def test_the_earlier_of_two_dates_holds(queue: WorkQueue, delays: tuple[float, float]) -> None:
    for delay in delays:
        queue.add("a", delay)
    assert await soon(queue.take()) == "a"
    queue.done("a")
    assert len(queue) == 0, "the later date is gone"


async def test_a_name_that_is_being_visited_is_at_nobody_else(queue: WorkQueue) -> None:
    queue.add("a")
    assert await soon(queue.take()) == "a"
    queue.add("a")
    queue.add("b", urgent=False)
    assert await soon(queue.take()) == "b", "though a is urgent, and came first"


async def test_an_add_during_a_visit_takes_effect_after_it(queue: WorkQueue) -> None:
    queue.add("a")
    await soon(queue.take())
    queue.add("a")
    assert len(queue) == 0
    queue.done("a")
    assert await soon(queue.take()) == "a"


async def test_of_two_adds_during_a_visit_the_earlier_and_the_more_urgent_hold(queue: WorkQueue) -> None:
    queue.add("a")
    await soon(queue.take())
    queue.add("a", NEVER, urgent=True)
    queue.add("a", 0.0, urgent=False)
    queue.add("a", NEVER, urgent=False)
    queue.add("b", urgent=False)
    queue.done("a")
    assert await take_all(queue) == ["a", "b"]


async def test_an_edit_during_a_visit_comes_before_the_date_that_the_visit_asks_for(queue: WorkQueue) -> None:
    queue.add("a")
    await soon(queue.take())
    queue.add("a")
    queue.done("a")
    queue.add("a", NEVER, urgent=False)
    assert await soon(queue.take()) == "a"


async def test_close_lets_every_waiting_take_end(queue: WorkQueue) -> None:
    takers = [asyncio.ensure_future(queue.take()) for _ in range(5)]
    await asyncio.sleep(0)
    queue.close()
    assert queue.closed
    assert await asyncio.wait_for(asyncio.gather(*takers), PATIENCE) == [None] * 5


async def test_after_close_nothing_more_is_taken(queue: WorkQueue) -> None:
    queue.add("a")
    queue.add("b", urgent=False)
    queue.add("c", 0.001)
    queue.close()
    assert [await soon(queue.take()) for _ in range(3)] == [None] * 3


async def test_a_visit_under_way_is_finished_after_close(queue: WorkQueue) -> None:
    queue.add("a")
    assert await soon(queue.take()) == "a"
    queue.add("a")
    queue.close()
    queue.done("a")
    assert await soon(queue.take()) is None


@pytest.mark.parametrize("seed", range(5))
async def test_many_workers_never_visit_one_name_at_once_and_none_is_lost(queue: WorkQueue, seed: int) -> None:
    chance = random.Random(seed)
    visiting: set[str] = set()
    wanted: dict[str, int] = {}
    visited: dict[str, int] = {}
    finished = asyncio.Event()
    clock = 0

    async def work() -> None:
        nonlocal clock
        while (name := await queue.take()) is not None:
            assert name not in visiting, f"{name} is at two workers"
            visiting.add(name)
            clock += 1
            visited[name] = clock
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            visiting.remove(name)
            queue.done(name)
            if all(visited.get(each, 0) > when for each, when in wanted.items()):
                finished.set()

    workers = [asyncio.create_task(work()) for _ in range(8)]
    for _ in range(500):
        name = chance.choice("abcdefghij")
        finished.clear()
        clock += 1
        wanted[name] = clock
        queue.add(name, chance.choice([0.0, 0.0, 0.001]), urgent=chance.random() < 0.5)
        await asyncio.sleep(0)
    await asyncio.wait_for(finished.wait(), PATIENCE)  # each name was visited after it was last asked for
    queue.close()
    await asyncio.wait_for(asyncio.gather(*workers), PATIENCE)


async def test_dates_that_hold_no_more_do_not_pile_up(queue: WorkQueue) -> None:
    for _ in range(5 * SPARE_DATES):
        queue.add("a", NEVER)
        queue.add("a")
        assert await take_all(queue) == ["a"]
    queue.add("b", NEVER)
    assert len(queue._calendar) <= SPARE_DATES + 2  # noqa: SLF001 - nothing else tells of them
    queue.add("a", 0.01)
    assert await soon(queue.take()) == "a", "the date that holds is still there"
