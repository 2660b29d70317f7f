"""The stand-in as one aiohttp application: Stripe's API under ``/v1``, its switches under ``/_control``.

================================  =====================================================================================
``GET /v1/checkout/sessions``     as Stripe lists them, for whoever shows the secret key
``GET /_control/health``          200 once it serves
``POST /_control/sessions``       ``{"session": {…}, "subscription_status": "active"}``: a session that took place
``POST …/subscriptions/{id}``     ``{"status": "canceled"}``: how a subscription is doing now
``POST, DELETE …/faults``         switch a fault on (:class:`.faults.Fault`), all off
================================  =====================================================================================
"""

import base64
import hmac
import itertools
import json

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from pds_stack.stripe.faults import Fault
from pds_stack.stripe.listing import URL
from pds_stack.stripe.refusals import Refused
from pds_stack.stripe.simulator import StripeSimulator


class SessionBody(BaseModel):
    """A Checkout Session that took place."""

    model_config = ConfigDict(extra="forbid")

    session: dict[str, JsonValue]
    subscription_status: str = "active"


class SubscriptionBody(BaseModel):
    """How a subscription is doing."""

    model_config = ConfigDict(extra="forbid")

    status: str


def create_app(simulator: StripeSimulator) -> web.Application:
    """Return an application that serves the simulator. Stopping it cuts the requests that are waiting."""

    async def interrupt(_app: web.Application) -> None:
        simulator.interrupt()

    app = web.Application()
    api = _Api(simulator)
    app.add_routes([web.get(URL, api.list_sessions)])
    app.add_subapp("/_control", _Control(simulator).app())
    app.on_shutdown.append(interrupt)
    return app


class _Api:
    def __init__(self, simulator: StripeSimulator) -> None:
        self._simulator = simulator
        self._numbers = itertools.count(1)

    async def list_sessions(self, request: web.Request) -> web.StreamResponse:
        parameters = list(request.query.items())
        self._simulator.note(parameters)
        headers = {"Request-Id": f"req_{next(self._numbers):014d}"}
        fault = self._simulator.faults.next()
        if fault is not None:
            return await self._fail(request, fault, headers)
        try:
            self._authenticate(request)
            return web.json_response(self._simulator.list_sessions(parameters), headers=headers)
        except Refused as refused:
            return web.json_response(refused.document(), status=refused.status, headers=headers)

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

    async def _fail(self, request: web.Request, fault: Fault, headers: dict[str, str]) -> web.StreamResponse:
        if fault.hang:
            await self._simulator.hang()
        if fault.status is None:
            if request.transport is not None:  # the client has not gone away itself
                request.transport.close()
            return web.Response()
        error_type = "rate_limit_error" if fault.status == 429 else "api_error"
        body = fault.body
        if body is None:
            body = json.dumps({"error": {"type": error_type, "message": "a fault that was asked for"}})
        return web.Response(
            status=fault.status, text=body, content_type="application/json", headers={**headers, **fault.headers}
        )


class _Control:
    """The switches. They need no key: the stand-in is for one's own machine."""

    def __init__(self, simulator: StripeSimulator) -> None:
        self._simulator = simulator

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_bad_requests])
        app.router.add_get("/health", self._health)
        app.router.add_post("/sessions", self._put_session)
        app.router.add_post("/subscriptions/{id}", self._set_subscription)
        app.router.add_post("/faults", self._add_fault)
        app.router.add_delete("/faults", self._clear_faults)
        return app

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _put_session(self, request: web.Request) -> web.Response:
        body = SessionBody.model_validate_json(await request.read())
        self._simulator.put(body.session, body.subscription_status)
        return web.Response(status=204)

    async def _set_subscription(self, request: web.Request) -> web.Response:
        body = SubscriptionBody.model_validate_json(await request.read())
        self._simulator.set_subscription(request.match_info["id"], body.status)
        return web.Response(status=204)

    async def _add_fault(self, request: web.Request) -> web.Response:
        self._simulator.faults.add(Fault.model_validate_json(await request.read()))
        return web.Response(status=204)

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        self._simulator.faults.clear()
        return web.Response(status=204)


@web.middleware
async def _bad_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every mistake as JSON with a message that says what to mend."""
    try:
        return await handler(request)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}".removeprefix(": ")
            for problem in error.errors(include_url=False)
        ]
        return web.json_response({"message": "; ".join(problems)}, status=400)
    except ValueError as error:
        return web.json_response({"message": str(error)}, status=400)
