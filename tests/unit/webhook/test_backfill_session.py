"""A listed session is read as its event would be, and dated so that the order of news stays right."""

import json
from typing import Any

import pytest

from pds_stack.events import checkout_event
from pds_webhook.backfill.session import inactive_status, read_session
from pds_webhook.events import Checkout, Ignored, NotAnEvent, read_event

USER = "0a1b2c3d-0000-4000-8000-000000000001"
CREATED = 1_790_000_000
DAY = 24 * 3600


def session(**more: Any) -> dict[str, Any]:
    made: dict[str, Any] = checkout_event(**{"user_id": USER, "email": "a@a.example", "created": CREATED, **more})
    return {**made["data"]["object"]}


def test_it_is_read_as_its_event_is() -> None:
    event = checkout_event(user_id=USER, email="a@a.example", username="alice", disksize_gb=20, created=CREATED)
    delivered, listed = read_event(json.dumps(event)), read_session(event["data"]["object"])
    assert isinstance(delivered, Checkout)
    assert isinstance(listed, Checkout)
    assert (delivered.event_id, listed.event_id) == (event["id"], event["data"]["object"]["id"])
    own = {"event_id", "event_created", "api_version"}
    assert {name: value for name, value in vars(delivered).items() if name not in own} == {
        name: value for name, value in vars(listed).items() if name not in own
    }


@pytest.mark.parametrize(("payment_status", "dated"), [("paid", CREATED + DAY), ("no_payment_required", CREATED + DAY)])
def test_a_paid_one_is_dated_when_it_can_no_longer_be_completed(payment_status: str, dated: int) -> None:
    read = read_session(session(payment_status=payment_status))
    assert isinstance(read, Checkout)
    assert (read.event_created, read.paid) == (dated, True)
    assert read.paid_at == CREATED, "who waits has not been waiting since tomorrow"


def test_an_unpaid_one_is_dated_when_it_was_created() -> None:
    read = read_session(session(payment_status="unpaid"))
    assert isinstance(read, Checkout)
    assert (read.event_created, read.paid) == (CREATED, False)


def test_an_expanded_subscription_counts_by_its_id() -> None:
    read = read_session({**session(), "subscription": {"id": "sub_1", "status": "active"}})
    assert isinstance(read, Checkout)
    assert read.subscription_id == "sub_1"


def test_one_of_another_product_is_ignored() -> None:
    assert isinstance(read_session({**session(), "metadata": {"user_id": "of-somebody-else"}}), Ignored)


@pytest.mark.parametrize("missing", ["id", "created", "mode", "payment_status", "livemode", "expires_at"])
def test_one_of_ours_that_lacks_what_every_session_has_is_said(missing: str) -> None:
    incomplete = session()
    del incomplete[missing]
    with pytest.raises(NotAnEvent):
        read_session(incomplete)


@pytest.mark.parametrize(
    ("status", "inactive"),
    [
        ("active", False),
        ("trialing", False),
        ("past_due", False),
        ("incomplete", False),
        ("canceled", True),
        ("incomplete_expired", True),
        ("unpaid", True),
        ("paused", True),
        ("a_status_of_the_future", False),
    ],
)
def test_nobody_pays_for_a_subscription_in_some_statuses(status: str, *, inactive: bool) -> None:
    listed = {**session(), "subscription": {"id": "sub_1", "status": status}}
    assert inactive_status(listed) == (status if inactive else None)


def test_without_a_subscription_there_is_none_to_be_inactive() -> None:
    assert inactive_status(session(mode="payment")) is None


@pytest.mark.parametrize("subscription", ["sub_1", {"id": "sub_1"}, {"id": "sub_1", "status": None}])
def test_a_subscription_whose_status_is_not_told_is_said(subscription: object) -> None:
    with pytest.raises(NotAnEvent, match="no status"):
        inactive_status({**session(), "subscription": subscription})
