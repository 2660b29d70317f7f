"""The whole stack as a process, with the portal: from the sign-up over Stripe's page to the running PDS."""

import asyncio
import signal
import time
from pathlib import Path

import httpx
import pytest

from .conftest import START_SECONDS, Stacks, Up, still_running, wait_until

# A first start builds Kubernetes.
pytestmark = pytest.mark.timeout(START_SECONDS + 100)
EVERYTHING = "kubernetes,supabase,backend,webhook,operator,stripe,portal"
RUNNING_SECONDS = 60.0


@pytest.fixture
def up(stacks: Stacks) -> Up:
    return stacks.up(EVERYTHING)


async def test_a_customer_signs_up_pays_and_has_a_pds(up: Up) -> None:
    settings = await asyncio.to_thread(up.ready)
    known = known_to_the_portal(up, settings)
    assert {"SUPABASE_ANON_KEY", "SUPABASE_JWT_SECRET", "STRIPE_SECRET_KEY", "PDS_API_TOKEN"} <= known
    assert not {"SUPABASE_SERVICE_ROLE_KEY", "DATABASE_URL", "STRIPE_WEBHOOK_SECRET", "KUBECONFIG"} & known
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        signed_up = await http.post(
            f"{settings['SUPABASE_URL']}/auth/v1/signup",
            headers={"apikey": settings["SUPABASE_ANON_KEY"]},
            json={"email": "alice@example.com", "password": "correct horse"},
        )
        customer = {"Authorization": f"Bearer {signed_up.json()['access_token']}"}
        checkout = await http.post(
            f"{settings['PORTAL_URL']}/api/checkout",
            headers=customer,
            json={"plan": "plus", "username": "alice", "form_nonce": "0123456789abcdef0123456789abcdef"},
        )
        assert checkout.status_code == 200, checkout.text
        page = checkout.json()["url"]
        assert page.startswith(f"{settings['STRIPE_CHECKOUT_ORIGIN']}/c/pay/cs_test_")

        paid = await http.post(page)

        assert paid.status_code == 303, paid.text
        assert paid.headers["Location"] == f"{settings['PORTAL_URL']}/dashboard?checkout=success"
        progress = await settled(http, f"{settings['PORTAL_URL']}/api/pds/progress", customer)
        assert (progress["step"], progress["hostname"]) == ("running", f"alice.{settings['PDS_BASE_DOMAIN']}")

    programs = up.programs()
    assert up.end(signal.SIGTERM) == 0, up.output()
    assert still_running(programs) == []
    assert up.temporary() == []


def known_to_the_portal(up: Up, settings: dict[str, str]) -> set[str]:
    """The settings whose values its process has in its environment."""
    (portal,) = [pid for pid, command in up.programs().items() if "pds-portal" in command]
    told = Path(f"/proc/{portal}/environ").read_text()
    return {name for name, value in settings.items() if value in told}


async def settled(http: httpx.AsyncClient, url: str, headers: dict[str, str]) -> dict[str, object]:
    """Ask for the progress until it changes no more."""
    deadline = time.monotonic() + RUNNING_SECONDS
    while True:
        answer = await http.get(url, headers=headers)
        assert answer.status_code == 200, answer.text
        progress: dict[str, object] = answer.json()
        if progress["settled"] and progress["step"] != "none":
            return progress
        if time.monotonic() > deadline:
            pytest.fail(f"not settled within {RUNNING_SECONDS:.0f} s: {progress}")
        await asyncio.sleep(0.2)


def test_the_demo_leaves_it_running_and_ends_with_ctrl_c(stacks: Stacks) -> None:
    demo = stacks.run("demo", "--portal", env=".stack/env")
    settings = demo.ready("Ctrl-C stops everything")

    output = demo.output()
    assert f"Open {settings['PORTAL_URL']}/pricing" in output
    assert httpx.get(f"{settings['PORTAL_URL']}/pricing", trust_env=False).status_code == 200
    secrets = [name for name, value in settings.items() if ("SECRET" in name or "KEY" in name) and value in output]
    assert secrets == []

    programs = demo.programs()
    assert demo.end(signal.SIGINT) == 0, demo.output()
    wait_until("its programs gone", lambda: still_running(programs) == [], 20)
    assert demo.temporary() == []
    assert not demo.env.parent.exists()
