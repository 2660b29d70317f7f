"""stripe-mock, which checks requests against Stripe's own OpenAPI document, takes what the portal sends."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from pds_clients.stripe_checkout import CheckoutCreation
from pds_contract.errors import Refused
from pds_contract.names import HostnameRules
from pds_portal.checkout.plans import Plan
from pds_portal.checkout.request import read_request
from pds_portal.checkout.session import idempotency_key, metadata_of, session_parameters
from pds_stack.console import Console
from pds_stack.stripe.mock import serving, stripe_mock

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

KEY = "sk_test_zqxj"
USER = "0a1b2c3d-0000-4000-8000-000000000001"
PLAN = Plan(key="large", name="Large", price_id="price_1Large", disksize_gb=50, price="€ 19 a month")
RULES = HostnameRules.of("eny.k8s.frx.pub", [], "k8s-pds.frx.pub")
ASKED: list[dict[str, Any]] = [
    {},
    {"username": "alice", "disksizeGb": 20},
    {"hostname": f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}"},
]


@pytest.fixture
async def creation(tmp_path: Path) -> AsyncIterator[CheckoutCreation]:
    async with serving(await stripe_mock(Console()), tmp_path) as mock, CheckoutCreation(mock.url, lambda: KEY) as made:
        yield made


def parameters(customer_id: str | None, asked: dict[str, Any]) -> "SessionCreateParams":
    request = read_request(
        {"plan": "large", **asked}, user_id=USER, email="alice@mail.example", plans=(PLAN,), rules=RULES
    )
    assert set(metadata_of(request.parameters, RULES)) == {
        "user_id",
        "user_email",
        "pds_username",
        "pds_hostname_base",
        "pds_disksize_gb",
    }
    return session_parameters(request, customer_id, "https://eny.example", RULES)


async def test_stripes_own_description_takes_every_request(creation: CheckoutCreation) -> None:
    for asked in ASKED:
        for customer_id in (None, "cus_1"):
            made = await creation.create(parameters(customer_id, asked), idempotency_key(USER, "n" * 22))
            assert made.url.startswith("https://checkout.stripe.com/")


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": "text"},
        {"line_items": [{"price": "price_1Large", "quantity": "one"}]},
        {"subscription_data": "text"},
        {"mode": "rental"},
        {"plan": "large"},
    ],
)
async def test_it_does_refuse_what_stripe_would(creation: CheckoutCreation, change: dict[str, Any]) -> None:
    changed = cast("SessionCreateParams", {**parameters(None, {}), **change})
    with pytest.raises(Refused):
        await creation.create(changed, idempotency_key(USER, "n" * 22))
