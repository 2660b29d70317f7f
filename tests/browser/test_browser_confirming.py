"""Signing up where an address has to be confirmed: the page that sends to the mail, the mail's link, and on."""

import uuid
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from playwright.async_api import Browser, expect

from browser.visitor import visiting
from stages.portal_stage import PortalStage


@pytest.fixture
async def auth(stack: Mapping[str, str], portal_stage: PortalStage) -> AsyncIterator[httpx.AsyncClient]:
    """What commands the stack's auth server, which asks for confirmation for as long as the test lasts."""
    async with httpx.AsyncClient(base_url=f"{stack['SUPABASE_URL']}/_control", trust_env=False) as client:
        changes = {"autoconfirm": False, "site_url": portal_stage.url}
        (await client.patch("/auth", json=changes)).raise_for_status()
        yield client
        (await client.delete("/auth")).raise_for_status()


async def test_the_mails_link_leads_on_to_what_was_chosen(
    browser: Browser, portal_stage: PortalStage, auth: httpx.AsyncClient
) -> None:
    email = f"confirm-{uuid.uuid4().hex[:12]}@users.example"
    async with visiting(browser, portal_stage.url) as visitor:
        page = visitor.page
        await visitor.open("/signup?pds_plan=large&pds_username=wonder")
        await visitor.sign_up(email, uuid.uuid4().hex)
        await expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
        assert await visitor.violations() == []

        (mail,) = (await auth.get("/mails", params={"to": email})).json()
        await page.goto(mail["link"])
        await page.get_by_role("button", name="Confirm and go on").click()

        await expect(page.get_by_role("heading", name="Set up your PDS")).to_be_visible()
        await expect(page.get_by_label("Large")).to_be_checked()
        await expect(page.get_by_label("Name of your server")).to_have_value("wonder")
