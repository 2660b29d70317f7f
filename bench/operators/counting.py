"""What the operator asked of others, as they have counted it themselves: the API server and the simulated backend."""

import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import aiohttp

from bench.operators.customers import provisions

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE", "DELETECOLLECTION", "APPLY"})
WRITTEN = frozenset({"pdsprovisions", "secrets", "events"})
"""What the operator writes, but for its Lease; the API server writes other things on its own account."""
LIST = "LIST"
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Requests:
    """Requests by verb and resource, as ``apiserver_request_total`` has them, since the API server's start."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    async def now(cls, client: aiohttp.ClientSession) -> "Requests":
        """Ask the API server."""
        counts: Counter[tuple[str, str]] = Counter()
        async with client.get("/metrics", raise_for_status=True) as answer:
            for line in (await answer.text()).splitlines():
                if line.startswith("apiserver_request_total{"):
                    labels, _, number = line.rpartition(" ")
                    of = dict(_LABEL.findall(labels))
                    counts[of["verb"], of["resource"]] += int(float(number))
        return cls(counts)

    def since(self, before: "Requests") -> "Requests":
        """Return those that came after an earlier look."""
        return Requests(self.counts - before.counts)

    def of(self, verb: str, resource: str) -> int:
        """Return how many there were of one kind."""
        return self.counts[verb, resource]

    def writes(self) -> int:
        """Return how many wrote what the operator writes, its Lease aside."""
        return sum(count for (verb, resource), count in self.counts.items() if verb in WRITES and resource in WRITTEN)


async def resources(client: aiohttp.ClientSession, namespace: str) -> int:
    """Return how many PdsProvisions a namespace has."""
    async with client.get(provisions(namespace), params={"limit": "1"}, raise_for_status=True) as answer:
        page = await answer.json()
    return len(page["items"]) + int(page["metadata"].get("remainingItemCount", 0))


class Backend:
    """The simulated backend's switches and log.

    Args:
        client: Of its address without a path.
    """

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client

    async def behave(self, **behaviour: object) -> None:
        """Have it forget everything, and behave so from now on."""
        async with self._client.delete("/_control", raise_for_status=True):
            pass
        async with self._client.patch("/_control/behaviour", json=behaviour, raise_for_status=True):
            pass

    async def calls(self) -> int:
        """Return how many calls it has had since."""
        async with self._client.get("/_control/requests", raise_for_status=True) as answer:
            return len(await answer.json())


@contextlib.asynccontextmanager
async def backend(settings: Mapping[str, str]) -> AsyncIterator[Backend]:
    """Reach the local stack's."""
    async with aiohttp.ClientSession(settings["PDS_API_URL"].removesuffix("/api/v1")) as client:
        yield Backend(client)
