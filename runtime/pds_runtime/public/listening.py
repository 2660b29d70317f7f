"""Listening on the public port."""

import asyncio
import socket

from aiohttp import web

from pds_runtime.admin import CannotListen
from pds_runtime.public.answers import PortAnswers
from pds_runtime.public.connections import Bounds, Connection, Connections
from pds_runtime.public.drain import CUT_OFF_SECONDS
from pds_runtime.public.metrics import ConnectionMetrics

_BACKLOG = 1024
"""Connections that may wait in the kernel to be accepted."""
_DEFAULT_BOUNDS = Bounds()


async def listen(
    app: web.Application,
    port: int,
    metrics: ConnectionMetrics,
    answers: PortAnswers,
    *,
    host: str = "0.0.0.0",
    bounds: Bounds = _DEFAULT_BOUNDS,
) -> web.AppRunner:
    """Serve the public application until the runner that is returned is drained (``drain.py``) or cleaned up.

    Args:
        app: The application.
        port: The TCP port.
        metrics: What counts connections.
        answers: What is said where no route of the application answers.
        host: The address to listen on.
        bounds: What one sender can take of us; fewer connections where the process may open few files.

    Raises:
        CannotListen: The port cannot be listened on.
    """
    runner = web.AppRunner(app, shutdown_timeout=CUT_OFF_SECONDS)
    await runner.setup()
    connections = Connections(bounds.within_open_files(), metrics, answers)
    try:
        await _Site(runner, host, port, connections).start()
    except OSError as error:
        await runner.cleanup()
        raise CannotListen(f"cannot listen: {error.strerror}; set PORT to a free port") from error
    return runner


class _Site(web.BaseSite):
    """A TCP port, as ``web.TCPSite`` is one, whose connections are ours."""

    def __init__(self, runner: web.AppRunner, host: str, port: int, connections: Connections) -> None:
        super().__init__(runner)
        self._host = host
        self._port = port
        self._connections = connections

    @property
    def name(self) -> str:
        """The address, as aiohttp shows it."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Listen."""
        await super().start()
        server, loop = self._runner.server, asyncio.get_running_loop()
        assert server is not None  # noqa: S101 - BaseSite looked, for mypy
        listener = socket.create_server((self._host, self._port))
        self._server = await loop.create_server(
            lambda: Connection(server, self._connections, loop),
            sock=listener,
            backlog=self._connections.bounds.accepts,  # asyncio takes one number for both
        )
        listener.listen(_BACKLOG)
