"""`pds-stack event` tells the stand-in for Stripe of the session that it delivers, or of one that it lets get lost."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_stack.stripe import StripeSimulator, create_app

USER = "0a1b2c3d-0000-4000-8000-000000000001"


async def event(*arguments: str, env: Mapping[str, str]) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pds_stack",
        "event",
        *arguments,
        env={"PATH": os.environ["PATH"], **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


@pytest.fixture
async def stripe() -> StripeSimulator:
    return StripeSimulator("sk_test_of_the_tests")


@pytest.fixture
async def stripe_base(stripe: StripeSimulator) -> AsyncIterator[str]:
    async with TestServer(create_app(stripe)) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
async def webhook_url() -> AsyncIterator[str]:
    """A webhook that takes whatever comes."""

    async def take(_request: web.Request) -> web.Response:
        return web.json_response({"code": "told"})

    app = web.Application()
    app.router.add_post("/api/webhooks", take)
    async with TestServer(app) as server:
        yield str(server.make_url("/api/webhooks"))


def listed(stripe: StripeSimulator) -> list[str]:
    return [session["metadata"]["user_id"] for session in stripe.list_sessions([("status", "complete")])["data"]]


async def test_what_is_delivered_is_listed(stripe: StripeSimulator, stripe_base: str, webhook_url: str) -> None:
    env = {"WEBHOOK_URL": webhook_url, "STRIPE_WEBHOOK_SECRET": "whsec_x", "STRIPE_API_BASE": stripe_base}
    assert await event("--user-id", USER, env=env) == (0, '200 OK\n{"code": "told"}\n')
    assert listed(stripe) == [USER]


async def test_what_gets_lost_is_listed_and_not_delivered(stripe: StripeSimulator, stripe_base: str) -> None:
    code, output = await event("--user-id", USER, "--session", "cs_1", "--lost", env={"STRIPE_API_BASE": stripe_base})
    assert (code, output) == (0, "cs_1 is listed, and was not delivered\n")
    assert listed(stripe) == [USER]


async def test_without_a_stand_in_nothing_can_get_lost(tmp_path: object) -> None:
    code, output = await event("--lost", "--env", f"{tmp_path}/missing", env={})
    assert (code, "STRIPE_API_BASE" in output) == (2, True), output


async def test_a_stand_in_that_is_gone_is_said() -> None:
    code, output = await event("--lost", env={"STRIPE_API_BASE": "http://127.0.0.1:1"})
    assert (code, "http://127.0.0.1:1/_control/sessions did not answer" in output) == (1, True), output


async def test_a_file_cannot_get_lost() -> None:
    code, output = await event("--lost", "--file", "event.json", env={})
    assert (code, "leave out the other options" in output) == (2, True), output
