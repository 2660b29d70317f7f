"""Each call of a dependency is timed to its end, and counted by how it ended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from prometheus_client import REGISTRY

from pds_clients import backend as backend_module
from pds_clients.backend import PdsBackend
from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_clients.stripe import CheckoutSessions
from pds_clients.supabase import Supabase
from pds_clients.timing import Operation
from pds_contract.errors import PdsError
from pds_stack.backend import BackendSimulator

from .conftest import Canned, OpenBackend, deploy

USER = "0a1b2c3d-0000-4000-8000-000000000001"
CODES = ("2xx", "3xx", "4xx", "5xx", "timeout", "unreachable", "cut")
NAME = "pds_dependency_request_seconds"

Counts = dict[str, float]


def counts(dependency: str, call: Operation) -> Counts:
    """How often a call was counted so far, by how it ended."""
    labels = {"dependency": dependency, "call": call.value}
    return {code: REGISTRY.get_sample_value(f"{NAME}_count", {**labels, "code": code}) or 0.0 for code in CODES}


def seconds(dependency: str, call: Operation, code: str) -> float:
    """How long all of them took together."""
    labels = {"dependency": dependency, "call": call.value, "code": code}
    return REGISTRY.get_sample_value(f"{NAME}_sum", labels) or 0.0


async def counted(dependency: str, call: Operation, work: Awaitable[object]) -> Counts:
    """Do something, which may fail, and return what it has added."""
    before = counts(dependency, call)
    with suppress(PdsError):
        await work
    after = counts(dependency, call)
    return {code: after[code] - before[code] for code in CODES if after[code] != before[code]}


@asynccontextmanager
async def provisions_at(url: str) -> AsyncIterator[Provisions]:
    configuration = Configuration(host=url)
    async with KubernetesApi(ApiClient(configuration)) as api:
        yield Provisions(api, "customers", "test")


async def list_all(provisions: Provisions) -> None:
    async for _ in provisions.list("status.phase="):
        pass


def answer(status: int, body: bytes = b"{}") -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        status,
        len(body),
        body,
    )


CUT = {
    "before the answer": b"",
    "in the headers": b"HTTP/1.1 200 OK\r\nContent-",
    "in the body": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
}
STATUSES = [(200, "2xx"), (204, "2xx"), (302, "3xx"), (404, "4xx"), (429, "4xx"), (500, "5xx"), (599, "5xx")]


@asynccontextmanager
async def calls_of(dependency: str, url: str) -> AsyncIterator[tuple[Operation, Callable[[], Awaitable[object]]]]:
    """One call of each client, as the metric knows it."""
    match dependency:
        case "backend":
            async with PdsBackend(url, lambda: "token", 20) as backend:
                yield Operation.GET_SERVICE, lambda: backend.service(1)
        case "deploy":
            async with PdsBackend(url, lambda: "token", 20) as backend:
                yield Operation.DEPLOY, lambda: deploy(backend)
        case "supabase":
            async with Supabase(url, lambda: "key") as supabase:
                yield Operation.LOOK_UP_PDS_SERVICE, lambda: supabase.look_up_pds_service(USER)
        case "auth":
            async with Supabase(url, lambda: "key") as supabase:
                yield Operation.GET_USER, lambda: supabase.email_of(USER)
        case "kubernetes":
            async with provisions_at(url) as provisions:
                yield Operation.LIST_PROVISIONS, lambda: list_all(provisions)


LABEL = {"deploy": "backend", "auth": "supabase"}
CLIENTS = ["backend", "deploy", "supabase", "auth", "kubernetes"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("status", "code"), STATUSES)
async def test_an_answer_is_counted_once_by_its_class(canned: Canned, client: str, status: int, code: str) -> None:
    body = b"" if status == 204 else b'{"items": [], "metadata": {}, "state": 3}'
    canned.answer = answer(status, body)
    async with calls_of(client, canned.url) as (call, make):
        assert await counted(LABEL.get(client, client), call, make()) == {code: 1}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("where", CUT)
async def test_a_broken_connection_is_a_cut(canned: Canned, client: str, where: str) -> None:
    canned.answer = CUT[where]
    async with calls_of(client, canned.url) as (call, make):
        assert await counted(LABEL.get(client, client), call, make()) == {"cut": 1}


@pytest.mark.parametrize("client", CLIENTS)
async def test_nobody_there_is_unreachable(closed_port: int, client: str) -> None:
    async with calls_of(client, f"http://127.0.0.1:{closed_port}") as (call, make):
        assert await counted(LABEL.get(client, client), call, make()) == {"unreachable": 1}


async def test_a_time_out_is_counted_with_all_the_time_that_was_waited(
    simulator: BackendSimulator, server: str, open_backend: OpenBackend
) -> None:
    simulator.change(answer_seconds=30)
    before = seconds("backend", Operation.DEPLOY, "timeout")
    backend = await open_backend(server, deploy_timeout=0.3)
    assert await counted("backend", Operation.DEPLOY, deploy(backend)) == {"timeout": 1}
    assert 0.3 <= seconds("backend", Operation.DEPLOY, "timeout") - before < 10
    simulator.interrupt()


async def test_a_look_that_takes_too_long_is_a_time_out(
    simulator: BackendSimulator, backend: PdsBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend_module, "LOOK_TIMEOUT", 0.1)
    simulator.change(faults=[{"endpoint": "check", "hang": True, "effect": "none"}])
    looking = backend.presence("alice.example.org")
    assert await counted("backend", Operation.CHECK_PDS, looking) == {"timeout": 1}
    simulator.interrupt()


async def test_whoever_stops_waiting_has_not_been_answered(simulator: BackendSimulator, backend: PdsBackend) -> None:
    simulator.change(faults=[{"endpoint": "check", "hang": True, "effect": "none"}])

    async def given_up() -> None:
        looking = asyncio.create_task(backend.presence("alice.example.org"))
        async with asyncio.timeout(20):
            while not simulator.requests.select("/api/v1/check-pds"):  # noqa: ASYNC110 - the simulator sets no event
                await asyncio.sleep(0.01)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)

    assert await counted("backend", Operation.CHECK_PDS, given_up()) == {"timeout": 1}
    simulator.interrupt()


@pytest.mark.parametrize("client", ["backend", "supabase", "kubernetes"])
async def test_the_time_ends_with_the_answers_last_byte(client: str) -> None:
    go_on, headers_out = asyncio.Event(), asyncio.Event()
    body = b'{"items": [], "metadata": {}, "state": 3}'

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(200, body)[: -len(body)])
        await writer.drain()
        headers_out.set()
        await go_on.wait()
        writer.write(body)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with calls_of(client, url) as (call, make):
            before = seconds(client, call, "2xx")
            calling = asyncio.ensure_future(counted(client, call, make()))
            await headers_out.wait()
            began = asyncio.get_running_loop().time()
            while asyncio.get_running_loop().time() < began + 0.2:
                await asyncio.sleep(0.05)
                assert not calling.done()
            go_on.set()
            assert await calling == {"2xx": 1}
            assert seconds(client, call, "2xx") - before >= 0.2


async def test_what_was_not_sent_after_all_is_no_call(
    server: str, backend: PdsBackend, open_backend: OpenBackend
) -> None:
    assert await counted("backend", Operation.DEPLOY, deploy(backend, in_time=lambda: False)) == {}
    unusable = await open_backend(server, token=lambda: "two\nlines")
    assert await counted("backend", Operation.DEPLOY, deploy(unusable)) == {}
    assert await counted("backend", Operation.GET_SERVICE, unusable.service(1)) == {}


async def test_each_try_of_stripes_library_is_counted(canned: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stripe._http_client.HTTPClient.INITIAL_DELAY", 0.0)
    canned.answer = answer(500)
    async with CheckoutSessions(canned.url, lambda: "sk_test_1") as sessions:
        listing = sessions.completed(created_from=0, created_to=None, after=None)
        assert await counted("stripe", Operation.LIST_CHECKOUT_SESSIONS, listing) == {"5xx": 3}
        canned.answer = b""
        listing = sessions.completed(created_from=0, created_to=None, after=None)
        assert await counted("stripe", Operation.LIST_CHECKOUT_SESSIONS, listing) == {"cut": 3}


async def test_a_rotated_stripe_key_is_sent_with_the_next_page(canned: Canned) -> None:
    keys = ["sk_test_before"]
    canned.answer = answer(200, b'{"object": "list", "data": [], "has_more": false}')
    async with CheckoutSessions(canned.url, lambda: keys[-1]) as sessions:
        await sessions.completed(created_from=0, created_to=None, after=None)
        keys.append("sk_test_after")
        await sessions.completed(created_from=0, created_to=None, after=None)
    first, second = canned.received
    assert b"Bearer sk_test_before" in first
    assert b"Bearer sk_test_after" in second
