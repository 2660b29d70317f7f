"""Each program takes up a rotated Secret without a restart, as the kubelet swaps it in its folder."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from faults.processes import Command, Process, Zygote, start_zygote
from faults.settings import NOT_THROUGH_A_PROXY
from pds_stack.events import checkout_event, sign
from pds_stack.ports import free_ports
from stages.mounted_secret import MountedSecret
from stages.operator_stage import TOKEN, Stage
from stages.operators_stage import Operators

BIN = Path(sys.executable).parent


@pytest.fixture
async def zygote(tmp_path: Path) -> AsyncIterator[Zygote]:
    async with start_zygote(tmp_path) as started:
        yield started


@pytest.fixture
def secret(tmp_path: Path) -> MountedSecret:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return MountedSecret(folder)


@pytest.fixture
def key(stage: Stage) -> str:
    return stage.stack["SUPABASE_SERVICE_ROLE_KEY"]


async def operator(stage: Stage, zygote: Zygote, secret: MountedSecret) -> Process:
    # An empty variable gives way to the file.
    empty = {"PDS_API_TOKEN": "", "SUPABASE_SERVICE_ROLE_KEY": ""}
    return await Operators(stage, zygote).start("operator", SECRETS_DIR=secret.folder, **empty)


async def test_the_operators_token(stage: Stage, zygote: Zygote, secret: MountedSecret, key: str) -> None:
    secret.update(PDS_API_TOKEN="an-old-token", SUPABASE_SERVICE_ROLE_KEY=key)
    process = await operator(stage, zygote, secret)
    user_id = await stage.ask()
    await stage.until_reason(user_id, "CredentialsRejected")
    secret.update(PDS_API_TOKEN=TOKEN, SUPABASE_SERVICE_ROLE_KEY=key)
    await stage.retry(user_id)
    await stage.until_ready(user_id)
    assert process.alive


async def test_the_operators_key(stage: Stage, zygote: Zygote, secret: MountedSecret, key: str) -> None:
    secret.update(PDS_API_TOKEN=TOKEN, SUPABASE_SERVICE_ROLE_KEY="an-old-key")
    process = await operator(stage, zygote, secret)
    user_id = await stage.ask()
    await stage.until_reason(user_id, "SupabaseUnavailable")
    secret.update(PDS_API_TOKEN=TOKEN, SUPABASE_SERVICE_ROLE_KEY=key)
    await stage.until_ready(user_id)
    assert process.alive


async def delivered(process: Process, event: Mapping[str, Any], secret: str) -> tuple[int, str]:
    body = json.dumps(event).encode()
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        url = f"http://127.0.0.1:{process.environment['PORT']}/api/webhooks"
        answer = await client.post(url, content=body, headers={"Stripe-Signature": sign(body, secret)})
    return answer.status_code, answer.json()["code"]


async def test_the_webhooks_two(stage: Stage, zygote: Zygote, secret: MountedSecret, key: str) -> None:
    port, admin_port = free_ports(2)
    secret.update(STRIPE_WEBHOOK_SECRET="whsec_old", SUPABASE_SERVICE_ROLE_KEY="an-old-key")
    environment = {
        **NOT_THROUGH_A_PROXY,
        **{name: stage.stack[name] for name in ("KUBECONFIG", "SUPABASE_URL", "PDS_BASE_DOMAIN")},
        "PDS_NAMESPACE": stage.namespace,
        "STRIPE_LIVEMODE": "false",
        "SECRETS_DIR": str(secret.folder),
        "PORT": str(port),
        "ADMIN_PORT": str(admin_port),
    }
    process = await zygote.start(Command.WEBHOOK, environment)
    await process.ready()
    event = checkout_event(user_id=stage.new_user(), email="alice@a.example")
    assert await delivered(process, event, "whsec_old") == (503, "supabase_unavailable")
    secret.update(STRIPE_WEBHOOK_SECRET="whsec_old", SUPABASE_SERVICE_ROLE_KEY=key)
    assert await delivered(process, event, "whsec_old") == (200, "already_accepted")
    assert await delivered(process, event, "whsec_new") == (400, "invalid_signature")
    secret.update(STRIPE_WEBHOOK_SECRET="whsec_new,whsec_old", SUPABASE_SERVICE_ROLE_KEY=key)
    for either in ("whsec_new", "whsec_old"):
        assert await delivered(process, event, either) == (200, "already_accepted")
    secret.update(STRIPE_WEBHOOK_SECRET="whsec_new", SUPABASE_SERVICE_ROLE_KEY=key)
    assert await delivered(process, event, "whsec_old") == (400, "invalid_signature")
    assert await delivered(process, event, "whsec_new") == (200, "already_accepted")


async def test_a_backfills_two_between_two_pages(stage: Stage, secret: MountedSecret, key: str) -> None:
    user_id = stage.new_user()
    theirs = checkout_event(user_id=user_id, email="alice@a.example")["data"]["object"]
    theirs["subscription"] = {"id": theirs["subscription"], "status": "active"}
    strangers = {"id": "cs_test_stranger", "created": int(time.time())}
    keys: list[str] = []

    async def pages(request: web.Request) -> web.Response:
        keys.append(request.headers["Authorization"].removeprefix("Bearer "))
        if len(keys) == 1:
            secret.update(STRIPE_SECRET_KEY="sk_test_new", SUPABASE_SERVICE_ROLE_KEY=key)
            return web.json_response({"object": "list", "data": [strangers], "has_more": True})
        return web.json_response({"object": "list", "data": [theirs], "has_more": False})

    secret.update(STRIPE_SECRET_KEY="sk_test_old", SUPABASE_SERVICE_ROLE_KEY="an-old-key")
    app = web.Application()
    app.router.add_get("/v1/checkout/sessions", pages)
    async with TestServer(app) as stripe:
        environment = {
            **NOT_THROUGH_A_PROXY,
            **{name: stage.stack[name] for name in ("KUBECONFIG", "SUPABASE_URL", "PDS_BASE_DOMAIN")},
            "PDS_NAMESPACE": stage.namespace,
            "STRIPE_LIVEMODE": "false",
            "STRIPE_API_BASE": str(stripe.make_url("")).rstrip("/"),
            "SECRETS_DIR": str(secret.folder),
        }
        told = await asyncio.create_subprocess_exec(
            BIN / "pds-webhook", "backfill", "--since", "1h", "--json", env=environment, stdout=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(60):
            out, _ = await told.communicate()
    assert (told.returncode, json.loads(out)["codes"]) == (0, {"ignored": 1, "accepted": 1})
    assert keys == ["sk_test_old", "sk_test_new"]
