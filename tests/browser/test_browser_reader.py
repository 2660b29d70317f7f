"""What the dashboard does for whoever reads it: times in their zone, hostnames that a narrow screen does not tear."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, Locator, expect

from browser.scenes import give_pds
from browser.visitor import PHONE, visiting
from stages.portal_stage import PortalStage

ZONE = "Asia/Kathmandu"
"""Its hours are none of UTC's: 5:45 ahead."""


async def test_times_are_in_the_readers_zone(browser: Browser, portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer("alice")
    hostname = give_pds(portal_stage, customer, 3)
    (service,) = portal_stage.simulator.at_hostname(hostname)
    made = service.created_at.astimezone(ZoneInfo(ZONE))
    async with visiting(browser, portal_stage.url, timezone_id=ZONE, locale="en-GB") as visitor:
        await visitor.sign_in(customer.email, customer.password)
        created = visitor.page.locator("dt", has_text="Created").locator("xpath=../dd")
        await expect(created).to_have_text(f"{made.day} {made:%B %Y} at {made:%H:%M}")

        tick = visitor.page.locator(".ticks time").first
        hour = datetime.fromisoformat(await tick.get_attribute("datetime") or "")
        assert hour.tzinfo == UTC
        await expect(tick).to_have_text(f"{hour.astimezone(ZoneInfo(ZONE)):%H:%M}")


async def torn(place: Locator) -> list[str]:
    """The pieces of a text, between its places to break, that stand on more than one line."""
    pieces: list[str] = await place.evaluate(
        """place => [...place.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).filter(node => {
          const range = document.createRange();
          range.selectNodeContents(node);
          return new Set([...range.getClientRects()].map(line => line.top)).size > 1;
        }).map(node => node.data)"""
    )
    return pieces


async def test_a_hostname_breaks_behind_its_dots_on_a_phone(browser: Browser, portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer("alice")
    hostname = give_pds(portal_stage, customer, 3)
    async with visiting(browser, portal_stage.url, viewport=PHONE) as visitor:
        await visitor.sign_in(customer.email, customer.password)
        heading = visitor.page.get_by_role("heading", name=hostname)
        await expect(heading).to_be_visible()

        assert await torn(heading) == []
        assert await visitor.overflow() <= 0


async def test_so_does_one_that_the_script_shows(browser: Browser, portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer("alice")
    hostname = f"wonderland.{portal_stage.stack['PDS_BASE_DOMAIN']}.adomainthatfillsitsline.example"
    portal_stage.has_paid(customer)
    async with visiting(browser, portal_stage.url, viewport=PHONE) as visitor:
        await visitor.sign_in(customer.email, customer.password)
        place = visitor.page.locator("#hostname")
        await expect(place).to_be_hidden()
        portal_stage.has_service(customer, None, hostname)
        await expect(place).to_have_text(hostname)

        assert await torn(place) == []
        assert await visitor.overflow() <= 0
