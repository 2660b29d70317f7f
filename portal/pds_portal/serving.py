"""The portal as a service: from start to drained."""

import asyncio
import logging
import signal
from contextlib import AsyncExitStack

from pds_portal.app import public_app
from pds_portal.connecting import connect
from pds_portal.safety.connections import ConnectionAnswers
from pds_portal.settings import PortalSettings
from pds_runtime.admin import Readiness, admin_app, serve
from pds_runtime.public.drain import LONGEST_DRAIN_SECONDS, UnderWay
from pds_runtime.public.listening import listen

_log = logging.getLogger(__name__)


async def run(settings: PortalSettings) -> None:
    """Serve until a signal asks to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    readiness = Readiness()
    async with AsyncExitStack() as closing:
        portal = await connect(settings, closing)
        admin = await serve(admin_app(readiness), settings.admin_port)
        closing.push_async_callback(admin.cleanup)
        under_way = UnderWay()
        public = await listen(public_app(portal, under_way), settings.port, portal.metrics, ConnectionAnswers())
        closing.push_async_callback(under_way.drain, public)  # the first to be closed
        readiness.ready = True
        _log.info("serving", extra={"port": settings.port, "plans": len(settings.pds_plans)})
        await stop.wait()
        readiness.ready = False
        _log.info("draining", extra={"grace_seconds": LONGEST_DRAIN_SECONDS})
    _log.info("stopped")
