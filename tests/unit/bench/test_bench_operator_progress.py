"""When customers got on, as the resources' changes tell it."""

import asyncio
from typing import Any

import pytest

from bench.operators.watching import Progress

DEPLOYING = {"type": "Ready", "status": "False"}
READY = {"type": "Ready", "status": "True"}


def resource(name: str, **status: object) -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": status}


async def test_the_first_moment_of_each_counts() -> None:
    progress = Progress()
    await progress.saw(resource("a"))
    assert not progress.begun
    await progress.saw(resource("a", attempts=1, conditions=[DEPLOYING]))
    begun = progress.begun["a"]
    assert not progress.ready
    await progress.saw(resource("a", attempts=1, conditions=[READY]))
    ready = progress.ready["a"]
    await progress.saw(resource("a", attempts=2, conditions=[READY]))
    assert (progress.begun, progress.ready) == ({"a": begun}, {"a": ready})
    assert begun <= ready


async def test_whoever_waits_hears_of_it() -> None:
    progress = Progress()
    waiting = asyncio.ensure_future(progress.until(lambda: len(progress.ready) == 2))
    for name in ("a", "b"):
        assert not waiting.done()
        await progress.saw(resource(name, conditions=[READY]))
    await asyncio.wait_for(waiting, 10)


async def test_what_is_not_seen_is_waited_for() -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(Progress().until(lambda: False), 0.01)
