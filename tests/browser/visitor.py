"""A person at a browser: Chromium, driven by Playwright, and everything that went wrong on the pages they saw."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped] # it ships no types
from playwright.async_api import Browser, ConsoleMessage, Page, ViewportSize, async_playwright

PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
Scheme = Literal["light", "dark"]

_DEFAULT = "/usr/bin/chromium"
_OPTIONS = ["--no-sandbox"]  # a container's root has none
# What a page says of an answer that a test wanted to be an error.
_OF_AN_ANSWER = "Failed to load resource"


def chromium() -> str:
    """Where Chromium is: CHROMIUM, else Debian's."""
    path = os.environ.get("CHROMIUM", _DEFAULT)
    if shutil.which(path) is None:
        pytest.fail(f"there is no Chromium at {path}: apt-get install chromium, or set CHROMIUM to where it is")
    return path


@contextlib.asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """Run a browser without a window until the block ends."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=_OPTIONS)
        yield browser
        await browser.close()


@dataclass
class Visitor:
    """Somebody at a page of the portal at `url`; `problems` is what the browser complained about."""

    page: Page
    url: str
    problems: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        """Open a page by its address."""
        await self.page.goto(f"{self.url}{path}")

    async def sign_up(self, email: str, password: str) -> None:
        """Fill in the form and send it."""
        await self.page.get_by_label("E-mail address").fill(email)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("main").get_by_role("button", name="Sign up").click()

    async def sign_in(self, email: str, password: str) -> None:
        """Open the page that signs in, and do so."""
        await self.open("/login")
        await self.page.get_by_label("E-mail address").fill(email)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("main").get_by_role("button", name="Sign in").click()
        await self.page.wait_for_url("**/dashboard*")

    async def violations(self) -> list[str]:
        """What axe finds wrong with the page."""
        found = (await Axe().run(self.page)).response["violations"]
        return [f"{each['id']}: {each['help']} ({[node['html'] for node in each['nodes']]})" for each in found]

    async def overflow(self) -> int:
        """How many pixels the page is wider than the window."""
        wide: int = await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return wide

    def hear(self, message: ConsoleMessage) -> None:
        """Take a message of the console; a violated Content-Security-Policy is one too."""
        if message.type in {"error", "warning"} and _OF_AN_ANSWER not in message.text:
            self.problems.append(message.text)


@contextlib.asynccontextmanager
async def visiting(browser: Browser, url: str, **context: Any) -> AsyncIterator[Visitor]:
    """Give somebody a window of their own until the block ends; nothing may have gone wrong in it.

    Args:
        browser: The browser.
        url: The portal.
        context: What Playwright's contexts take: viewport, color_scheme, java_script_enabled and others.
    """
    private = await browser.new_context(**{"viewport": DESKTOP, "timezone_id": "Europe/Berlin", **context})
    page = await private.new_page()
    visitor = Visitor(page, url)
    page.on("console", visitor.hear)
    page.on("pageerror", lambda error: visitor.problems.append(str(error)))
    try:
        yield visitor
    finally:
        await private.close()
    assert visitor.problems == [], "the browser complained"
