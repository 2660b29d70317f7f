"""The whole way on the whole local stack: plans, sign-up, payment, the PDS that comes up, its details, signing out."""

import re
import secrets
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from browser.visitor import PHONE, Visitor, visiting
from conftest import running_stack

STATES = [[0, 2.0], [1, 1.0], [2, 3.0], [3, None]]
"""The states that the backend goes through, each with its seconds: long enough for a page to be seen in them."""
SECONDS = 60_000
"""How long the stack may take from the payment to the running PDS, in milliseconds; it shares two cores."""


@pytest.fixture(scope="module")
def whole(stack: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The settings of the whole product on the stack, with Stripe's page and the portal."""
    with running_stack("backend,webhook,operator,stripe,portal", stack) as settings:
        yield {**stack, **settings}


@pytest.fixture
async def backend(whole: Mapping[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """What commands the simulated backend, which takes some seconds for a PDS."""
    address = whole["PDS_API_URL"].removesuffix("/api/v1") + "/_control"
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        (await client.patch("/behaviour", json={"states": STATES})).raise_for_status()
        yield client
        (await client.delete("/behaviour")).raise_for_status()


def new_account() -> tuple[str, str]:
    return f"walker-{uuid.uuid4().hex[:12]}@users.example", secrets.token_urlsafe(16)


async def test_from_the_plans_to_a_running_pds_and_out(
    browser: Browser, whole: Mapping[str, str], backend: httpx.AsyncClient
) -> None:
    email, password = new_account()
    name = f"w-{uuid.uuid4().hex[:10]}"
    hostname = f"{name}.{whole['PDS_BASE_DOMAIN']}"
    loads: list[str] = []
    async with visiting(browser, whole["PORTAL_URL"]) as visitor:
        page = visitor.page
        await visitor.open("/")
        await page.get_by_role("link", name="Choose Plus").click()
        await visitor.sign_up(email, password)

        # The context says that the checkout begins by itself: Stripe's page is the next that is seen.
        await page.get_by_role("link", name="Cancel").click()
        await expect(page.get_by_text("You left the payment, and nothing was charged.")).to_be_visible()
        await expect(page.get_by_label("Plus")).to_be_checked()
        await page.get_by_label("Name of your server").fill(name)
        await expect(page.get_by_text(f"{hostname} is free.")).to_be_visible()
        await page.get_by_role("button", name="Go on to the payment").click()
        await page.get_by_role("button", name="Pay").click()

        await page.wait_for_url("**/dashboard?checkout=success")
        page.on("load", lambda loaded: loads.append(loaded.url))
        await expect(page.get_by_role("heading", name="Your PDS is on its way")).to_be_visible()
        now = page.locator(".step[aria-current=step]")
        await expect(now).to_contain_text("Almost ready", timeout=SECONDS)
        await expect(page.get_by_role("heading", name=hostname)).to_be_visible(timeout=SECONDS)
        await expect(page.locator("#announcer")).to_have_text("Your PDS is running.")
        assert loads == [], "the page was loaded anew"
        assert page.url == f"{whole['PORTAL_URL']}/dashboard"

        await expect(page.get_by_text("5 of 20 GiB")).to_be_visible()
        await reveals(visitor, await made_password(backend, whole, hostname))
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await visitor.open("/dashboard")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def reveals(visitor: Visitor, password: str) -> None:
    """Show the password and hide it again."""
    page = visitor.page
    shown = page.locator("#admin-password")
    assert password not in await page.content()
    await page.get_by_role("button", name="Show password").click()
    await expect(shown).to_have_text(password)
    await page.get_by_role("button", name="Hide password").click()
    await expect(shown).to_have_text("••••••••")
    await expect(page.get_by_role("button", name="Show password")).to_be_focused()


async def made_password(backend: httpx.AsyncClient, whole: Mapping[str, str], hostname: str) -> str:
    """The password that the operator sent to the backend."""
    (service,) = (await backend.get("/services", params={"hostname": hostname})).json()
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(
            f"{whole['PDS_API_URL']}/service/{service['id']}",
            headers={"Authorization": f"Bearer {whole['PDS_API_TOKEN']}"},
        )
    document: dict[str, Any] = answer.raise_for_status().json()
    return str(document["encrypted_config"]["adminPassword"])


async def test_the_same_way_without_script(
    browser: Browser, whole: Mapping[str, str], backend: httpx.AsyncClient
) -> None:
    email, password = new_account()
    async with visiting(browser, whole["PORTAL_URL"], java_script_enabled=False, viewport=PHONE) as visitor:
        page = visitor.page
        await visitor.open("/pricing")
        await page.get_by_role("link", name="Choose Starter").click()
        await visitor.sign_up(email, password)
        await page.get_by_role("button", name="Go on to the payment").click()
        await page.get_by_role("button", name="Pay").click()

        await expect(page.get_by_role("heading", name="Your PDS is on its way")).to_be_visible()
        running = page.get_by_role("heading", name=re.compile(r"^walker-.*" + re.escape(whole["PDS_BASE_DOMAIN"])))
        await expect(running).to_be_visible(timeout=SECONDS)  # the page loads itself anew
        hostname = await running.inner_text()
        await expect(page.locator("time[data-form=moment]").first).to_contain_text("UTC")
        await page.get_by_role("button", name="Show password").click()
        await expect(page.locator("#admin-password")).to_have_text(await made_password(backend, whole, hostname))
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
