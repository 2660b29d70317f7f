"""The form that buys: names are checked as they are typed, a refusal stands at its field, nothing is sent twice."""

import asyncio
import re

from playwright.async_api import Browser, Page, Request, expect

from browser.scenes import give_pds
from browser.visitor import PHONE, visiting
from stages.portal_stage import PortalStage

AUTO = "/dashboard?pds_plan=small&auto_checkout=true"


def count_checkouts(page: Page) -> list[str]:
    """Every request for a checkout that the page sends from now on."""
    sent: list[str] = []

    def hear(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/api/checkout"):
            sent.append(request.url)

    page.on("request", hear)
    return sent


async def test_a_name_is_checked_as_it_is_typed(browser: Browser, portal_stage: PortalStage) -> None:
    customer, other = await portal_stage.customer("alice"), await portal_stage.customer("bob")
    taken = give_pds(portal_stage, other, 3, "bob")
    base = portal_stage.stack["PDS_BASE_DOMAIN"]
    async with visiting(browser, portal_stage.url) as visitor:
        page = visitor.page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/api/pds/check" in request.url else None)
        await visitor.sign_in(customer.email, customer.password)
        name = page.get_by_label("Name of your server")
        verdict = page.locator("#username-verdict")

        await name.press_sequentially("Some One", delay=20)
        await expect(verdict).to_have_text(f"some-one.{base} is free.")
        assert len(asked) <= 2, "it is asked with nearly every key"
        await name.fill(taken.removesuffix(f".{base}"))
        await expect(verdict).to_have_text(f"{taken} is taken. Choose another username.")
        await name.fill("---")
        await expect(verdict).to_contain_text("has no letter or digit in it")
        await page.get_by_text("A domain of your own").click()
        await page.get_by_label("Domain of your own").fill("127.0.0.1")
        await expect(page.locator("#hostname-verdict")).to_contain_text("is an IP address")
        assert await visitor.violations() == []


async def test_a_refusal_stands_at_its_field_and_the_form_can_be_sent_again(
    browser: Browser, portal_stage: PortalStage
) -> None:
    customer, other = await portal_stage.customer("alice"), await portal_stage.customer("bob")
    taken = give_pds(portal_stage, other, 3, "bob")
    async with visiting(browser, portal_stage.url) as visitor:
        page = visitor.page
        await visitor.sign_in(customer.email, customer.password)
        await page.get_by_text("A domain of your own").click()
        hostname = page.get_by_label("Domain of your own")
        await hostname.fill(taken)
        button = page.get_by_role("button", name="Go on to the payment")
        await button.click()

        await expect(page.get_by_role("alert")).to_contain_text("is taken")
        await expect(hostname).to_be_focused()
        await expect(hostname).to_have_attribute("aria-invalid", "true")
        await hostname.fill("")
        await button.click()
        await expect(page.get_by_role("button", name="Pay")).to_be_visible()


async def test_a_form_that_was_refused_without_script_can_be_mended_with_it(
    browser: Browser, portal_stage: PortalStage
) -> None:
    customer = await portal_stage.customer("alice")
    async with visiting(browser, portal_stage.url, viewport=PHONE) as visitor:
        page = visitor.page
        await visitor.sign_in(customer.email, customer.password)
        await page.get_by_text("A domain of your own").click()
        hostname = page.get_by_label("Domain of your own")
        await hostname.fill("localhost")
        # As a browser without script sends it: no listener hears of it.
        await page.locator("#checkout").evaluate("form => form.submit()")

        await expect(page).to_have_title("Error: Set up your PDS - eny.space")
        await expect(hostname).to_have_value("localhost")
        await expect(hostname).to_have_accessible_description(re.compile("^The hostname .*"))
        assert await visitor.violations() == []
        assert await visitor.overflow() <= 0

        await hostname.fill("")
        await expect(page.locator("#hostname-error")).to_have_count(0)
        await page.get_by_role("button", name="Go on to the payment").click()
        await expect(page.get_by_role("button", name="Pay")).to_be_visible()


async def test_the_checkout_begins_by_itself_once(browser: Browser, portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer("alice")
    async with visiting(browser, portal_stage.url) as visitor:
        page = visitor.page
        sent = count_checkouts(page)
        await visitor.sign_in(customer.email, customer.password)
        await visitor.open(AUTO)
        await page.wait_for_url("**/c/pay/**")
        await page.wait_for_load_state("networkidle")  # a way back that is taken sooner is lost

        await page.go_back()
        button = page.get_by_role("button", name="Go on to the payment")
        await expect(button).to_be_enabled()
        await page.reload()
        await expect(button).to_be_enabled()
        await page.wait_for_load_state("networkidle")

        assert len(sent) == 1
        assert "auto_checkout" not in page.url


async def test_nothing_is_bought_by_itself_where_a_pds_is(browser: Browser, portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer("alice")
    hostname = give_pds(portal_stage, customer, 3)
    async with visiting(browser, portal_stage.url) as visitor:
        sent = count_checkouts(visitor.page)
        await visitor.sign_in(customer.email, customer.password)
        await visitor.open(AUTO)
        await expect(visitor.page.get_by_role("heading", name=hostname)).to_be_visible()
        await visitor.page.wait_for_load_state("networkidle")

        assert sent == []


async def test_clicking_twice_buys_once(browser: Browser, portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer("alice")
    async with visiting(browser, portal_stage.url) as visitor:
        page = visitor.page
        sent = count_checkouts(page)
        await visitor.sign_in(customer.email, customer.password)
        button = page.get_by_role("button", name="Go on to the payment")
        await asyncio.gather(button.dblclick(no_wait_after=True), page.wait_for_url("**/c/pay/**"))

        assert len(sent) == 1
