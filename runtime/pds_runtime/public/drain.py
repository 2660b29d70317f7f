"""Stopping without dropping a request that was begun.

aiohttp's own clean-up stops reading from every connection at once, so that a body still on its way never arrives; so
the requests under way are waited for before it.
"""

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

GRACE_SECONDS = 60.0
CUT_OFF_SECONDS = 1.0
"""What aiohttp's own clean-up may add for requests that have outlasted the grace."""
LONGEST_DRAIN_SECONDS = GRACE_SECONDS + CUT_OFF_SECONDS
"""How long a stop may take: a pod's grace has to be longer."""


class UnderWay:
    """The requests that are being answered. Its middleware has to be the outermost."""

    def __init__(self) -> None:
        self._count = 0
        self._draining = False
        self._none = asyncio.Event()
        self._none.set()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count a request until its answer is made; while draining, end its connection with it."""
        self._count += 1
        self._none.clear()
        try:
            response = await handler(request)
        finally:
            self._count -= 1
            if not self._count:
                self._none.set()
        if self._draining:
            response.force_close()
        return response

    async def drain(self, runner: web.AppRunner, grace: float = GRACE_SECONDS) -> None:
        """Refuse new connections, let what is under way end, then clean the runner up.

        Args:
            runner: The running application.
            grace: Seconds after which what is still under way is cut off.
        """
        self._draining = True
        for site in list(runner.sites):
            await site.stop()
        try:
            async with asyncio.timeout(grace):
                await self._none.wait()
        except TimeoutError:
            pass
        await runner.cleanup()
