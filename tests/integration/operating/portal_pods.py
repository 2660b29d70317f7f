"""The portal as its pod runs it, and customers' browsers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from stages.cookie_client import CookieClient

from .ground import Ground
from .pods import Pod, Pods

ACCESS, REFRESH = "__Host-pds-access", "__Host-pds-refresh"
PASSWORD = "four words of a test"


def pods_with_portal(ground: Ground) -> Pods:
    """Return pods whose settings are those that an overlay would give the portal too."""
    names = {"SUPABASE_ANON_KEY": ground.stage.stack["SUPABASE_ANON_KEY"], "NEXT_PUBLIC_STRIPE_PRICE_ID": "price_test"}
    return Pods(ground, names)


@asynccontextmanager
async def browser(portal: Pod) -> AsyncIterator[CookieClient]:
    """Open a customer's browser."""
    async with CookieClient(f"http://127.0.0.1:{portal.ports['PORT']}") as opened:
        yield opened


async def sign_up(ground: Ground, name: str) -> None:
    """Make a customer's user at Supabase Auth, with a password; the id is the one that Supabase gives."""
    stack = ground.stage.stack
    async with httpx.AsyncClient(base_url=stack["SUPABASE_URL"], trust_env=False, timeout=30) as client:
        body = {"email": ground.email(name), "password": PASSWORD}
        headers = {"apikey": stack["SUPABASE_ANON_KEY"]}
        made = (await client.post("/auth/v1/signup", json=body, headers=headers)).raise_for_status().json()
    user_id = str(made.get("user", made)["id"])
    told = next(told for told, here in ground.names.items() if here == ground.users[name])
    ground.users[name] = ground.names[told] = user_id


async def sign_in(ground: Ground, opened: CookieClient, name: str) -> int:
    """Sign a customer in, and return the status of the answer."""
    return (await opened.send_form("/login", email=ground.email(name), password=PASSWORD)).status_code
