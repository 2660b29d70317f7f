"""Made events pass for Stripe's own with the real library, and say what was asked for and nothing else."""

import json
import time

import pytest
import stripe

from pds_stack.events import API_VERSION, checkout_event, sign

SECRET = "whsec_of_a_test"


def test_the_library_verifies_a_signed_event_and_reads_its_session() -> None:
    payload = json.dumps(checkout_event(user_id="a-user", email="zoë@example.com"), ensure_ascii=False).encode()

    event = stripe.Webhook.construct_event(payload, sign(payload, SECRET), SECRET)

    assert event.type == "checkout.session.completed"
    session = event.data.object
    assert isinstance(session, stripe.checkout.Session)
    assert session.customer_details is not None
    assert session.customer_details.email == "zoë@example.com"


def test_another_secret_does_not_verify() -> None:
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(b"{}", sign(b"{}", "whsec_another"), SECRET)


def test_a_time_of_long_ago_is_too_old_for_the_library() -> None:
    header = sign(b"{}", SECRET, at=int(time.time()) - 301)

    with pytest.raises(stripe.SignatureVerificationError, match="Timestamp outside"):
        stripe.Webhook.construct_event(b"{}", header, SECRET, tolerance=300)


def test_the_api_version_is_the_librarys() -> None:
    assert stripe.api_version == API_VERSION


def test_metadata_has_the_five_keys_as_text() -> None:
    event = checkout_event(
        user_id="a-user", email="a@example.com", username="alice", hostname="alice.example.com", disksize_gb=20
    )

    assert event["data"]["object"]["metadata"] == {
        "user_id": "a-user",
        "user_email": "a@example.com",
        "pds_username": "alice",
        "pds_hostname_base": "alice.example.com",
        "pds_disksize_gb": "20",
    }


def test_metadata_has_only_what_was_given() -> None:
    assert checkout_event(username="")["data"]["object"]["metadata"] == {"pds_username": ""}


def test_two_events_are_two_facts() -> None:
    first, second = checkout_event(), checkout_event()

    assert first["id"] != second["id"]
    assert first["data"]["object"]["id"] != second["data"]["object"]["id"]


@pytest.mark.parametrize(
    ("mode", "has_subscription", "has_payment"),
    [("subscription", True, False), ("payment", False, True), ("setup", False, False)],
)
def test_only_a_subscription_has_a_subscription(mode: str, *, has_subscription: bool, has_payment: bool) -> None:
    session = checkout_event(mode=mode)["data"]["object"]

    assert (session["subscription"] is not None) == has_subscription
    assert (session["payment_intent"] is not None) == has_payment


def test_times_and_ids_can_be_chosen() -> None:
    event = checkout_event(created=1_700_000_000, event_id="evt_1", session_id="cs_test_1", customer_id="cus_1")

    assert event["id"] == "evt_1"
    assert event["created"] == 1_700_000_000
    session = event["data"]["object"]
    assert (session["id"], session["created"], session["customer"]) == ("cs_test_1", 1_700_000_000, "cus_1")
