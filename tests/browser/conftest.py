"""A browser for each test, and a portal whose backend the test commands."""

from collections.abc import AsyncIterator, Mapping

import psycopg
import pytest
from playwright.async_api import Browser

from browser.visitor import running_browser
from stages.portal_stage import PortalStage, running_portal

PLANS = """[
  {"key": "small", "name": "Small", "price_id": "price_1Small", "disksize_gb": 10, "price": "€ 5 a month",
   "text": "For one person and a few years of posts."},
  {"key": "large", "name": "Large", "price_id": "price_1Large", "disksize_gb": 50, "price": "€ 12 a month",
   "text": "For many pictures and videos, or a whole family."}
]"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium."""
    async with running_browser() as running:
        yield running


@pytest.fixture
async def portal_stage(stack: Mapping[str, str], database: psycopg.Connection) -> AsyncIterator[PortalStage]:
    """A portal with two plans, over the stack's Supabase and a backend and a Stripe of the test's own."""
    async with running_portal(stack, database, PDS_PLANS=PLANS, NEXT_PUBLIC_STRIPE_PRICE_ID=None) as stage:
        yield stage
