"""Stripe's events of Checkout Sessions, as the API version of the stripe library sends them, and their signature."""

import secrets
import string
import time
from collections.abc import Mapping
from typing import Any

import stripe

API_VERSION = "2026-10-28.endive"
_ALPHABET = string.ascii_letters + string.digits


def checkout_event(  # noqa: PLR0913 - each is a field of the event, all with a default
    *,
    user_id: str | None = None,
    email: str | None = None,
    username: str | None = None,
    hostname: str | None = None,
    disksize_gb: str | int | None = None,
    session_id: str | None = None,
    created: int | None = None,
    event_type: str = "checkout.session.completed",
    payment_status: str = "paid",
    mode: str = "subscription",
    livemode: bool = False,
    event_id: str | None = None,
    customer_id: str | None = None,
    subscription_id: str | None = None,
) -> dict[str, Any]:
    """An event that tells of a Checkout Session, as its JSON.

    What is not given is left out of the session's metadata, or made up where every event has it.

    Args:
        user_id: metadata `user_id`.
        email: metadata `user_email`, and the customer's address.
        username: metadata `pds_username`.
        hostname: metadata `pds_hostname_base`.
        disksize_gb: metadata `pds_disksize_gb`; Stripe keeps text alone.
        session_id: of the session, `cs_test_…`.
        created: seconds of Unix time, of the session and of the event.
        event_type: one of `checkout.session.…`.
        payment_status: `paid`, `unpaid` or `no_payment_required`.
        mode: `subscription`, `payment` or `setup`.
        livemode: False in Stripe's test mode.
        event_id: of the event, `evt_…`.
        customer_id: of the customer, `cus_…`.
        subscription_id: of the subscription, `sub_…`; there is one in the mode subscription alone.
    """
    created = int(time.time()) if created is None else created
    metadata = {
        "user_id": user_id,
        "user_email": email,
        "pds_username": username,
        "pds_hostname_base": hostname,
        "pds_disksize_gb": None if disksize_gb is None else str(disksize_gb),
    }
    session = checkout_session(
        id=session_id or random_id("cs_live_" if livemode else "cs_test_", 58),
        client_reference_id=user_id,
        created=created,
        customer=customer_id or random_id("cus_", 14),
        customer_details=customer_details(email),
        expires_at=created + 24 * 3600,
        invoice=random_id("in_1", 23) if mode == "subscription" else None,
        livemode=livemode,
        metadata={key: value for key, value in metadata.items() if value is not None},
        mode=mode,
        payment_intent=random_id("pi_3", 23) if mode == "payment" else None,
        payment_status=payment_status,
        subscription=(subscription_id or random_id("sub_1", 23)) if mode == "subscription" else None,
    )
    return session_event(session, event_type=event_type, created=created, event_id=event_id)


def session_event(
    session: Mapping[str, Any], *, event_type: str, created: int, event_id: str | None = None
) -> dict[str, Any]:
    """An event that tells of a session as it is, at a time in seconds of Unix time; its id is made up if left out."""
    return {
        "id": event_id or random_id("evt_1", 23),
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": {"object": session},
        "livemode": session["livemode"],
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": event_type,
    }


def sign(payload: bytes, secret: str, at: int | None = None) -> str:
    """The header `Stripe-Signature` for a body.

    Args:
        payload: the body as it is sent.
        secret: of the endpoint, `whsec_…`.
        at: the seconds of Unix time that the header claims; now if left out.

    Raises:
        UnicodeDecodeError: the body is not UTF-8, which Stripe never sends.
    """
    # The library signs text: of bytes it would sign their Python notation.
    header: str = stripe.WebhookSignature.generate_signature_header(payload.decode(), secret, at)
    return header


def checkout_session(**given: object) -> dict[str, Any]:
    """A Checkout Session with the `given` members; the others are those of a session that was paid."""
    return {
        "object": "checkout.session",
        "after_expiration": None,
        "allow_promotion_codes": True,
        "amount_subtotal": 900,
        "amount_total": 900,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": "https://eny.space/pricing",
        "consent": None,
        "consent_collection": None,
        "currency": "eur",
        "custom_fields": [],
        "custom_text": dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
        "customer_creation": None,
        "customer_email": None,
        "discounts": [],
        "locale": None,
        "payment_link": None,
        "payment_method_collection": "always",
        "payment_method_types": ["card"],
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "setup_intent": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "complete",
        "submit_type": None,
        "success_url": "https://eny.space/dashboard?success=true",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted",
        "url": None,
        **given,
    }


def customer_details(email: str | None) -> dict[str, Any]:
    """What a session tells of who pays, beside their e-mail address."""
    address = {"city": None, "country": "DE", "line1": None, "line2": None, "postal_code": None, "state": None}
    return {"address": address, "email": email, "name": None, "phone": None, "tax_exempt": "none", "tax_ids": []}


def random_id(prefix: str, length: int) -> str:
    """An id as Stripe makes them: a prefix, and as many letters and digits."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))
