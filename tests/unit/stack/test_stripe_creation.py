"""Making Checkout Sessions at the stand-in for Stripe, by Stripe's own client."""

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import stripe

from pds_stack.events import checkout_event
from pds_stack.stripe import Fault, StripeSimulator

from .conftest import KEY

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

# The library hands httpx a form in a way that httpx is giving up.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")

USER = "7f025477-d436-469e-bbe5-a95ac3bb3321"
ORDER: dict[str, Any] = {
    "mode": "subscription",
    "line_items": [{"price": "price_plus", "quantity": 1}],
    "success_url": "http://localhost:4000/dashboard?checkout=success",
    "cancel_url": "http://localhost:4000/dashboard?checkout=cancelled",
    "client_reference_id": USER,
    "customer_email": "alice@example.com",
    "metadata": {"user_id": USER, "user_email": "alice@example.com", "pds_username": "", "pds_disksize_gb": "20"},
    "subscription_data": {"metadata": {"user_id": USER}},
}


async def create(client: stripe.StripeClient, key: str | None = None, **changes: Any) -> stripe.checkout.Session:
    """Send the usual order, with changes; a change to None leaves the parameter out."""
    order: SessionCreateParams = {  # type: ignore[assignment] # what Stripe refuses is asked as well
        name: value for name, value in {**ORDER, **changes}.items() if value is not None
    }
    return await client.v1.checkout.sessions.create_async(order, {"idempotency_key": key} if key else None)


async def test_a_session_holds_what_it_was_made_of(client: stripe.StripeClient, base: str) -> None:
    session = (await create(client)).to_dict()

    assert (session["status"], session["payment_status"], session["mode"]) == ("open", "unpaid", "subscription")
    assert (session["livemode"], session["client_reference_id"]) == (False, USER)
    assert session["metadata"] == {"user_id": USER, "user_email": "alice@example.com", "pds_disksize_gb": "20"}
    assert (session["subscription"], session["customer"], session["customer_details"]) == (None, None, None)
    assert session["expires_at"] - session["created"] == 24 * 3600
    assert session["url"] == f"{base}/c/pay/{session['id']}"
    assert session["id"].startswith("cs_test_")


async def test_a_session_is_found_and_listed(client: stripe.StripeClient) -> None:
    made = await create(client)

    found = await client.v1.checkout.sessions.retrieve_async(made.id)
    listed = await client.v1.checkout.sessions.list_async({"status": "open"})

    assert found.to_dict() == made.to_dict()
    assert [session.id for session in listed.data] == [made.id]
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        await client.v1.checkout.sessions.retrieve_async("cs_test_of_nobody")
    assert (unknown.value.http_status, unknown.value.code) == (404, "resource_missing")


async def test_the_same_key_and_request_give_the_same_session(client: stripe.StripeClient) -> None:
    first, second = await create(client, "key-1"), await create(client, "key-1")
    other = await create(client, "key-2")

    assert first.to_dict() == second.to_dict()
    assert other.id != first.id
    assert second.last_response is not None
    assert second.last_response.headers["idempotent-replayed"] == "true"


async def test_a_key_gives_what_it_gave_even_after_payment(client: stripe.StripeClient) -> None:
    first = await create(client, "key-1")
    async with httpx.AsyncClient() as customer:
        assert first.url is not None
        assert (await customer.post(first.url)).status_code == 303

    assert (await create(client, "key-1")).to_dict() == first.to_dict()


async def test_a_key_of_another_request_is_refused(client: stripe.StripeClient) -> None:
    await create(client, "key-1")

    with pytest.raises(stripe.IdempotencyError) as refused:
        await create(client, "key-1", client_reference_id="another")
    assert refused.value.http_status == 400

    with pytest.raises(stripe.InvalidRequestError):
        await create(client, "key-2", mode="gift")
    await create(client, "key-2")  # a refused request keeps no key


async def test_requests_at_once_with_one_key_make_one_session(client: stripe.StripeClient) -> None:
    made = await asyncio.gather(*(create(client, "key-1") for _ in range(5)))

    assert len({session.id for session in made}) == 1


async def test_an_answer_that_was_lost_is_had_again_by_its_key(
    client: stripe.StripeClient, simulator: StripeSimulator
) -> None:
    simulator.faults.add(Fault(method="POST", effect="before", cut=True))

    with pytest.raises(stripe.APIConnectionError):
        await create(client, "key-1")
    again = await create(client, "key-1")

    listed = await client.v1.checkout.sessions.list_async()
    assert [session.id for session in listed.data] == [again.id]


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"mode": None}, "mode", "parameter_missing"),
        ({"mode": "gift"}, "mode", None),
        ({"mode": "payment"}, "mode", None),
        ({"line_items": None}, "line_items", "parameter_missing"),
        ({"line_items": [{"quantity": 1}]}, "line_items[0][price]", "parameter_missing"),
        ({"line_items": [{"price": "prod_plus", "quantity": 1}]}, "line_items[0][price]", "resource_missing"),
        ({"line_items": [{"price": "price_plus"}]}, "line_items[0][quantity]", "parameter_invalid_integer"),
        (
            {"line_items": [{"price": "price_plus", "quantity": 0}]},
            "line_items[0][quantity]",
            "parameter_invalid_integer",
        ),
        ({"success_url": None}, "success_url", "parameter_missing"),
        ({"success_url": "/dashboard"}, "success_url", "url_invalid"),
        ({"cancel_url": "javascript:alert(1)"}, "cancel_url", "url_invalid"),
        ({"customer_email": "alice"}, "customer_email", "email_invalid"),
        ({"customer": "cus_1"}, "customer", None),
        ({"customer": "cus_of_nobody", "customer_email": None}, "customer", "resource_missing"),
        ({"client_reference_id": "x" * 201}, "client_reference_id", None),
        ({"metadata": {"pds_username": "x" * 501}}, "metadata[pds_username]", None),
        ({"metadata": {"x" * 41: "y"}}, "metadata", None),
        ({"metadata": {str(number): "y" for number in range(51)}}, "metadata", None),
        ({"metadata": "user_id"}, "metadata", None),
        ({"subscription_data": {"metadata": {"a": "x" * 501}}}, "subscription_data[metadata][a]", None),
        ({"subscription_data": {"metadatas": {"a": "b"}}}, "subscription_data[metadatas]", "parameter_unknown"),
        ({"sucess_url": "http://localhost/"}, "sucess_url", "parameter_unknown"),
    ],
)
async def test_what_stripe_refuses_is_refused_here(
    client: stripe.StripeClient, changes: dict[str, Any], param: str, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await create(client, **changes)

    assert (refused.value.http_status, refused.value.param, refused.value.code) == (400, param, code)
    assert (await client.v1.checkout.sessions.list_async()).data == []


async def test_a_customer_is_known_from_an_earlier_session(
    client: stripe.StripeClient, simulator: StripeSimulator
) -> None:
    earlier = checkout_event(user_id=USER, email="alice@example.com", customer_id="cus_alice")["data"]["object"]
    simulator.put(earlier)

    session = await create(client, customer="cus_alice", customer_email=None)

    assert session.customer == "cus_alice"


@pytest.mark.parametrize("body", ["a[b=1", "a=1&a[b]=2", "[a]=1", "a[b]=1&a=2"])
async def test_malformed_names_are_refused(base: str, body: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded"}
    async with httpx.AsyncClient(base_url=base, headers=headers) as http:
        answer = await http.post("/v1/checkout/sessions", content=body)

    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert "malformed" in answer.json()["error"]["message"]


async def test_without_the_secret_key_nothing_is_made(base: str, simulator: StripeSimulator) -> None:
    async with httpx.AsyncClient(base_url=base) as http:
        answer = await http.post("/v1/checkout/sessions", data={"mode": "subscription"})

    assert answer.status_code == 401
    assert simulator.list_sessions([])["data"] == []
