"""`pds-stack event` and `pds-stack user`, run as commands against what they speak to."""

import asyncio
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import jwt
import pytest
import stripe
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_stack import envfile

from .conftest import Stacks

SECRET = "whsec_of_a_test"


@dataclass
class Endpoint:
    """A webhook that notes what it gets and answers as it is told."""

    status: int = 200
    received: list[stripe.Event] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        payload = await request.read()
        self.received.append(stripe.Webhook.construct_event(payload, request.headers["Stripe-Signature"], SECRET))
        return web.json_response({"code": "told"}, status=self.status)


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    app = web.Application()
    app.router.add_post("/api/webhooks", endpoint.handle)
    async with TestServer(app) as server:
        endpoint.url = str(server.make_url("/api/webhooks"))
        yield endpoint


async def command(*arguments: str, env: dict[str, str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pds_stack",
        *arguments,
        env={**os.environ, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return await process.wait(), output.decode()


async def test_an_event_arrives_signed_and_the_answer_is_shown(endpoint: Endpoint) -> None:
    env = {"WEBHOOK_URL": endpoint.url, "STRIPE_WEBHOOK_SECRET": SECRET}

    code, output = await command("event", "--user-id", "u", "--disk", "20", "--created", "1700000000", env=env)

    assert (code, output) == (0, '200 OK\n{"code": "told"}\n')
    (event,) = endpoint.received
    assert event.created == 1_700_000_000
    assert event.data.object.metadata.to_dict() == {"user_id": "u", "pds_disksize_gb": "20"}


async def test_an_answer_that_stripe_would_not_take_ends_with_1(endpoint: Endpoint) -> None:
    endpoint.status = 503

    code, output = await command("event", env={"WEBHOOK_URL": endpoint.url, "STRIPE_WEBHOOK_SECRET": SECRET})

    assert (code, output.splitlines()[0]) == (1, "503 Service Unavailable")


async def test_a_file_is_sent_as_it_is(endpoint: Endpoint, tmp_path: Path) -> None:
    event, env = tmp_path / "event.json", tmp_path / "env"
    event.write_text(json.dumps({"id": "evt_of_a_file", "object": "event"}))
    env.write_text(envfile.render({"WEBHOOK_URL": endpoint.url, "STRIPE_WEBHOOK_SECRET": SECRET}))

    code, output = await command("event", "--file", str(event), "--env", str(env), env={})

    assert code == 0, output
    assert [received.id for received in endpoint.received] == ["evt_of_a_file"]


async def test_nobody_there_ends_with_1_and_keeps_the_secret(tmp_path: Path) -> None:
    env = tmp_path / "env"
    env.write_text(envfile.render({"WEBHOOK_URL": "http://127.0.0.1:1/", "STRIPE_WEBHOOK_SECRET": SECRET}))

    code, output = await command("event", "--env", str(env), env={})

    assert code == 1
    assert "http://127.0.0.1:1/ did not answer" in output
    assert SECRET not in output


async def test_a_user_is_made_once_and_gets_a_token(stacks: Stacks) -> None:
    up = stacks.up("supabase")
    settings = up.ready()

    answers = [await command("user", email, env=settings) for email in ("Alice@Example.com", "alice@example.com")]

    assert [code for code, _ in answers] == [0, 0]
    first, second = (dict(line.split("=", 1) for line in output.splitlines()) for _, output in answers)
    assert first["USER_ID"] == second["USER_ID"] == str(uuid.UUID(first["USER_ID"]))
    secret = settings["SUPABASE_JWT_SECRET"]
    claims = jwt.decode(first["ACCESS_TOKEN"], secret, algorithms=["HS256"], audience="authenticated")
    assert (claims["sub"], claims["role"], claims["email"]) == (first["USER_ID"], "authenticated", "alice@example.com")
    assert claims["exp"] - claims["iat"] == 3600
