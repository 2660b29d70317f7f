"""The server time of the portal's pages, beside an empty aiohttp handler's in the same run.

``python bench/portal_page.py`` serves the portal with all that each request passes, and an application with one empty
handler, in this process; and asks for each page over one kept connection, the empty handler between every two of them,
so that both see the same machine. ``/dashboard`` is that of a signed-in customer whose PDS runs, with PDS_USE_MOCK: its
token is verified, the document masked, everything rendered; only Supabase and the backend are not waited for.
"""

# ruff: noqa: T201 - a script for a terminal, not a package
import argparse
import asyncio
import contextlib
import math
import secrets
import time
import uuid
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from pds_portal.app import public_app
from pds_portal.connecting import connect
from pds_portal.identity.cookies import ACCESS
from pds_portal.settings import PortalSettings
from pds_runtime.public.drain import UnderWay
from pds_stack.supabase.keys import issuer, user_token

PAGES = ("/pricing", "/signup", "/login", "/dashboard")
NOBODY = "http://127.0.0.1:9"
TARGET_SECONDS = 0.05


class Connection:
    """One kept connection, and as little of HTTP as a measurement needs."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cookie: str) -> None:
        self._reader, self._writer = reader, writer
        self._headers = f"Host: portal.example\r\nAccept: text/html\r\nCookie: {cookie}\r\n\r\n"

    async def seconds(self, path: str) -> float:
        """Ask for a page, and return the time from the request's first byte to the answer's last."""
        began = time.perf_counter()
        self._writer.write(f"GET {path} HTTP/1.1\r\n{self._headers}".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        await self._reader.readexactly(length)
        took = time.perf_counter() - began
        if " 200 " not in head.partition("\r\n")[0] + " ":
            raise SystemExit(f"{path} was answered otherwise: {head.partition(chr(13))[0]}")
        return took

    def close(self) -> None:
        """End it."""
        self._writer.close()


@contextlib.asynccontextmanager
async def connected(app: web.Application, cookie: str) -> AsyncIterator[Connection]:
    """Serve an application, and keep a connection to it."""
    async with TestServer(app) as server:
        connection = Connection(*await asyncio.open_connection(server.host, server.port), cookie)
        yield connection
        connection.close()


async def empty(_: web.Request) -> web.Response:
    """Answer as little as can be."""
    return web.Response()


async def measure(times: int) -> None:
    """Measure each page, and print the table."""
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
        pages = await closing.enter_async_context(connected(public_app(portal, UnderWay()), f"{ACCESS}={token}"))
        visitors = await closing.enter_async_context(connected(public_app(portal, UnderWay()), ""))
        nothing = await closing.enter_async_context(connected(bare, ""))
        print(
            f"{'milliseconds':14} {'times':>6} {'first':>8} {'p50':>8} {'p99':>8} {'empty p50':>10} {'ratio':>7}",
            flush=True,
        )
        for page in PAGES:
            asked = pages if page == "/dashboard" else visitors
            took, floor = [], []
            for _ in range(times):
                took.append(await asked.seconds(page))
                floor.append(await nothing.seconds("/"))
            print(line(page, took, floor), flush=True)


def line(page: str, took: list[float], floor: list[float]) -> str:
    """Tell a page's first time, when its template is read, its median and 99th percentile; and the ratio of medians."""
    half, rare, least = share(took, 0.5), share(took, 0.99), share(floor, 0.5)
    verdict = "" if half < TARGET_SECONDS else f"  over {TARGET_SECONDS * 1000:.0f} ms"
    figures = f"{took[0] * 1e3:8.2f} {half * 1e3:8.2f} {rare * 1e3:8.2f} {least * 1e3:10.2f} {half / least:7.1f}"
    return f"{page:14} {len(took):6} {figures}{verdict}"


def share(seconds: list[float], part: float) -> float:
    """Return the time that this share of all took at most."""
    return sorted(seconds)[math.ceil(len(seconds) * part) - 1]


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="Measure the server time of the portal's pages.")
    parser.add_argument("--times", type=int, default=500, help="how often each page (default: %(default)s)")
    asyncio.run(measure(parser.parse_args().times))


if __name__ == "__main__":
    main()
