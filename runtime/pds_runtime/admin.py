"""The admin port of every command: ``/healthz``, ``/readyz`` and ``/metrics``, apart from what the public reaches."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Info, generate_latest

BUILD = Info("pds_build", "The version of this program.")
BUILD.info({"version": version("eny-pds")})


@dataclass
class Readiness:
    """Whether the process wants work. False before it has started and while it drains.

    A dependency that is away does not make it False: every replica would leave its Service at the same moment.
    """

    ready: bool = False


def _never_stuck() -> None:
    return None


def admin_app(
    readiness: Readiness,
    registry: CollectorRegistry = REGISTRY,
    stuck: Callable[[], str | None] = _never_stuck,
) -> web.Application:
    """Make the admin application.

    Args:
        readiness: What ``/readyz`` tells.
        registry: What ``/metrics`` shows.
        stuck: Says for ``/healthz`` what of this process does not move any more, None: nothing. That the loop which
            serves it moves shows in its being answered at all. A dependency that is away is none of it: a restart would
            mend nothing.
    """

    async def healthz(_: web.Request) -> web.Response:
        why = stuck()
        return web.Response(text="ok\n") if why is None else web.Response(status=503, text=f"stuck: {why}\n")

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n") if readiness.ready else web.Response(status=503, text="not ready\n")

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return app


class CannotListen(Exception):
    """A port cannot be listened on. The message names its setting."""


async def serve(
    app: web.Application, port: int, host: str = "0.0.0.0", grace: float = 60.0, setting: str = "ADMIN_PORT"
) -> web.AppRunner:
    """Serve an application on a port until the runner that is returned is cleaned up.

    Bodies reach it as they were sent, compressed ones too: a Content-Encoding that aiohttp cannot undo would
    otherwise be answered before the application is asked.

    Args:
        app: The application.
        port: The TCP port.
        host: The address to listen on.
        grace: Seconds that requests under way have left when the runner is cleaned up.
        setting: Which setting the port is of.

    Raises:
        CannotListen: The port cannot be listened on.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=grace, auto_decompress=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise CannotListen(f"cannot listen: {error.strerror}; set {setting} to a free port") from error
    return runner
