"""The simulated backend as one aiohttp application."""

from aiohttp import web

from pds_stack.backend.api import Api
from pds_stack.backend.control import Control
from pds_stack.backend.simulator import BackendSimulator


def create_app(simulator: BackendSimulator) -> web.Application:
    """Return an application that serves the simulator: the backend under ``/api/v1``, its switches under ``/_control``.

    Stopping it cuts the requests that are waiting. The simulator outlives it: served again, it knows its PDSes.
    """

    async def interrupt(_app: web.Application) -> None:
        simulator.interrupt()

    app = web.Application()
    app.add_subapp("/api/v1", Api(simulator).app())
    app.add_subapp("/_control", Control(simulator).app())
    app.on_shutdown.append(interrupt)
    return app
