"""Stripe's API: it translates between HTTP and the simulator."""

import base64
import hmac
import itertools
import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.typedefs import Handler

from pds_stack.stripe.checkout import PAGE
from pds_stack.stripe.listing import URL
from pds_stack.stripe.refusals import Refused
from pds_stack.stripe.simulator import StripeSimulator


class Api:
    """The handlers of ``/v1`` over one simulator."""

    def __init__(self, simulator: StripeSimulator) -> None:
        self._simulator = simulator
        self._numbers = itertools.count(1)

    def add_routes(self, app: web.Application) -> None:
        """Serve under Stripe's paths."""
        app.router.add_get(URL, self._as_stripe(self._list), allow_head=False)
        app.router.add_post(URL, self._as_stripe(self._create))
        app.router.add_get(f"{URL}/{{id}}", self._as_stripe(self._show), allow_head=False)

    def _as_stripe(self, handler: Handler) -> Handler:
        """Let a handler be hit by faults, ask for the key first, and refuse by raising :class:`Refused`."""

        async def serve(request: web.Request) -> web.StreamResponse:
            try:
                self._authenticate(request)
                return await handler(request)
            except Refused as refused:
                return web.json_response(refused.document(), status=refused.status)

        async def answer(request: web.Request) -> web.StreamResponse:
            if (request.method, request.path) == ("GET", URL):
                self._simulator.note(list(request.query.items()))
            response = await self._simulator.faults.hit(request, serve, _error)
            response.headers["Request-Id"] = f"req_{next(self._numbers):014d}"
            return response

        return answer

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response(self._simulator.list_sessions(list(request.query.items())))

    async def _create(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode(errors="replace")
        page = str(request.url.origin().join(PAGE))
        key = request.headers.get("Idempotency-Key")
        session, replayed = self._simulator.create_session(parse_qsl(body, keep_blank_values=True), key, page)
        headers = {"Idempotency-Key": key} if key else {}
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        return web.json_response(session, headers=headers)

    async def _show(self, request: web.Request) -> web.Response:
        return web.json_response(self._simulator.session(request.match_info["id"], list(request.query.items())))

    def _authenticate(self, request: web.Request) -> None:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                shown = base64.b64decode(shown).decode().partition(":")[0]
            except ValueError:
                shown = ""
        if not shown:
            raise Refused("You did not provide an API key.", status=401)
        if not hmac.compare_digest(shown.encode(), self._simulator.secret_key.encode()):
            raise Refused("Invalid API Key provided", status=401)


def _error(_request: web.Request, status: int) -> str:
    error: dict[str, Any] = {
        "type": "rate_limit_error" if status == 429 else "api_error",
        "message": "a fault that was asked for",
    }
    return json.dumps({"error": error})
