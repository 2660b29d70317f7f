"""The stand-in for Stripe against stripe-mock, which knows Stripe's OpenAPI document: both mean the same session."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import stripe
from aiohttp.test_utils import TestServer

from pds_stack.console import Console
from pds_stack.stripe import StripeSimulator, create_app
from pds_stack.stripe.mock import serving, stripe_mock

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

# A first start builds it.
pytestmark = [
    pytest.mark.timeout(300),
    # The library hands httpx a form in a way that httpx is giving up.
    pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning"),
]
KEY = "sk_test_123"
# What the document says that every session has.
REQUIRED = {
    *("automatic_tax", "created", "custom_fields", "custom_text", "expires_at", "id", "livemode", "mode", "object"),
    *("payment_method_types", "payment_status", "shipping_options"),
}
ORDER: dict[str, Any] = {
    "mode": "subscription",
    "line_items": [{"price": "price_plus", "quantity": 1}],
    "success_url": "http://localhost:4000/dashboard?checkout=success",
    "cancel_url": "http://localhost:4000/dashboard?checkout=cancelled",
    "client_reference_id": "7f025477-d436-469e-bbe5-a95ac3bb3321",
    "customer_email": "alice@example.com",
    "metadata": {"pds_disksize_gb": "20"},
    "subscription_data": {"metadata": {"user_id": "7f025477-d436-469e-bbe5-a95ac3bb3321"}},
}


@pytest.fixture
async def mock(tmp_path: Path) -> AsyncIterator[stripe.StripeClient]:
    program = await stripe_mock(Console())
    async with serving(program, tmp_path) as running:
        http = stripe.HTTPXClient(timeout=10)
        yield stripe.StripeClient(KEY, base_addresses={"api": running.url}, http_client=http)
        await http.close_async()  # type: ignore[no-untyped-call] # stripe annotates only part of its functions


@pytest.fixture
async def stand_in() -> AsyncIterator[stripe.StripeClient]:
    async with TestServer(create_app(StripeSimulator(KEY))) as server:
        http = stripe.HTTPXClient(timeout=10)
        base = str(server.make_url("")).rstrip("/")
        yield stripe.StripeClient(KEY, base_addresses={"api": base}, http_client=http)
        await http.close_async()  # type: ignore[no-untyped-call] # stripe annotates only part of its functions


async def create(client: stripe.StripeClient, **changes: Any) -> dict[str, Any]:
    order: SessionCreateParams = {**ORDER, **changes}  # type: ignore[typeddict-item] # what is refused is asked as well
    session: dict[str, Any] = (await client.v1.checkout.sessions.create_async(order)).to_dict()
    return session


async def test_a_session_has_the_members_that_stripes_have(
    mock: stripe.StripeClient, stand_in: stripe.StripeClient
) -> None:
    theirs, ours = await create(mock), await create(stand_in)

    assert sorted(set(ours) - set(theirs)) == []
    assert sorted(REQUIRED - set(ours)) == []
    for name in ("object", "mode", "success_url", "cancel_url", "client_reference_id", "customer_email", "metadata"):
        assert type(ours[name]) is type(theirs[name]), name


@pytest.mark.parametrize(
    "changes",
    [
        {"sucess_url": "http://localhost/"},
        {"mode": "gift"},
        {"metadata": "user_id"},
        {"line_items": [{"price": "price_plus", "quantity": "many"}]},
    ],
)
async def test_what_the_document_forbids_both_refuse(
    mock: stripe.StripeClient, stand_in: stripe.StripeClient, changes: dict[str, Any]
) -> None:
    for client in (mock, stand_in):
        with pytest.raises(stripe.InvalidRequestError):
            await create(client, **changes)
