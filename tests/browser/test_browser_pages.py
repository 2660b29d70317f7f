"""Each page in each state: nothing that axe, the console or the Content-Security-Policy objects to; light enough."""

import logging

import pytest
from playwright.async_api import Browser, ViewportSize

from browser.scenes import SCENES
from browser.visitor import DESKTOP, PHONE, Scheme, Visitor, visiting
from stages.portal_stage import PortalStage

LARGEST_BYTES = 100_000

_log = logging.getLogger(__name__)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_no_page_has_a_barrier(
    browser: Browser, portal_stage: PortalStage, scheme: Scheme, viewport: ViewportSize
) -> None:
    found = {}
    for name, scene in SCENES.items():
        async with visiting(browser, portal_stage.url, color_scheme=scheme, viewport=viewport) as visitor:
            await scene.show(visitor, portal_stage)
            wide = await visitor.overflow()
            found[name] = [*await visitor.violations(), *([f"{wide} pixels too wide"] if wide > 0 else [])]
        portal_stage.simulator.forget()

    assert {name: problems for name, problems in found.items() if problems} == {}


async def test_no_page_is_heavy(browser: Browser, portal_stage: PortalStage) -> None:
    weights = {}
    for name, scene in SCENES.items():
        async with visiting(browser, portal_stage.url) as visitor:
            await scene.show(visitor, portal_stage)  # signs in, and fills the cache
            weights[name] = await weight(visitor, scene.path)
        portal_stage.simulator.forget()

    _log.info("bytes over the wire: %s", weights)
    assert min(weights.values()) > 5000, "a page came without its style sheets and modules"
    assert {name: weight for name, weight in weights.items() if weight >= LARGEST_BYTES} == {}


async def weight(visitor: Visitor, path: str) -> int:
    """Load a page as if for the first time; return the bytes of all that came, headers included."""
    received: list[float] = []
    session = await visitor.page.context.new_cdp_session(visitor.page)
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    await visitor.open(path)  # returns at the event load: modules and style sheets have come
    await session.detach()
    return round(sum(received))
