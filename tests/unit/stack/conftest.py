"""The stand-in for Stripe in the test's own process, on a real socket, and Stripe's own client of it."""

from collections.abc import AsyncIterator

import pytest
import stripe
from aiohttp.test_utils import TestServer

from pds_stack.stripe import StripeSimulator, create_app

KEY = "sk_test_of_the_tests"


@pytest.fixture
async def simulator() -> StripeSimulator:
    return StripeSimulator(KEY)


@pytest.fixture
async def base(simulator: StripeSimulator) -> AsyncIterator[str]:
    async with TestServer(create_app(simulator)) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
async def client(base: str) -> AsyncIterator[stripe.StripeClient]:
    http = stripe.HTTPXClient(timeout=10)
    yield stripe.StripeClient(KEY, base_addresses={"api": base}, max_network_retries=0, http_client=http)
    await http.close_async()  # type: ignore[no-untyped-call] # stripe annotates only part of its functions
