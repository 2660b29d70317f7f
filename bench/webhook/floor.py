"""The same calls in the same order, by bare clients with pools of kept connections."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import Self

import aiohttp

from bench.api_server import GROUP, ApiServer
from bench.webhook.checkouts import Checkout

_UPSERT = "/rest/v1/rpc/record_subscription"


class Floor:
    """Two bare clients; an async context manager."""

    def __init__(self, api: ApiServer, settings: Mapping[str, str], namespace: str) -> None:
        key = settings["SUPABASE_SERVICE_ROLE_KEY"]
        self._kubernetes = api.session()
        self._supabase = aiohttp.ClientSession(
            settings["SUPABASE_URL"], headers={"apikey": key, "Authorization": f"Bearer {key}"}
        )
        self._namespace = namespace
        self._provisions = f"{GROUP}/namespaces/{namespace}/pdsprovisions"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._kubernetes.close()
        await self._supabase.close()

    async def take(self, checkouts: Sequence[Checkout], at_once: int) -> list[float]:
        """Do what the webhook does for these checkouts, so many at once; return the seconds of each."""
        waiting, seconds = iter(checkouts), list[float]()
        await asyncio.gather(*(self._worker(waiting, seconds) for _ in range(at_once)))
        return seconds

    async def _worker(self, waiting: Iterator[Checkout], seconds: list[float]) -> None:
        for checkout in waiting:
            began = perf_counter()
            await self._calls(checkout)
            seconds.append(perf_counter() - began)

    async def _calls(self, checkout: Checkout) -> None:
        async with self._supabase.post(_UPSERT, json=checkout.row()) as answer:
            answer.raise_for_status()
            await answer.json()
        manifest = checkout.manifest(self._namespace)
        async with self._kubernetes.post(self._provisions, json=manifest) as answer:
            await answer.json()
            if answer.status != 409:
                answer.raise_for_status()
                return
        async with self._kubernetes.get(f"{self._provisions}/{checkout.name}") as answer:
            answer.raise_for_status()
            await answer.json()
