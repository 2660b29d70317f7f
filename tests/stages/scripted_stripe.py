"""Stripe's ``POST /v1/checkout/sessions`` with prepared answers: for what the stateful stand-in never answers."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

PAGE = "https://checkout.stripe.com/c/pay/cs_test_1#fid"

Answer = tuple[int, object, dict[str, str]]
"""A status, a body (a string as it is, anything else as JSON), headers."""


def session(**more: object) -> dict[str, object]:
    """A session that waits for its customer."""
    return {"id": "cs_test_1", "object": "checkout.session", "url": PAGE, **more}


@dataclass
class ScriptedStripe:
    """Gives these answers, the last one again and again, and keeps what was sent: the form and the headers of each."""

    answers: list[Answer] = field(default_factory=lambda: [(200, session(), {})])
    sent: list[tuple[dict[str, str], dict[str, str]]] = field(default_factory=list)
    base: str = ""

    @property
    def forms(self) -> list[dict[str, str]]:
        return [form for form, _ in self.sent]

    async def answer(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self.sent.append((form, dict(request.headers)))
        status, body, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, content_type="application/json", headers=headers)


@asynccontextmanager
async def scripted_stripe() -> AsyncIterator[ScriptedStripe]:
    """Run one until the block ends."""
    stripe = ScriptedStripe()
    app = web.Application()
    app.router.add_post("/v1/checkout/sessions", stripe.answer)
    async with TestServer(app) as server:
        stripe.base = str(server.make_url("")).rstrip("/")
        yield stripe
