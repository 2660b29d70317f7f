"""How all resources stand, by one watch: asking for each of a thousand customers would cost more than serving them."""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from faults.exchange import Dependency
from faults.upstreams import Upstreams
from pds_contract.resource import GROUP, PLURAL, VERSION, PdsProvision

PATH = f"/apis/{GROUP}/{VERSION}/{PLURAL}"
LONGEST_LINE = 4 * 1024 * 1024


class Standings:
    """The newest known state of the resources that somebody waits for. Made by ``watching``."""

    def __init__(self) -> None:
        self._newest: dict[str, PdsProvision] = {}
        self._changed: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def of(self, name: str) -> PdsProvision | None:
        """Return the newest known state of a resource."""
        return self._newest.get(name)

    async def change(self, name: str, seconds: float) -> None:
        """Wait until a resource changes, for so many seconds at most."""
        event = self._changed[name]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
        event.clear()

    def forget(self, name: str) -> None:
        """Nobody waits for it any more."""
        self._newest.pop(name, None)
        self._changed.pop(name, None)

    def take(self, event: Any) -> None:
        """Take in one event of the watch."""
        name = event["object"].get("metadata", {}).get("name")
        if event["type"] in {"ADDED", "MODIFIED"} and name in self._changed:
            self.know(PdsProvision.model_validate(event["object"]))

    def know(self, provision: PdsProvision) -> None:
        """Take in a state that the watch, or one's own write, has told of; an older one tells nothing."""
        name = provision.metadata.name
        known = self._newest.get(name)
        if known is None or int(known.metadata.resource_version) < int(provision.metadata.resource_version):
            self._newest[name] = provision
            self._changed[name].set()

    def expect(self, name: str) -> None:
        """Begin to keep a resource's states; before it is made."""
        self._changed[name].clear()


@contextlib.asynccontextmanager
async def watching(upstreams: Upstreams) -> AsyncIterator[Standings]:
    """Watch the resources of all namespaces until the block ends."""
    standings = Standings()
    task = asyncio.create_task(_follow(upstreams, standings))
    try:
        yield standings
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task  # a fault of the watch itself shows


async def _follow(upstreams: Upstreams, standings: Standings) -> None:
    upstream = upstreams.of[Dependency.KUBERNETES]
    while True:
        # Without a resourceVersion a watch begins with all that there is.
        with contextlib.suppress(aiohttp.ClientError):
            async with upstreams.session.get(
                f"{upstream.url}{PATH}",
                params={"watch": "true"},
                headers=upstream.headers,
                ssl=upstream.tls,
                read_bufsize=LONGEST_LINE,
            ) as answer:
                answer.raise_for_status()
                async for line in answer.content:
                    standings.take(json.loads(line))
        await asyncio.sleep(0.1)
