"""The stand-in's switches. They need no key: it is for one's own machine."""

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from pds_stack.control import add_fault_routes, health, say_mistakes
from pds_stack.stripe.simulator import StripeSimulator
from pds_stack.stripe.webhook import Endpoint


class SessionBody(BaseModel):
    """A Checkout Session that took place."""

    model_config = ConfigDict(extra="forbid")

    session: dict[str, JsonValue]
    subscription_status: str = "active"


class SubscriptionBody(BaseModel):
    """How a subscription is doing."""

    model_config = ConfigDict(extra="forbid")

    status: str


class WebhookBody(BaseModel):
    """Where events go."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(pattern="^https?://")
    secret: str = Field(min_length=1, repr=False)


class Control:
    """The handlers of ``/_control`` over one simulator."""

    def __init__(self, simulator: StripeSimulator) -> None:
        self._simulator = simulator

    def app(self) -> web.Application:
        """Return the application to be mounted at ``/_control``."""
        app = web.Application(middlewares=[say_mistakes])
        app.router.add_get("/health", health)
        app.router.add_post("/sessions", self._put_session)
        app.router.add_post("/subscriptions/{id}", self._set_subscription)
        app.router.add_get("/deliveries", self._deliveries)
        app.router.add_put("/webhook", self._set_webhook)
        app.router.add_delete("/webhook", self._remove_webhook)
        add_fault_routes(app, self._simulator.faults)
        return app

    async def _put_session(self, request: web.Request) -> web.Response:
        body = SessionBody.model_validate_json(await request.read())
        self._simulator.put(body.session, body.subscription_status)
        return web.Response(status=204)

    async def _set_subscription(self, request: web.Request) -> web.Response:
        body = SubscriptionBody.model_validate_json(await request.read())
        self._simulator.set_subscription(request.match_info["id"], body.status)
        return web.Response(status=204)

    async def _deliveries(self, request: web.Request) -> web.Response:
        session = request.query.get("session")
        shown = [delivery.document() for delivery in self._simulator.webhook.deliveries]
        return web.json_response([one for one in shown if session in {None, one["session"]}])

    async def _set_webhook(self, request: web.Request) -> web.Response:
        body = WebhookBody.model_validate_json(await request.read())
        self._simulator.webhook.endpoint = Endpoint(body.url, body.secret)
        return web.Response(status=204)

    async def _remove_webhook(self, _request: web.Request) -> web.Response:
        self._simulator.webhook.endpoint = None
        return web.Response(status=204)
