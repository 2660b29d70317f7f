"""When the customers of a namespace got on, as a bare watch of their resources sees it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from time import perf_counter
from typing import Any

import aiohttp

from bench.operators.customers import provisions

_PATIENCE = 240.0
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)
_LONGEST_LINE = 2**20


class Progress:
    """Moments of ``perf_counter``, by the resource's name."""

    def __init__(self) -> None:
        self.begun: dict[str, float] = {}
        """When the deploy was claimed."""
        self.ready: dict[str, float] = {}
        """When the resource was Ready first."""
        self._moved = asyncio.Condition()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is so; raise TimeoutError where it is not in time."""
        async with asyncio.timeout(_PATIENCE), self._moved:
            await self._moved.wait_for(holds)

    async def saw(self, resource: dict[str, Any]) -> None:
        """Note how a resource stands."""
        name, status, now = resource["metadata"]["name"], resource.get("status", {}), perf_counter()
        if status.get("attempts"):
            self.begun.setdefault(name, now)
        if any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", ())):
            self.ready.setdefault(name, now)
        async with self._moved:
            self._moved.notify_all()


@contextlib.asynccontextmanager
async def watched(client: aiohttp.ClientSession, namespace: str) -> AsyncIterator[Progress]:
    """Watch what changes in a namespace from now on until the block ends."""
    path = provisions(namespace)
    async with client.get(path, params={"limit": "1"}, raise_for_status=True) as answer:
        since = (await answer.json())["metadata"]["resourceVersion"]
    progress = Progress()
    watch = asyncio.create_task(_follow(client, path, since, progress))
    try:
        yield progress
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


async def _follow(client: aiohttp.ClientSession, path: str, since: str, progress: Progress) -> None:
    query = {"watch": "true", "resourceVersion": since, "timeoutSeconds": "3600"}
    async with client.get(
        path, params=query, timeout=_NO_TIMEOUT, read_bufsize=_LONGEST_LINE, raise_for_status=True
    ) as answer:
        async for line in answer.content:
            await progress.saw(json.loads(line)["object"])
