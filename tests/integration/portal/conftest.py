"""A portal on the stack's Supabase for each test."""

from collections.abc import AsyncIterator, Mapping

import psycopg
import pytest

from stages.checkout_stage import CheckoutStage, checkout_stage
from stages.portal_stage import PortalStage, running_portal
from stages.scripted_stripe import ScriptedStripe, scripted_stripe


@pytest.fixture
async def portal_stage(stack: Mapping[str, str], database: psycopg.Connection) -> AsyncIterator[PortalStage]:
    """A running portal, with nobody signed in."""
    async with running_portal(stack, database) as stage:
        yield stage


@pytest.fixture
async def stripe() -> AsyncIterator[ScriptedStripe]:
    """Stripe's API as the test scripts it."""
    async with scripted_stripe() as running:
        yield running


@pytest.fixture
async def shop(
    stack: Mapping[str, str], database: psycopg.Connection, stripe: ScriptedStripe
) -> AsyncIterator[CheckoutStage]:
    """A portal in which customers buy, over that Stripe."""
    async with checkout_stage(stack, database, STRIPE_API_BASE=stripe.base) as stage:
        yield stage
