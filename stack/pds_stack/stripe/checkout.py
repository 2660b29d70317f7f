"""The page's handlers: they show a session, let it be paid, and send the customer on."""

import asyncio
import contextlib

from aiohttp import web
from yarl import URL

from pds_stack.stripe import pages
from pds_stack.stripe.creation import success_url
from pds_stack.stripe.refusals import Refused
from pds_stack.stripe.simulator import StripeSimulator

PAGE = URL("/c/pay")
# As long Stripe keeps the customer while the endpoint has not answered.
PATIENCE_SECONDS = 10.0


class Checkout:
    """The handlers of ``/c/pay`` over one simulator."""

    def __init__(self, simulator: StripeSimulator) -> None:
        self._simulator = simulator

    def add_routes(self, app: web.Application) -> None:
        """Serve the page."""
        app.router.add_get(f"{PAGE}/{{id}}", self._show)
        app.router.add_post(f"{PAGE}/{{id}}", self._pay)

    async def _show(self, request: web.Request) -> web.Response:
        session_id = request.match_info["id"]
        try:
            session = self._simulator.session(session_id)
        except Refused as refused:
            return _page(pages.closed(str(refused)), refused.status)
        if session["status"] != "open":
            return _page(pages.closed("This checkout is no longer open."), 410)
        return _page(pages.summary(session, self._simulator.items(session_id)))

    async def _pay(self, request: web.Request) -> web.Response:
        session_id = request.match_info["id"]
        try:
            delivery = self._simulator.pay(session_id)
        except Refused as refused:
            return _page(pages.closed(str(refused)), refused.status)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(delivery.first.wait(), PATIENCE_SECONDS)
        return web.Response(status=303, headers={"Location": success_url(self._simulator.session(session_id))})


def _page(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", headers={"Cache-Control": "no-store"})
