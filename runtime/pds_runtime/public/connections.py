"""The public port's connections: how many there may be, and how long each may keep us waiting.

aiohttp bounds neither: it has no limit of connections, and only its keep-alive time-out, which has to be longer than a
proxy's, ever ends a request whose headers stop half-way. Its own answers to malformed HTTP are plain text, and their
log lines quote what was sent. All this is mended here, in a subclass of the protocol that it makes for a connection;
what is answered instead is the program's own.
"""

import asyncio
import resource
from dataclasses import dataclass, field, replace

from aiohttp import StreamReader, web

from pds_runtime.public.answers import PortAnswers
from pds_runtime.public.metrics import ConnectionMetrics, Cut


@dataclass(frozen=True)
class Bounds:
    """What one sender can take of us. Times are seconds.

    Args:
        connections: How many may be open. Where one more comes, the one that has kept us waiting longest makes room.
        accepts: How many are accepted in one go.
        head: From a request's first byte to the end of its headers.
        answer: Until an answer is taken, where more of them wait than the socket holds.
        idle: Between requests; longer than the proxies' in use (600 at most), so that the proxy is who closes.
    """

    connections: int = 512
    accepts: int = 128
    head: float = 10.0
    answer: float = 10.0
    idle: float = 620.0

    def within_open_files(self) -> "Bounds":
        """Return these bounds with no more connections than leave the process enough files for all else.

        They take half of what may be open, and those that are accepted before others have made room for them a quarter
        (four rounds of the loop pass until a file is closed). Without a file left, asyncio's listener would spend its
        time on failing to accept.
        """
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return self
        return replace(
            self, connections=min(self.connections, max(1, soft // 2)), accepts=min(self.accepts, max(1, soft // 16))
        )


@dataclass
class Connections:
    """The open connections. Those that wait for their peer are kept in the order in which they began to."""

    bounds: Bounds
    metrics: ConnectionMetrics
    answers: PortAnswers
    _open: set["Connection"] = field(default_factory=set)
    _waiting: dict["Connection", None] = field(default_factory=dict)

    def opened(self, connection: "Connection") -> bool:
        """Let a new connection in, or return False where all the others are being answered."""
        if len(self._open) >= self.bounds.connections:
            if not self._waiting:
                self.metrics.connection_cut(Cut.REFUSED)
                return False
            longest = next(iter(self._waiting))
            self.closed(longest)
            longest.cut(Cut.MADE_ROOM)
        self._open.add(connection)
        self._waiting[connection] = None
        self.metrics.connections(len(self._open))
        return True

    def waits(self, connection: "Connection") -> None:
        """Note that it is the peer's turn, from now on."""
        self._waiting.pop(connection, None)
        if connection in self._open:
            self._waiting[connection] = None

    def works(self, connection: "Connection") -> None:
        """Note that it is our turn: this one is not cut to make room."""
        self._waiting.pop(connection, None)

    def closed(self, connection: "Connection") -> None:
        """Forget a connection."""
        self._open.discard(connection)
        self._waiting.pop(connection, None)
        self.metrics.connections(len(self._open))


class Connection(web.RequestHandler):
    """aiohttp's protocol of one connection, watched."""

    def __init__(self, server: web.Server, connections: Connections, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=connections.bounds.idle,
            access_log=None,  # type: ignore[arg-type]  # None turns it off, as web.AppRunner documents
            # Bodies are wanted as they were sent; what cannot be unpacked would be answered before the application.
            auto_decompress=False,
            # How long what is left of a refused body is read and thrown away, so that its sender hears the answer.
            lingering_time=connections.bounds.answer / 2,
        )
        self._connections = connections
        self._link: asyncio.Transport | None = None
        self._clock: asyncio.TimerHandle | None = None
        self._in_head = False
        self._answering = False
        self._answered: StreamReader | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, where there is room."""
        super().connection_made(transport)
        self._link = self.transport  # aiohttp forgets it when it begins to close
        if not self._connections.opened(self):
            self._abort()

    def data_received(self, data: bytes) -> None:
        """Take bytes in; the first of a request start the clock of its head."""
        if data and not self._in_head and not self._answering:
            self._in_head = True
            self._bound(self._connections.bounds.head, Cut.HEADER_TIMEOUT)
        super().data_received(data)

    def begun(self) -> None:
        """Note that a request's headers are complete."""
        self._in_head, self._answering = False, True
        self._unbound()

    def complete(self) -> None:
        """Note that the request is here with its body."""
        self._connections.works(self)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer, in our words also where it is aiohttp's own, then wait for the next request."""
        self.begun()  # malformed requests never reach the application
        self._answered = request.content
        self._connections.waits(self)
        if isinstance(resp, web.HTTPException):
            resp = self._connections.answers.unmet(resp.status)
            resp.force_close()
        self._bound(self._connections.bounds.answer, Cut.ANSWER_TIMEOUT)
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._answering = False
            if resp.keep_alive:
                self._unbound()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's own words for it, which quote the request
    ) -> web.StreamResponse:
        """Answer what is no HTTP, or a fault of ours, without a word of what was sent."""
        if status == 400:
            self._connections.metrics.malformed()
            response = self._connections.answers.malformed()
        else:
            response = self._connections.answers.fault(exc)
            if request.writer.output_size > 0:
                raise ConnectionError("an answer has begun")
        response.force_close()
        return response

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        self._unbound()
        self._connections.closed(self)
        super().connection_lost(exc)
        if self._answered is not None:
            # aiohttp would go on waiting for what is left of a refused body, for as long as it lingers.
            self._answered.feed_eof()

    def cut(self, why: Cut) -> None:
        """End it from our side; a request whose headers were late is told so."""
        self._connections.metrics.connection_cut(why)
        if why is Cut.HEADER_TIMEOUT and self.transport is not None:
            self.transport.write(self._connections.answers.header_timeout())
            self.force_close()  # writes what is left first
            self._bound(self._connections.bounds.answer, Cut.ANSWER_TIMEOUT)
        else:
            self._abort()

    def _abort(self) -> None:
        self.force_close()
        if self._link is not None:
            self._link.abort()

    def _bound(self, seconds: float, why: Cut) -> None:
        self._unbound()
        self._clock = self._loop.call_later(seconds, self.cut, why)

    def _unbound(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


def headers_complete(request: web.Request) -> None:
    """Tell the connection that this request's headers are complete, and its body is being read."""
    if isinstance(request.protocol, Connection):
        request.protocol.begun()


def request_complete(request: web.Request) -> None:
    """Tell the connection that this request is here with its body: it is our turn."""
    if isinstance(request.protocol, Connection):
        request.protocol.complete()
