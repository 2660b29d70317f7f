"""In front of the API server: its watches told late and cut off at random, everything else as it is."""

import asyncio
import contextlib
import json
import random
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_clients.kubernetes import KubernetesApi

_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


@dataclass
class Watches:
    """What is done to watches, and how often it was done.

    Args:
        chance: The source of all that is random.
        longest_delay: Seconds by which a piece of a watch is late, at most; the order is kept.
        longest_life: Seconds after which a watch is cut, at most.
    """

    chance: random.Random
    longest_delay: float = 1.5
    longest_life: float = 4.0
    cut: int = 0
    delayed: int = 0


@dataclass
class WatchProxy:
    """The proxy's handler.

    Args:
        upstream: The API server, without a slash at the end.
        session: To it.
        watches: What to do to watches.
    """

    upstream: str
    session: aiohttp.ClientSession
    watches: Watches
    kubeconfig: str = field(default="", init=False)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass one request on."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        body = await request.read()
        async with self.session.request(
            request.method, f"{self.upstream}{request.raw_path}", headers=headers, data=body or None
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            if request.query.get("watch") not in {"1", "true"}:
                return web.Response(status=answer.status, headers=kept, body=await answer.read())
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            await self._tell_late(request, response, answer.content)
            return response

    async def _tell_late(self, request: web.Request, response: web.StreamResponse, told: aiohttp.StreamReader) -> None:
        watches = self.watches
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(watches.chance.uniform(0.1, watches.longest_life)):
                async for piece in told.iter_any():
                    watches.delayed += 1
                    await asyncio.sleep(watches.chance.uniform(0.0, watches.longest_delay))
                    await response.write(piece)
        watches.cut += 1
        if request.transport is not None:
            request.transport.abort()


@contextlib.asynccontextmanager
async def watch_proxy(api: KubernetesApi, watches: Watches, folder: Path) -> AsyncIterator[Path]:
    """Run the proxy; yield a kubeconfig that leads through it."""
    connection = await api.connection()
    trusted = ssl.create_default_context(cafile=connection.authority)
    timeout = aiohttp.ClientTimeout(total=None, connect=10)
    connector = aiohttp.TCPConnector(ssl=trusted, limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
        proxy = WatchProxy(connection.server, session, watches)
        app = web.Application(client_max_size=16 * 1024**2)
        app.router.add_route("*", "/{path:.*}", proxy.handle)
        async with TestServer(app) as server:
            kubeconfig = folder / "kubeconfig"
            kubeconfig.write_text(_kubeconfig(str(server.make_url("")).rstrip("/"), connection.token or ""))
            yield kubeconfig


def _kubeconfig(server: str, token: str) -> str:
    # JSON is YAML too.
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "stack", "cluster": {"server": server}}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "stack", "context": {"cluster": "stack", "user": "admin"}}],
            "current-context": "stack",
        }
    )
