"""A portal on the stack's Supabase for each test."""

from collections.abc import AsyncIterator, Mapping

import psycopg
import pytest

from stages.portal_stage import PortalStage, running_portal


@pytest.fixture
async def portal_stage(stack: Mapping[str, str], database: psycopg.Connection) -> AsyncIterator[PortalStage]:
    """A running portal, with nobody signed in."""
    async with running_portal(stack, database) as stage:
        yield stage
