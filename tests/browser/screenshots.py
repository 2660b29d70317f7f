"""Takes the pictures of the portal's pages for the documentation: phone and desktop, light and dark.

``PYTHONPATH=tests .venv/bin/python -m browser.screenshots`` runs a stack of its own, or uses the one whose env file
``PDS_STACK_ENV`` names, and writes ``docs/images/portal-*.png``.
"""

# ruff: noqa: T201 - a command for a terminal
import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import psycopg
from playwright.async_api import Browser, FloatRect, ViewportSize

from browser.conftest import PLANS
from browser.scenes import SCENES
from browser.visitor import DESKTOP, PHONE, Scheme, running_browser, visiting
from conftest import running_stack
from pds_stack import envfile
from stages.portal_stage import PortalStage, running_portal

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
LARGEST_BYTES = 150_000
HIGHEST = 1600
"""Pixels of a page that are shown, from its top."""
VIEWPORTS: dict[str, ViewportSize] = {"phone": PHONE, "desktop": DESKTOP}
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
TAKEN = ("pricing", "choose", "coming", "running")


async def take(browser: Browser, stage: PortalStage, name: str, device: str, scheme: Scheme) -> Path:
    """Take one picture of a page."""
    path = IMAGES / f"portal-{name}-{device}-{scheme}.png"
    async with visiting(browser, stage.url, viewport=VIEWPORTS[device], color_scheme=scheme, locale="en-GB") as visitor:
        await SCENES[name].show(visitor, stage)
        height = min(await visitor.page.evaluate("document.documentElement.scrollHeight"), HIGHEST)
        clip = FloatRect(x=0, y=0, width=VIEWPORTS[device]["width"], height=height)
        await visitor.page.screenshot(path=path, full_page=True, clip=clip, animations="disabled")
    stage.simulator.forget()
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise SystemExit(f"{path.name} has {size} bytes, more than {LARGEST_BYTES}: show less on it")
    return path


async def take_all(stack: Mapping[str, str]) -> None:
    """Take every picture."""
    with psycopg.connect(stack["DATABASE_URL"], autocommit=True) as database:
        portal = running_portal(stack, database, PDS_PLANS=PLANS, NEXT_PUBLIC_STRIPE_PRICE_ID=None)
        async with portal as stage, running_browser() as browser:
            for name in TAKEN:
                for device in VIEWPORTS:
                    for scheme in SCHEMES:
                        path = await take(browser, stage, name, device, scheme)
                        print(f"{path.relative_to(IMAGES.parents[1])}  {path.stat().st_size:,} bytes", flush=True)


def main() -> None:
    """Take every picture, on the stack that runs or on one of its own."""
    with contextlib.ExitStack() as closing:
        running = os.environ.get("PDS_STACK_ENV")
        stack = (
            envfile.parse(Path(running).read_text())
            if running
            else closing.enter_context(running_stack("kubernetes,supabase", {}))
        )
        asyncio.run(take_all(stack))


if __name__ == "__main__":
    main()
