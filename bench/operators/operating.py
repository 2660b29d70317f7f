"""What a running operator says of itself on its admin port."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import aiohttp

from bench.process import Command

LOOK_EVERY = 0.25
_RESOURCES = re.compile(r"^pds_operator_resources\{.*\} (\S+)$", re.MULTILINE)
_CALLS = re.compile(r'^pds_dependency_request_seconds_count\{.*dependency="(\w+)".*\} (\S+)$', re.MULTILINE)


class Admin:
    """The admin port of one operator.

    Args:
        client: Of its address.
    """

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client

    async def all_looked_at(self, number: int) -> float:
        """Wait until the operator counts so many resources; return when it did, on ``perf_counter``'s clock."""
        while True:
            if sum(float(value) for value in _RESOURCES.findall(await self._metrics())) >= number:
                return perf_counter()
            await asyncio.sleep(LOOK_EVERY)

    async def calls(self, dependency: str) -> float:
        """Return how many calls of a dependency it has made."""
        return sum(float(value) for name, value in _CALLS.findall(await self._metrics()) if name == dependency)

    async def _metrics(self) -> str:
        async with self._client.get("/metrics", raise_for_status=True) as answer:
            return await answer.text()


@asynccontextmanager
async def admin(operator: Command) -> AsyncIterator[Admin]:
    """Reach an operator's admin port."""
    async with aiohttp.ClientSession(f"http://127.0.0.1:{operator.admin_port}") as client:
        yield Admin(client)
