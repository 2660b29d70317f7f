"""The public application: ``POST /api/webhooks``, and nothing else. Every answer of it is JSON with a code."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import stripe
from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Handler

from pds_runtime.logs import about
from pds_runtime.public.connections import headers_complete, request_complete
from pds_runtime.public.drain import UnderWay
from pds_webhook.answers import Answer, Code
from pds_webhook.bodies import BODY_SECONDS, Bodies
from pds_webhook.events import Ignored, NotAnEvent, read_event
from pds_webhook.intake import Intake
from pds_webhook.metrics import Metrics
from pds_webhook.responses import answer_to_fault, as_response
from pds_webhook.settings import signing_secrets
from pds_webhook.signature import Unverified, verify

PATH = "/api/webhooks"

_CONTINUE = "100-continue"
_HTTP_CODES = {404: Code.NOT_FOUND, 405: Code.METHOD_NOT_ALLOWED}

_log = logging.getLogger(__name__)


def public_app(
    intake: Intake,
    secrets: Callable[[], str],
    metrics: Metrics,
    under_way: UnderWay,
    *,
    body_seconds: float = BODY_SECONDS,
) -> web.Application:
    """Make the public application.

    Args:
        intake: What takes the checkouts in.
        secrets: Reads the setting ``STRIPE_WEBHOOK_SECRET`` as it is now.
        metrics: What counts the answers.
        under_way: What a stop waits for.
        body_seconds: How long a body may take to arrive.
    """
    app = web.Application(middlewares=[under_way.middleware, _speak_json])
    receiver = _Receiver(intake, secrets, metrics, Bodies(body_seconds))
    app.router.add_post(PATH, receiver.receive, expect_handler=_meet_expectation)
    return app


@dataclass
class _Delivery:
    """What is known of an event so far, for its log line and its counters. Nothing in it is personal."""

    event_type: str | None = None
    event_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    api_version: str | None = None

    def fields(self) -> dict[str, str]:
        """Return what the log line shows."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class _Receiver:
    """The handler of the one route."""

    intake: Intake
    secrets: Callable[[], str]
    metrics: Metrics
    bodies: Bodies

    async def receive(self, request: web.Request) -> web.Response:
        """Answer one delivery, count it, and write its one log line."""
        started = time.perf_counter()
        delivery = _Delivery()
        try:
            answer = await self._answer(request, delivery)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, Stripe is to try again
            with about(**delivery.fields()):
                answer = answer_to_fault(error)
        self.metrics.answered(delivery.event_type, answer, time.perf_counter() - started)
        _log_answer(answer, delivery)
        response = as_response(answer)
        if not request.content.is_eof():
            response.force_close()
        return response

    async def _answer(self, request: web.Request, delivery: _Delivery) -> Answer:
        headers_complete(request)
        body = await self.bodies.read(request)
        if isinstance(body, Answer):
            return body
        request_complete(request)
        header = request.headers.get("Stripe-Signature")
        try:
            event = read_event(verify(body, header, signing_secrets(self.secrets()), time.time()))
        except Unverified as error:
            return Answer(error.code, str(error))
        except NotAnEvent as error:
            return Answer(Code.INVALID_BODY, str(error))
        delivery.event_type, delivery.event_id = event.event_type, event.event_id
        if isinstance(event, Ignored):
            return Answer(Code.IGNORED, event.reason)
        delivery.session_id, delivery.user_id = event.session_id, event.user_id
        if event.api_version != stripe.api_version:  # pinned on the endpoint; a difference explains odd fields
            delivery.api_version = event.api_version
        return await self.intake.take(event)


async def _meet_expectation(request: web.Request) -> web.Response | None:
    """Ask for the body where the sender waits to be asked; aiohttp's own refusal of other expectations is no JSON."""
    if request.version < HttpVersion11:  # knows no expectations: they are not to be minded
        return None
    if request.headers["Expect"].lower() != _CONTINUE:
        response = as_response(Answer(Code.BAD_REQUEST, f"the only Expect header that is met is {_CONTINUE}"), 417)
        response.force_close()  # whether its body follows cannot be known
        return response
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # as aiohttp's own does: the answer has not begun
    return None


@web.middleware
async def _speak_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Put aiohttp's own refusals (no such path, no such method) into the form of all other answers."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        response = as_response(
            Answer(_HTTP_CODES.get(refusal.status, Code.BAD_REQUEST), f"send Stripe's events by POST to {PATH}")
        )
        if "Allow" in refusal.headers:
            response.headers["Allow"] = refusal.headers["Allow"]
        return response


def _log_answer(answer: Answer, delivery: _Delivery) -> None:
    level = logging.WARNING if answer.warn or answer.double or answer.code.status >= 400 else logging.INFO
    told: dict[str, object] = {"code": answer.code.value, **delivery.fields()}
    if answer.field is not None:
        told["field"] = answer.field
    if answer.double:
        told["refund_may_be_due"] = True
    _log.log(level, answer.message, extra=told)
