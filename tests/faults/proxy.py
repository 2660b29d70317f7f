"""The proxy between one process and everything it talks to. It brings about the faults that a chooser asks for."""

import asyncio
import contextlib
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import aiohttp
from aiohttp import web
from yarl import URL

from faults.answers import answer_of, kubeconfig, passed_on
from faults.choosers import Chooser, no_fault
from faults.exchange import Background, Dependency, Exchange
from faults.fault import Fault
from faults.journal import Journal
from faults.upstreams import Upstreams


class Target(Protocol):
    """The process that faults kill or pause."""

    async def kill(self) -> object:
        """Kill it; return when it is dead."""
        ...

    async def pause(self) -> object:
        """Stop it, until somebody lets it go on."""
        ...


class FaultProxy:
    """Listens for one process (and its successors) in the place of each dependency; an async context manager.

    A request that was forwarded takes its effect even if the process dies meanwhile, as on a real network. A watch is
    passed on piece by piece; a fault that hits one comes before it is forwarded, and ``cut_watches`` ends open ones.

    Args:
        name: Says in the history which process it was.
        upstreams: The real dependencies.
        journal: Where exchanges are noted; may be shared with proxies of other processes.
        choose: Says which fault hits an exchange. It can be replaced at any time.
    """

    def __init__(self, name: str, upstreams: Upstreams, journal: Journal, choose: Chooser = no_fault) -> None:
        self.name = name
        self.journal = journal
        self.choose = choose
        self.target: Target | None = None
        self.addresses: dict[Dependency, str] = {}
        self._upstreams = upstreams
        self._under_way: set[asyncio.Task[web.StreamResponse | None]] = set()
        self._watches: set[asyncio.Transport] = set()
        self._opened = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            folder = self._opened.enter_context(tempfile.TemporaryDirectory(prefix="pds-faults-"))
            for dependency in Dependency:
                self.addresses[dependency] = await self._listen(dependency)
            self._kubeconfig = Path(folder) / "kubeconfig"
            self._kubeconfig.write_text(kubeconfig(self.addresses[Dependency.KUBERNETES]))
        except BaseException:
            await self._opened.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._opened.aclose()

    def environment(self) -> dict[str, str]:
        """Return the settings that lead a process to this proxy in the place of each dependency."""
        # It speaks no TLS: to read all the authorities of the world is half of what a start costs.
        authority = {"SSL_CERT_FILE": self._upstreams.authority} if self._upstreams.authority else {}
        return {
            **authority,
            "KUBECONFIG": str(self._kubeconfig),
            "SUPABASE_URL": self.addresses[Dependency.SUPABASE],
            "PDS_API_URL": f"{self.addresses[Dependency.BACKEND]}/api/v1",
        }

    def cut_watches(self) -> int:
        """Close the connection of every watch that is open; say how many."""
        for transport in self._watches:
            transport.abort()
        return len(self._watches)

    async def _listen(self, dependency: Dependency) -> str:
        def serve(request: web.BaseRequest) -> Coroutine[None, None, web.StreamResponse]:
            return self._serve(dependency, request)

        # The handler is told when the process goes away, so that nothing waits or watches for the dead.
        server = web.Server(serve, handler_cancellation=True, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        self._opened.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def _serve(self, dependency: Dependency, request: web.BaseRequest) -> web.StreamResponse:
        content = await request.read() if request.body_exists else b""
        exchange = self.journal.begin(self.name, dependency, request.method, request.raw_path, content)
        exchange.fault = self.choose(exchange)
        work = asyncio.create_task(self._exchange(exchange, request, content))
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        try:
            response = await asyncio.shield(work)
        except asyncio.CancelledError:
            if exchange.background is Background.WATCH or (exchange.fault is not None and exchange.fault.hangs):
                work.cancel()
            raise
        if response is not None:
            return response
        if request.transport is not None:
            request.transport.close()
        return web.Response()

    async def _exchange(
        self, exchange: Exchange, request: web.BaseRequest, content: bytes
    ) -> web.StreamResponse | None:
        """Let an exchange come to its end; None where the connection is to be closed without an answer."""
        try:
            response = await self._with_fault(exchange, request, content)
        except (aiohttp.ClientError, OSError):
            return None  # the dependency itself is away, or the process
        finally:
            exchange.seconds = asyncio.get_running_loop().time() - exchange.at
        exchange.status = response.status if response is not None else None
        return response

    async def _with_fault(
        self, exchange: Exchange, request: web.BaseRequest, content: bytes
    ) -> web.StreamResponse | None:
        fault = exchange.fault
        watches = exchange.background is Background.WATCH
        if fault in {Fault.PAUSE_BEFORE, Fault.KILL_BEFORE}:
            await self._strike(fault)
        response: web.StreamResponse | None = None
        if watches and (fault is None or fault.pauses):
            response = await self._stream(exchange, request)
        elif not watches and (fault is None or fault.forwards):
            response = await self._forward(exchange, request, content)
        if fault in {Fault.PAUSE_AFTER, Fault.KILL_AFTER}:
            await self._strike(fault)
        if fault is None or fault.pauses:
            return response
        if fault.hangs:
            await asyncio.Event().wait()  # until the process goes away
        return answer_of(fault)

    async def _strike(self, fault: Fault) -> None:
        if self.target is None:
            raise RuntimeError(f"{self.name}: set the proxy's target before a {fault}")
        await (self.target.kill() if fault.kills else self.target.pause())

    async def _forward(self, exchange: Exchange, request: web.BaseRequest, content: bytes) -> web.Response:
        """Pass a request on and return the whole answer."""
        async with self._ask(exchange, request, content) as answer:
            exchange.upstream_status = answer.status
            body = await answer.read()
        self.journal.learn(exchange, request.raw_path, body)
        return web.Response(status=answer.status, headers=passed_on(answer.headers.items()), body=body)

    async def _stream(self, exchange: Exchange, request: web.BaseRequest) -> web.StreamResponse:
        """Pass a watch on, each piece of its answer as it comes."""
        transport = request.transport
        async with self._ask(exchange, request, b"") as answer:
            exchange.upstream_status = answer.status
            response = web.StreamResponse(status=answer.status, headers=passed_on(answer.headers.items()))
            await response.prepare(request)
            if transport is not None:
                self._watches.add(transport)
            try:
                async for piece in answer.content.iter_any():
                    await response.write(piece)
                await response.write_eof()
            finally:
                self._watches.discard(transport)
            return response

    def _ask(
        self, exchange: Exchange, request: web.BaseRequest, content: bytes
    ) -> contextlib.AbstractAsyncContextManager[aiohttp.ClientResponse]:
        upstream = self._upstreams.of[exchange.dependency]
        return self._upstreams.session.request(
            request.method,
            URL(upstream.url + request.raw_path, encoded=True),
            headers=passed_on(request.headers.items(), upstream.headers),
            data=content or None,
            ssl=upstream.tls,
            allow_redirects=False,
        )
