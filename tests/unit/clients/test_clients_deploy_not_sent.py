"""A deploy of which nothing reached the backend says so, and only then."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from pds_clients.backend import PdsBackend
from pds_contract.deploy import Deployed, NotSent
from pds_stack.backend import BackendSimulator

from .conftest import TOKEN, Canned, OpenBackend, deploy


class Clock:
    """Says whether there is still time, and how often it was asked."""

    def __init__(self, *, in_time: bool) -> None:
        self._in_time = in_time
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self._in_time


async def test_too_late_at_the_first_byte_nothing_is_sent(backend: PdsBackend, simulator: BackendSimulator) -> None:
    clock = Clock(in_time=False)
    outcome = await deploy(backend, in_time=clock)
    assert outcome == NotSent("the time to send the deploy was over before the connection stood")
    assert clock.asked == 1
    # A later request shows that the server is there, and would have logged an earlier one.
    assert await deploy(backend) == Deployed(800)
    assert len(simulator.requests.select()) == 1


async def test_too_late_not_a_single_byte_is_sent(canned: Canned, open_backend: OpenBackend) -> None:
    canned.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    backend = await open_backend(canned.url)
    assert isinstance(await deploy(backend, in_time=lambda: False), NotSent)
    assert await deploy(backend) == Deployed(None)
    assert canned.connections == 2, "the clock is looked at when the connection stands, not before"
    assert len(canned.received) == 1


async def test_the_clock_is_looked_at_once_for_headers_and_body_which_leave_in_one_piece(
    backend: PdsBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    send = socket.socket.send

    def noted(self: socket.socket, data: bytes, *flags: int) -> int:
        sent.append(bytes(data))
        return send(self, data, *flags)

    monkeypatch.setattr(socket.socket, "send", noted)
    clock = Clock(in_time=True)
    assert await deploy(backend, in_time=clock) == Deployed(800)
    assert clock.asked == 1
    (request,) = (each for each in sent if each.startswith(b"POST "))
    assert b"correct-horse" in request


async def test_a_refused_connection(closed_port: int, open_backend: OpenBackend) -> None:
    clock = Clock(in_time=True)
    outcome = await deploy(await open_backend(f"http://127.0.0.1:{closed_port}"), in_time=clock)
    assert outcome == NotSent("the backend could not be reached (ClientConnectorError)")
    assert clock.asked == 0


async def test_a_name_that_does_not_resolve(open_backend: OpenBackend) -> None:
    # RFC 2606: no name under .invalid ever does.
    assert isinstance(await deploy(await open_backend("http://backend.invalid/api/v1")), NotSent)


async def test_a_server_that_speaks_no_tls(open_backend: OpenBackend) -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    clock = Clock(in_time=True)
    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        outcome = await deploy(await open_backend(url), in_time=clock)
    assert outcome == NotSent("the backend could not be reached (ClientConnectorSSLError)")
    assert clock.asked == 0


@pytest.mark.parametrize("token", ["zqxj\nzqxj", "zqxj\r\nX-Evil: 1", "zqxj\x00", "zqxj\N{EURO SIGN}"])
async def test_a_token_that_fits_no_header_is_not_sent(
    server: str, simulator: BackendSimulator, open_backend: OpenBackend, token: str
) -> None:
    backend = await open_backend(server, lambda: token)
    outcome = await deploy(backend)
    assert isinstance(outcome, NotSent)
    assert "PDS_API_TOKEN" in outcome.message
    assert "zqxj" not in outcome.message
    assert simulator.requests.select() == []


async def test_once_mended_it_is_sent(
    closed_port: int, server: str, open_backend: OpenBackend, deploys: Callable[[], list[object]]
) -> None:
    tokens = ["bro\nken"]
    backend = await open_backend(server, lambda: tokens[-1])
    assert isinstance(await deploy(backend), NotSent)
    assert isinstance(await deploy(await open_backend(f"http://127.0.0.1:{closed_port}")), NotSent)
    tokens.append(TOKEN)
    assert await deploy(backend) == Deployed(800)
    assert len(deploys()) == 1
