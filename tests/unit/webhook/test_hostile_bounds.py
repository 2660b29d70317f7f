"""What one sender can take of the webhook: connections, time before the headers' end, answers not taken, memory."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_runtime.public.connections import Bounds
from pds_stack.events import checkout_event
from pds_webhook.answers import Answer
from pds_webhook.bodies import Bodies

from .conftest import SECRET, USER, App, OpenApp
from .test_hostile_connections import POST, answers_in
from .test_webhook_routes import deliver

CUT = "pds_webhook_connections_cut_total"
SECONDS = 20.0


class Peer:
    """One connection to the application."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, sent: bytes) -> None:
        self.writer.write(sent)

    async def answer(self) -> tuple[int, str]:
        """The next answer's status and code."""
        heard = b""
        async with asyncio.timeout(SECONDS):
            while not (answers := answers_in(heard)):
                chunk = await self.reader.read(65536)
                assert chunk, f"no answer, but {heard!r} and the end"
                heard += chunk
        return answers[0][0], answers[0][1]["code"]

    async def ended(self) -> bool:
        """Wait for the connection's end, with nothing more said."""
        async with asyncio.timeout(SECONDS):
            try:
                return await self.reader.read() == b""
            except ConnectionError:
                return True


@contextlib.asynccontextmanager
async def connected(port: int, buffer: int | None = None) -> AsyncIterator[Peer]:
    """A connection, with so small a buffer for what it receives."""
    link = socket.socket()
    link.settimeout(0)
    if buffer is not None:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=link)
    try:
        yield Peer(reader, writer)
    finally:
        writer.transport.abort()


async def until(app: App, name: str, value: float, **labels: str) -> None:
    async with asyncio.timeout(SECONDS):
        while app.counted(name, **labels) != value:  # noqa: ASYNC110 - the counter tells nobody
            await asyncio.sleep(0.01)


@dataclass
class Hanging:
    """Somebody at Supabase's address, who takes requests and answers none."""

    reached: asyncio.Event
    hangs_up: asyncio.Event


@pytest.fixture
async def supabase(closed_port: int) -> AsyncIterator[Hanging]:
    hanging = Hanging(asyncio.Event(), asyncio.Event())

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hanging.reached.set()
        await hanging.hangs_up.wait()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", closed_port):
        yield hanging
        hanging.hangs_up.set()


async def test_headers_that_do_not_end_are_answered_408(open_app: OpenApp) -> None:
    async with open_app(lambda: SECRET, 5, Bounds(head=0.2)) as app, connected(app.port) as peer:
        peer.send(POST)
        assert await peer.answer() == (408, "header_timeout")
        assert await peer.ended()
        assert app.counted(CUT, reason="header_timeout") == 1


async def test_a_byte_now_and_then_gains_no_time(open_app: OpenApp) -> None:
    async with open_app(lambda: SECRET, 5, Bounds(head=0.3)) as app, connected(app.port) as peer:
        peer.send(POST)

        async def drip() -> None:
            while True:
                peer.send(b"a")
                await asyncio.sleep(0.02)  # the attack itself

        dripping = asyncio.create_task(drip())
        assert await peer.answer() == (408, "header_timeout")
        dripping.cancel()


async def test_the_headers_of_a_later_request_have_to_end_too(open_app: OpenApp) -> None:
    async with open_app(lambda: SECRET, 5, Bounds(head=0.2)) as app, connected(app.port) as peer:
        peer.send(POST + b"Content-Length: 0\r\n\r\n")
        assert await peer.answer() == (400, "invalid_signature")
        peer.send(POST)
        assert await peer.answer() == (408, "header_timeout")


async def test_silence_between_requests_is_no_late_header(open_app: OpenApp) -> None:
    async with open_app(lambda: SECRET, 5, Bounds(head=0.1)) as app, connected(app.port) as peer:
        async with connected(app.port) as late:  # its end says that the time of a header has passed
            late.send(b"P")
            assert await late.answer() == (408, "header_timeout")
        for _ in range(2):
            peer.send(POST + b"Content-Length: 0\r\n\r\n")
            assert await peer.answer() == (400, "invalid_signature")


@pytest.mark.parametrize("path", [b"/api/webhooks", b"/elsewhere"])
async def test_the_longest_idle_connection_makes_room(open_app: OpenApp, path: bytes) -> None:
    request = b"POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" % path
    async with (
        open_app(lambda: SECRET, 5, Bounds(connections=2)) as app,
        connected(app.port) as first,
        connected(app.port) as second,
    ):
        for peer in (second, first):  # who was answered last has waited least
            peer.send(request)
            assert (await peer.answer())[0] in {400, 404}
        async with connected(app.port) as third:
            assert await second.ended()
            for peer in (first, third):
                peer.send(request)
                assert (await peer.answer())[0] in {400, 404}
        assert app.counted(CUT, reason="made_room") == 1


async def test_a_request_that_is_being_answered_never_makes_room(open_app: OpenApp, supabase: Hanging) -> None:
    async with open_app(lambda: SECRET, 5, Bounds(connections=1)) as app:
        delivery = asyncio.create_task(deliver(app, checkout_event(user_id=USER, payment_status="unpaid")))
        await asyncio.wait_for(supabase.reached.wait(), SECONDS)
        async with connected(app.port) as other:
            assert await other.ended()
        assert app.counted(CUT, reason="refused") == 1
        supabase.hangs_up.set()
        response = await delivery
        assert (response.status_code, response.json()["code"]) == (503, "supabase_unavailable")
        async with connected(app.port) as later:
            later.send(POST + b"Content-Length: 0\r\n\r\n")
            assert await later.answer() == (400, "invalid_signature")


async def test_who_takes_no_answers_is_cut_off(open_app: OpenApp) -> None:
    async with open_app(lambda: SECRET, 5, Bounds(answer=0.3)) as app:
        (site,) = app.runner.sites
        server = site._server  # noqa: SLF001 - so that little fills its connections' buffers
        assert isinstance(server, asyncio.Server)
        (listener,) = server.sockets
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        async with connected(app.port, 4096) as peer:
            peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # of StreamWriter's transport
            peer.send((POST + b"Content-Length: 0\r\n\r\n") * 5_000)
            await until(app, CUT, 1, reason="answer_timeout")
            await until(app, "pds_webhook_connections", 0)


async def test_of_bodies_that_fill_the_memory_the_first_is_given_up() -> None:
    limit, verdicts = 4_000, asyncio.Queue[Answer | bytes]()
    bodies = Bodies(seconds=600, limit=limit)

    async def read(request: web.Request) -> web.Response:
        verdicts.put_nowait(await bodies.read(request))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", read)
    async with TestServer(app) as server, connected(server.port or 0) as slow, connected(server.port or 0) as good:
        head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000\r\n\r\n"
        slow.send(head + b"a" * 2_000)
        good.send(head + b"b" * 2_500)
        async with asyncio.timeout(SECONDS):
            given_up = await verdicts.get()
            assert isinstance(given_up, Answer)
            assert given_up.code.status == 408
            good.send(b"b" * 500)
            assert await verdicts.get() == b"b" * 3_000
