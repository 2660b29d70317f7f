"""A user's first checkout: each kind of event, and what is made of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pds_contract.resource import (
    CHECKOUT_CREATED_ANNOTATION,
    CHECKOUT_PAID_ANNOTATION,
    CHECKOUT_SESSION_ANNOTATION,
    RETRY_ANNOTATION,
    STRIPE_EVENT_ANNOTATION,
    UNOBSERVED,
)

from .conftest import CREATED, Customer, Open, Webhook

SUCCEEDED = "checkout.session.async_payment_succeeded"
FAILED = "checkout.session.async_payment_failed"


async def test_a_paid_checkout_becomes_a_resource_and_a_row(webhook: Webhook, customer: Customer) -> None:
    event = customer.checkout(
        username="Alice Smith", hostname="https://Alice.Example.org/", disksize_gb="25", session_id="cs_test_1"
    )
    assert await webhook.deliver(event) == (200, "accepted")

    made, session = await customer.resource(), event["data"]["object"]
    assert made.spec.model_dump(by_alias=True) == {
        "userId": customer.id,
        "email": customer.email,
        "username": "alice-smith",
        "hostname": "alice.example.org",
        "disksizeGb": 25,
        "suspend": False,
    }
    assert made.metadata.annotations == {
        CHECKOUT_SESSION_ANNOTATION: "cs_test_1",
        CHECKOUT_CREATED_ANNOTATION: str(CREATED),
        CHECKOUT_PAID_ANNOTATION: str(event["created"]),
        STRIPE_EVENT_ANNOTATION: event["id"],
    }
    assert [(entry.manager, entry.operation) for entry in made.metadata.managed_fields] == [("pds-webhook", "Update")]
    assert made.status.observed_generation == UNOBSERVED
    [row] = customer.rows()
    assert (row["stripe_customer_id"], row["stripe_subscription_id"]) == (session["customer"], session["subscription"])
    assert (row["status"], row["checkout_session_id"]) == ("active", "cs_test_1")
    assert row["checkout_created_at"] == row["event_created_at"] == datetime.fromtimestamp(CREATED, UTC)


async def test_what_was_not_asked_for_is_left_to_the_operator(webhook: Webhook, customer: Customer) -> None:
    assert await webhook.deliver(customer.checkout()) == (200, "accepted")
    spec = (await customer.resource()).spec
    assert (spec.username, spec.hostname, spec.disksize_gb) == (None, None, 10)


async def test_the_email_given_at_stripe_serves_where_metadata_have_none(webhook: Webhook, customer: Customer) -> None:
    event = customer.checkout()
    del event["data"]["object"]["metadata"]["user_email"]
    assert await webhook.deliver(event) == (200, "accepted")
    assert (await customer.resource()).spec.email == customer.email


@pytest.mark.parametrize("event_type", ["checkout.session.completed", SUCCEEDED])
@pytest.mark.parametrize("payment_status", ["paid", "no_payment_required"])
async def test_whatever_counts_as_paid_is_accepted(
    webhook: Webhook, customer: Customer, event_type: str, payment_status: str
) -> None:
    event = customer.checkout(event_type=event_type, payment_status=payment_status)
    assert await webhook.deliver(event) == (200, "accepted")
    assert await customer.has_resource()


async def test_a_delayed_payment_is_mapped_first_and_accepted_when_paid(webhook: Webhook, customer: Customer) -> None:
    completed = customer.checkout(session_id="cs_test_1", payment_status="unpaid")
    assert await webhook.deliver(completed) == (200, "payment_pending")
    assert [row["status"] for row in customer.rows()] == ["incomplete"]
    assert not await customer.has_resource()

    succeeded = customer.checkout(session_id="cs_test_1", event_type=SUCCEEDED)
    assert await webhook.deliver({**succeeded, "created": CREATED + 3600}) == (200, "accepted")
    assert await webhook.deliver(completed) == (200, "payment_pending"), "a late delivery of the first event"
    assert [row["status"] for row in customer.rows()] == ["active"]
    assert webhook.doubles("already_accepted") == 0


@pytest.mark.parametrize(
    "more",
    [
        {"event_type": FAILED, "payment_status": "unpaid"},
        {"event_type": "checkout.session.expired"},
        {"event_type": "invoice.paid"},
        {"mode": "payment", "payment_status": "unpaid"},
        {"livemode": True, "payment_status": "unpaid"},
    ],
)
async def test_what_is_not_acted_on_is_ignored(webhook: Webhook, customer: Customer, more: dict[str, Any]) -> None:
    assert await webhook.deliver(customer.checkout(**more)) == (200, "ignored")
    assert not customer.rows()
    assert not await customer.has_resource()


async def test_a_thin_event_and_another_products_checkout_are_ignored(webhook: Webhook, customer: Customer) -> None:
    assert await webhook.deliver({"object": "v2.core.event", "id": "evt_1", "type": "a.b"}) == (200, "ignored")
    event = customer.checkout()
    event["data"]["object"]["metadata"] = {"order": "7", "user_id": "42"}
    assert await webhook.deliver(event) == (200, "ignored")
    assert not await customer.has_resource()


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"username": "!!!"}, "invalid_username", "pds_username"),
        ({"username": "jürgen"}, "invalid_username", "pds_username"),
        ({"hostname": "a.b.eny.k8s.frx.pub"}, "invalid_hostname", "pds_hostname_base"),
        ({"hostname": "www.eny.k8s.frx.pub"}, "invalid_hostname", "pds_hostname_base"),
        ({"hostname": "192.0.2.1"}, "invalid_hostname", "pds_hostname_base"),
        ({"disksize_gb": "0"}, "invalid_disksize", "pds_disksize_gb"),
        ({"disksize_gb": "ten"}, "invalid_disksize", "pds_disksize_gb"),
        ({"email": "nobody"}, "invalid_email", "user_email"),
    ],
)
async def test_a_paid_but_unusable_parameter_needs_a_person(
    webhook: Webhook, customer: Customer, more: dict[str, Any], code: str, field: str
) -> None:
    response = await webhook.post(customer.checkout(**more))
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (422, code, field)
    assert not await customer.has_resource()
    assert [row["status"] for row in customer.rows()] == ["active"], "who the customer is is known all the same"


async def test_a_paid_checkout_without_a_usable_user_id_needs_a_person(webhook: Webhook, customer: Customer) -> None:
    event = customer.checkout(username="alice", user_id="42")
    assert await webhook.deliver(event) == (422, "invalid_user_id")


async def test_a_paid_checkout_of_an_unknown_user_makes_nothing(webhook: Webhook, stranger: Customer) -> None:
    response = await webhook.post(stranger.checkout())
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (422, "unknown_user", "user_id")
    assert not await stranger.has_resource()
    assert await webhook.deliver(stranger.checkout(disksize_gb="0")) == (422, "invalid_disksize")


@pytest.mark.parametrize("mode", ["payment", "setup"])
async def test_a_paid_checkout_of_another_mode_needs_a_person(webhook: Webhook, customer: Customer, mode: str) -> None:
    assert await webhook.deliver(customer.checkout(mode=mode)) == (422, "unsupported_mode")
    assert not customer.rows()
    assert not await customer.has_resource()


@pytest.mark.parametrize("livemode", [True, False])
async def test_a_paid_checkout_of_the_other_livemode_needs_a_person(
    open_webhook: Open, customer: Customer, *, livemode: bool
) -> None:
    async with open_webhook(livemode=livemode) as webhook:
        assert await webhook.deliver(customer.checkout(livemode=not livemode)) == (422, "livemode_mismatch")
        assert not customer.rows()
        assert not await customer.has_resource()
        assert await webhook.deliver(customer.checkout(livemode=livemode)) == (200, "accepted")


async def test_an_unpaid_checkout_of_nobody_is_pending(webhook: Webhook, stranger: Customer) -> None:
    assert await webhook.deliver(stranger.checkout(payment_status="unpaid")) == (200, "payment_pending")
    unusable = stranger.checkout(payment_status="unpaid", username="alice", user_id="42")
    assert await webhook.deliver(unusable) == (200, "payment_pending")


async def test_no_retry_is_asked_for_a_new_resource(webhook: Webhook, customer: Customer) -> None:
    await webhook.deliver(customer.checkout())
    assert RETRY_ANNOTATION not in (await customer.resource()).metadata.annotations
