"""The client of ``GET /service/{id}``: any answer is one, and only where none came is there an error."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_clients.service_documents import LARGEST_BODY, ServiceDocument, ServiceDocuments
from pds_contract.errors import CredentialsRejected, TryLater

TOKEN = "token-of-the-backend"

Respond = Callable[[web.Request], web.StreamResponse]
Read = Callable[..., "asyncio.Future[ServiceDocument]"]


class Backend:
    """A backend that answers as it is told, and the client of it."""

    def __init__(self, closing: AsyncExitStack) -> None:
        self._closing = closing
        self.received: list[web.BaseRequest] = []
        self.tokens = [TOKEN]

    async def answer(self, respond: Respond, timeout: float = 10) -> ServiceDocument:  # noqa: ASYNC109 - the client's own
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            self.received.append(request)
            answer = respond(request)  # type: ignore[arg-type]  # a low-level server's request
            if answer.status == 599:
                await asyncio.Event().wait()
            return answer

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        server = await self._closing.enter_async_context(TestServer(app))
        url = str(server.make_url("/api/v1"))
        client = await self._closing.enter_async_context(ServiceDocuments(url, lambda: self.tokens[-1], timeout))
        return await client.get(800)


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    async with AsyncExitStack() as closing:
        yield Backend(closing)


async def test_the_missions_three_headers(backend: Backend) -> None:
    await backend.answer(lambda _: web.Response(body=b"{}", content_type="application/json"))
    (request,) = backend.received
    assert (request.method, request.path_qs) == ("GET", "/api/v1/service/800")
    assert request.headers["Accept"] == "application/json"
    assert request.headers["X-Requested-With"] == "XMLHttpRequest"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("status", [200, 204, 301, 302, 404, 418, 500, 503])
async def test_every_status_is_an_answer(backend: Backend, status: int) -> None:
    body = b"" if status == 204 else b"whatever \xff"
    headers = {"Location": "/api/v1/service/1", "Content-Type": "text/odd; x=y"}
    answer = await backend.answer(lambda _: web.Response(status=status, body=body, headers=headers))
    assert answer == ServiceDocument(status, "text/odd; x=y", body)
    assert len(backend.received) == 1, "no redirect is followed, nothing is repeated"


async def test_a_body_is_bounded(backend: Backend) -> None:
    whole = await backend.answer(lambda _: web.Response(body=b"x" * LARGEST_BODY))
    assert whole.body == b"x" * LARGEST_BODY
    larger = await backend.answer(lambda _: web.Response(body=b"x" * (LARGEST_BODY + 1)))
    assert (larger.status, larger.body) == (200, None)


async def test_a_compressed_body_is_not_blown_up(backend: Backend) -> None:
    bomb = gzip.compress(b"x" * 10_000_000)
    answer = await backend.answer(lambda _: web.Response(body=bomb, headers={"Content-Encoding": "gzip"}))
    assert (answer.status, answer.body) == (200, None)
    assert backend.received[0].headers["Accept-Encoding"] == "identity"


async def test_an_answer_that_does_not_come(backend: Backend) -> None:
    with pytest.raises(TryLater, match="TimeoutError"):
        await backend.answer(lambda _: web.Response(status=599), timeout=0.2)


async def test_an_answer_that_breaks_off(backend: Backend) -> None:
    def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.")
        request.transport.close()
        return web.Response()

    with pytest.raises(TryLater, match="ClientPayloadError") as caught:
        await backend.answer(cut)
    assert "five" not in str(caught.value)


async def test_nobody_listens() -> None:
    async with ServiceDocuments("http://127.0.0.1:9/api/v1", lambda: TOKEN) as client:
        with pytest.raises(TryLater, match="ClientConnectorError"):
            await client.get(800)


async def test_a_token_that_no_header_can_hold(backend: Backend) -> None:
    backend.tokens.append("zqxj\nzqxj")
    with pytest.raises(CredentialsRejected, match="PDS_API_TOKEN") as caught:
        await backend.answer(lambda _: web.Response())
    assert "zqxj" not in str(caught.value)
    assert backend.received == []


async def test_no_body_in_a_representation(backend: Backend) -> None:
    answer = await backend.answer(lambda _: web.Response(body=b"zqxj"))
    assert "zqxj" not in repr(answer)
