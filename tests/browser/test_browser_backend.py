"""The dashboard while its backend is slow, failing or answering with HTML, and a page that follows a PDS."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from browser.scenes import PASSWORD, give_pds
from browser.visitor import visiting
from pds_portal.pages.routes import FIRST_LOOK
from stages.portal_stage import PortalStage

HTML = "<!doctype html><script>document.title = 'broken'</script><h1>Whoops</h1>"


async def test_a_slow_backend_is_waited_for_behind_a_page_that_is_there(
    browser: Browser, portal_stage: PortalStage
) -> None:
    customer = await portal_stage.customer("alice")
    hostname = give_pds(portal_stage, customer, 3)
    portal_stage.simulator.change(service_seconds=FIRST_LOOK.document + 1.5)
    async with visiting(browser, portal_stage.url) as visitor:
        page = visitor.page
        await visitor.sign_in(customer.email, customer.password)

        await expect(page.get_by_text("has not answered yet. We go on asking.")).to_be_visible()
        assert await visitor.violations() == []
        await expect(page.get_by_role("heading", name=hostname)).to_be_visible(timeout=20_000)
        await expect(page.get_by_text("5 of 20 GiB")).to_be_visible()


@pytest.mark.parametrize(
    "fault",
    [{"status": 500, "body": {"message": "no"}}, {"status": 200, "content": "html", "body": HTML}, {"cut": True}],
    ids=["failing", "html", "cut"],
)
async def test_a_backend_that_comes_back_is_seen_without_a_reload(
    browser: Browser, portal_stage: PortalStage, fault: dict[str, Any]
) -> None:
    customer = await portal_stage.customer("alice")
    hostname = give_pds(portal_stage, customer, 3)
    portal_stage.simulator.change(faults=[{"endpoint": "service", "times": None, **fault}])
    async with visiting(browser, portal_stage.url) as visitor:
        page = visitor.page
        await visitor.sign_in(customer.email, customer.password)

        await expect(page.get_by_text("gives no usable answer just now")).to_be_visible()
        await expect(page).to_have_title("Your PDS - eny.space")
        portal_stage.simulator.change(faults=[])
        await expect(page.get_by_role("heading", name=hostname)).to_be_visible(timeout=20_000)


async def test_while_the_backend_is_away_what_was_done_stays_done(browser: Browser, portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer("alice")
    hostname = give_pds(portal_stage, customer, 2)
    async with visiting(browser, portal_stage.url) as visitor:
        page = visitor.page
        await visitor.sign_in(customer.email, customer.password)
        now = page.locator(".step[aria-current=step]")
        await expect(now).to_contain_text("Almost ready")

        portal_stage.simulator.change(faults=[{"endpoint": "service", "times": None, "status": 503, "body": {}}])
        await expect(page.get_by_text("We cannot see just now how your PDS is doing.")).to_be_visible()
        await expect(now).to_contain_text("Almost ready")

        portal_stage.simulator.change(faults=[])
        (service,) = portal_stage.simulator.at_hostname(hostname)
        service.go_through([(3, None)], portal_stage.simulator.clock())
        await expect(page.get_by_role("heading", name=hostname)).to_be_visible(timeout=20_000)


async def test_a_hidden_page_asks_nothing(browser: Browser, portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer("alice")
    give_pds(portal_stage, customer, 1)
    async with visiting(browser, portal_stage.url) as visitor:
        page = visitor.page
        await visitor.sign_in(customer.email, customer.password)
        async with page.expect_request("**/api/pds/progress"):
            pass
        await page.evaluate(
            """() => {
              Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
              document.dispatchEvent(new Event('visibilitychange'));
            }"""
        )
        asked: list[str] = []
        await page.wait_for_load_state("networkidle")
        page.on("request", lambda request: asked.append(request.url))
        await page.wait_for_timeout(4000)  # longer than two of the first pauses: nothing is what is waited for
        assert asked == []

        async with page.expect_request("**/api/pds/progress"):
            await page.evaluate(
                "() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')) }"
            )


async def test_a_password_that_cannot_be_had_is_said_to_be_so(browser: Browser, portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer("alice")
    hostname = give_pds(portal_stage, customer, 3)
    async with visiting(browser, portal_stage.url) as visitor:
        page = visitor.page
        await visitor.sign_in(customer.email, customer.password)
        await expect(page.get_by_role("heading", name=hostname)).to_be_visible()

        fault = {"endpoint": "service", "times": None, "status": 200, "content": "html", "body": HTML}
        portal_stage.simulator.change(faults=[fault])
        await page.get_by_role("button", name="Show password").click()
        await expect(page.get_by_role("alert")).to_contain_text("cannot be read. Try again in a few minutes.")

        portal_stage.simulator.change(faults=[])
        await page.get_by_role("button", name="Show password").click()
        await expect(page.locator("#admin-password")).to_have_text(PASSWORD)


async def test_the_install_command_is_copied(browser: Browser, portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer("alice")
    give_pds(portal_stage, customer, 3)
    async with visiting(browser, portal_stage.url, permissions=["clipboard-read", "clipboard-write"]) as visitor:
        page = visitor.page
        await visitor.sign_in(customer.email, customer.password)
        await page.get_by_role("button", name="Copy").click()

        await expect(page.locator("#announcer")).to_have_text("Copied.")
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("helm upgrade --install pds-")
