"""Signing in by the keyboard alone, and what is said of a mistake."""

from playwright.async_api import Browser, expect

from browser.visitor import visiting
from stages.portal_stage import PortalStage


async def test_the_keyboard_is_enough(browser: Browser, portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer("keys")
    async with visiting(browser, portal_stage.url) as visitor:
        page = visitor.page
        keys = page.keyboard
        await visitor.open("/login")

        await keys.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        await expect(skip).to_be_focused()
        await expect(skip).to_be_in_viewport()
        await keys.press("Enter")
        await expect(page.locator("#main")).to_be_focused()
        await keys.press("Tab")
        await expect(page.get_by_label("E-mail address")).to_be_focused()
        await keys.type(customer.email)
        await keys.press("Tab")
        await expect(page.get_by_label("Password")).to_be_focused()
        await keys.type(customer.password)
        await keys.press("Tab")
        button = page.get_by_role("main").get_by_role("button", name="Sign in")
        await expect(button).to_be_focused()
        outline = await button.evaluate("button => getComputedStyle(button).outlineStyle")
        assert outline == "solid", "the focus cannot be seen"
        await keys.press("Enter")

        await expect(page.get_by_role("heading", name="Set up your PDS")).to_be_visible()


async def test_a_wrong_password_is_said_at_the_form_and_the_address_is_kept(
    browser: Browser, portal_stage: PortalStage
) -> None:
    async with visiting(browser, portal_stage.url) as visitor:
        page = visitor.page
        await visitor.open("/login?pds_plan=small&auto_checkout=true")
        await page.get_by_label("E-mail address").fill("nobody@users.example")
        await page.get_by_label("Password").fill("wrong")
        await page.get_by_role("main").get_by_role("button", name="Sign in").click()

        await expect(page.get_by_role("alert")).to_have_text("The e-mail address or the password is wrong.")
        await expect(page.get_by_label("E-mail address")).to_have_value("nobody@users.example")
        await expect(page.get_by_label("Password")).to_have_value("")
        await expect(page).to_have_title("Error: Sign in - eny.space")
        assert await visitor.violations() == []
        await page.get_by_role("main").get_by_role("link", name="Sign up").click()
        await page.wait_for_url("**/signup?pds_plan=small&auto_checkout=true")
