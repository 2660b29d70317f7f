"""The server time of the portal's pages, beside that of an empty aiohttp handler.

The portal with all that each request passes, and an application with one empty handler, are served in this process.
Each page is asked for over one kept connection, the empty handler between every two of them, so that both see the same
machine. ``/dashboard`` is that of a signed-in customer whose PDS runs, with PDS_USE_MOCK: its token is verified, the
document masked, everything rendered; only Supabase and the backend are not waited for.
"""

import contextlib
import secrets
import uuid
from collections.abc import AsyncIterator
from time import perf_counter
from typing import NamedTuple

from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from bench.context import Context
from bench.figures import Figure, at_most, percentile
from bench.webhook.sender import Connection, UnexpectedAnswerError
from pds_portal.app import public_app
from pds_portal.connecting import connect
from pds_portal.identity.cookies import ACCESS
from pds_portal.settings import PortalSettings
from pds_runtime.public.drain import UnderWay
from pds_stack.supabase.keys import issuer, user_token

PAGES = ("/pricing", "/signup", "/login", "/dashboard")
NOBODY = "http://127.0.0.1:9"
TIMES, QUICK_TIMES = 500, 50
_MILLISECONDS = 1000.0


class Page(NamedTuple):
    """Where pages are asked for: a kept connection, and what a browser would send over it."""

    connection: Connection
    headers: str

    async def seconds(self, path: str) -> float:
        """Ask for a page, and return the time from the request's first byte to the answer's last."""
        request = f"GET {path} HTTP/1.1\r\n{self.headers}\r\n".encode()
        began = perf_counter()
        answer = await self.connection.exchange(request)
        took = perf_counter() - began
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise UnexpectedAnswerError(f"{path}: {answer[:100]!r}")
        return took


@contextlib.asynccontextmanager
async def connected(app: web.Application, cookie: str) -> AsyncIterator[Page]:
    """Serve an application, and keep a connection to it."""
    async with TestServer(app) as server:
        assert server.port  # noqa: S101 - it serves; for mypy
        connection = await Connection.open(server.port)
        yield Page(connection, f"Host: portal.example\r\nAccept: text/html\r\nCookie: {cookie}\r\n")
        connection.close()


async def empty(_: web.Request) -> web.Response:
    """Answer as little as can be."""
    return web.Response()


async def measure(context: Context) -> list[Figure]:
    """Ask for each page many times."""
    times = context.size(TIMES, QUICK_TIMES)
    figures = []
    async with _portal() as (visitor, customer, nobody):
        for page in PAGES:
            asked = customer if page == "/dashboard" else visitor
            await asked.seconds(page)  # the first one reads its template
            took: list[float] = []
            floors: list[float] = []
            for _ in range(context.rounds):
                pairs = [(await asked.seconds(page), await nobody.seconds("/")) for _ in range(times)]
                for kept, seconds in zip((took, floors), zip(*pairs, strict=True), strict=True):
                    kept.append(percentile(seconds, 0.5) * _MILLISECONDS)
            figures.append(Figure(f"portal: {page}, p50", "ms", took, floors, at_most(50)))
    return figures


@contextlib.asynccontextmanager
async def _portal() -> AsyncIterator[tuple[Page, Page, Page]]:
    """Serve the portal; yield connections of a visitor, of a customer, and to the empty handler."""
    secret = secrets.token_hex(32)
    settings = PortalSettings.model_validate(
        {
            "SUPABASE_URL": NOBODY,
            "SUPABASE_ANON_KEY": "anon",
            "supabase_jwt_secret": secret,
            "stripe_secret_key": "sk_test_bench",
            "next_public_stripe_price_id": "price_bench",
            "pds_api_url": f"{NOBODY}/api/v1",
            "pds_api_token": "token",
            "portal_url": "https://portal.example",
            "pds_use_mock": True,
        }
    )
    token = user_token(secret, str(uuid.uuid4()), "bench@users.example", issued_by=issuer(NOBODY))
    bare = web.Application()
    bare.router.add_get("/", empty)
    async with contextlib.AsyncExitStack() as closing:
        portal = await connect(settings, closing, CollectorRegistry())
        visitor = await closing.enter_async_context(connected(public_app(portal, UnderWay()), ""))
        customer = await closing.enter_async_context(connected(public_app(portal, UnderWay()), f"{ACCESS}={token}"))
        nobody = await closing.enter_async_context(connected(bare, ""))
        yield visitor, customer, nobody
