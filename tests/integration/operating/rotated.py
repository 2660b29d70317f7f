"""Tokens change under running programs."""

import json
from http import HTTPStatus

import httpx

from pds_stack.events import checkout_event, sign

from .document import Question
from .ground import Ground
from .pods import Pod, Pods
from .portal_pods import ACCESS, browser, pods_with_portal, sign_in, sign_up

NEW_TOKEN = "the token after it"
NEW_JWT_SECRET = "the secret after it, of thirty-two bytes and more"
OLD, NEW = "whsec_before", "whsec_after"
CIRCUIT_SECONDS = 60.0


async def rotate(ground: Ground, question: Question) -> None:
    pods, stage = pods_with_portal(ground), ground.stage
    key = ground.environment["SUPABASE_SERVICE_ROLE_KEY"]
    await pods.install(
        operator={**ground.operators_secret(), "SUPABASE_SERVICE_ROLE_KEY": "no key any more"},
        webhook={"STRIPE_WEBHOOK_SECRET": OLD, "SUPABASE_SERVICE_ROLE_KEY": "no key any more"},
        backfill={"STRIPE_SECRET_KEY": "sk_test", "SUPABASE_SERVICE_ROLE_KEY": "no key any more"},
        portal=ground.portals_secret(),
    )
    stage.simulator.change(token=NEW_TOKEN)
    async with pods.running("pds-operator") as operator, pods.running("pds-webhook") as webhook:
        await ground.customer("alice")
        await stage.until_reason(ground.users["alice"], "SupabaseUnavailable")
        await ground.run(question, given=f"{NEW_TOKEN}\n")
        await ground.run(question, given=f"{key}\n")
        await pods.refresh(operator.secret)
        await pods.refresh(webhook.secret)
        await ground.until_reason("alice", "Running", CIRCUIT_SECONDS)
        assert [await _answer(webhook, secret) for secret in (OLD, NEW)] == [200, 400]
        await ground.run(question, given=f"{NEW}\n")
        await pods.refresh(webhook.secret)
        assert [await _answer(webhook, secret) for secret in (OLD, NEW)] == [200, 200]
        await ground.run(question, given=f"{NEW}\n")
        await pods.refresh(webhook.secret)
        assert [await _answer(webhook, secret) for secret in (OLD, NEW)] == [400, 200]
    await _of_the_portal(ground, question, pods)


async def _of_the_portal(ground: Ground, question: Question, pods: Pods) -> None:
    async with pods.running("pds-portal") as portal, browser(portal) as bob:
        await sign_up(ground, "bob")
        assert await sign_in(ground, bob, "bob") == HTTPStatus.SEE_OTHER
        await ground.run(question, given="rk_live_new\n")
        await ground.run(question, given=f"{NEW_JWT_SECRET}\n")
        await pods.refresh(portal.secret)
        files = {name: (portal.secret.folder / name).read_text() for name in ground.portals_secret()}
        assert files == {
            "PDS_API_TOKEN": NEW_TOKEN,
            "STRIPE_SECRET_KEY": "rk_live_new",
            "SUPABASE_JWT_SECRET": NEW_JWT_SECRET,
        }
        bearer = {"Authorization": f"Bearer {bob.cookies[ACCESS]}", "Cookie": ""}
        assert (await bob.http.get("/api/pds/progress", headers=bearer)).status_code == HTTPStatus.UNAUTHORIZED


async def _answer(webhook: Pod, secret: str) -> int:
    """What Stripe is answered to an event that concerns nobody, signed so."""
    body = json.dumps(checkout_event()).encode()
    url = f"http://127.0.0.1:{webhook.ports['PORT']}/api/webhooks"
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return (await client.post(url, content=body, headers={"Stripe-Signature": sign(body, secret)})).status_code
