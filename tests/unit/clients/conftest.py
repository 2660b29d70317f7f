"""The simulated backend in the test's own process, and a server that answers with bytes given to it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from aiohttp.test_utils import TestServer

from pds_clients.backend import PdsBackend
from pds_contract.deploy import DeployOutcome, DeployRequest
from pds_stack.backend import BackendSimulator, create_app
from pds_stack.backend.request_log import LoggedRequest

TOKEN = "the-first-token"
KEY = "reservation-key-0123456789abcdef"
HOSTNAME = "alice.example.org"
REQUEST = DeployRequest("alice", "correct-horse", "alice@a.example", HOSTNAME, 10)

OpenBackend = Callable[..., Awaitable[PdsBackend]]


async def deploy(backend: PdsBackend, *, in_time: Callable[[], bool] = lambda: True) -> DeployOutcome:
    """Send the usual deploy."""
    return await backend.deploy(REQUEST, KEY, in_time)


@pytest.fixture
def simulator() -> BackendSimulator:
    return BackendSimulator(TOKEN)


@pytest.fixture
async def server(simulator: BackendSimulator) -> AsyncIterator[str]:
    """The simulator's address, as PDS_API_URL has it."""
    async with TestServer(create_app(simulator)) as running:
        yield str(running.make_url("/api/v1"))


@pytest.fixture
async def open_backend() -> AsyncIterator[OpenBackend]:
    """Opens clients of a backend at an address."""
    async with AsyncExitStack() as clients:

        async def opened(
            url: str, token: Callable[[], str] = lambda: TOKEN, deploy_timeout: float = 20.0
        ) -> PdsBackend:
            return await clients.enter_async_context(PdsBackend(url, token, deploy_timeout))

        yield opened


@pytest.fixture
async def backend(server: str, open_backend: OpenBackend) -> PdsBackend:
    """The client of the simulator."""
    return await open_backend(server)


@pytest.fixture
def deploys(simulator: BackendSimulator) -> Callable[[], list[LoggedRequest]]:
    """The deploys that reached the simulator, whatever became of them."""
    return lambda: simulator.requests.select("/api/v1/deploy")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken, at which nobody listens: connections are refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@dataclass
class Canned:
    """A server that answers every request on a connection of its own with the same bytes, then closes it."""

    answer: bytes = b""
    received: list[bytes] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
            self.received.append(head + body)
            writer.write(self.answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away without a whole request: none was received
        finally:
            writer.close()


@pytest.fixture
async def canned() -> AsyncIterator[Canned]:
    answering = Canned()
    server = await asyncio.start_server(answering.serve, "127.0.0.1", 0)
    async with server:
        answering.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield answering
