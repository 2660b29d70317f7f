"""What ``POST /v1/checkout/sessions`` takes, and the session that it makes: pure, by Stripe's rules.

Requests are checked against Stripe's own OpenAPI document by stripe-mock (:mod:`.mock`); here stand the rules that
this does not hold, and what a session of the mode ``subscription`` keeps of them.
"""

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from pds_stack.events import checkout_session, random_id
from pds_stack.stripe.form import Value, mapping, text
from pds_stack.stripe.refusals import Refused

_MODES = ("payment", "setup", "subscription")
_DAY = 24 * 3600
_METADATA_KEYS, _METADATA_KEY, _METADATA_VALUE = 50, 40, 500
_REFERENCE = 200
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_SESSION_ID = "{CHECKOUT_SESSION_ID}"

# What counts here, and what Stripe knows and changes nothing here.
_COUNTS = {
    *("mode", "line_items", "success_url", "cancel_url", "client_reference_id", "customer", "customer_email"),
    *("metadata", "subscription_data", "expand", "locale", "ui_mode"),
}
_KNOWN = {
    *("adaptive_pricing", "allow_promotion_codes", "automatic_tax", "billing_address_collection", "branding_settings"),
    *("consent_collection", "currency", "custom_fields", "custom_text", "customer_update", "discounts"),
    *("name_collection", "origin_context", "payment_method_collection", "payment_method_configuration"),
    *("payment_method_options", "payment_method_types", "phone_number_collection", "saved_payment_method_options"),
    *("submit_type", "tax_id_collection", "wallet_options"),
}
_OF_SUBSCRIPTION = {"description", "metadata", "trial_end", "trial_period_days", "trial_settings"}


def create(
    parameters: dict[str, Value], *, now: int, page: str, customers: Collection[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Make an open session.

    Args:
        parameters: Those of the request.
        now: Seconds of Unix time.
        page: Where it is paid; its id is put behind it.
        customers: Who is known.

    Returns:
        The session, and the metadata of the subscription that it will begin.

    Raises:
        Refused: Stripe would not make it.
    """
    _refuse_unknown(parameters, _COUNTS | _KNOWN, "{}")
    mode = _one_of(parameters, "mode", _MODES)
    if mode != "subscription":
        raise Refused(f"The stand-in takes the mode subscription alone, not {mode}", param="mode")
    _check_line_items(parameters)
    _check_customer(parameters, customers)
    subscription = mapping(parameters, "subscription_data")
    _refuse_unknown(subscription, _OF_SUBSCRIPTION, "subscription_data[{}]")
    reference = text(parameters, "client_reference_id")
    if reference and len(reference) > _REFERENCE:
        raise Refused(f"Invalid string: must be at most {_REFERENCE} characters", param="client_reference_id")
    session_id = random_id("cs_test_", 58)
    session = checkout_session(
        id=session_id,
        cancel_url=_url(parameters, "cancel_url"),
        client_reference_id=reference,
        created=now,
        customer=text(parameters, "customer"),
        customer_details=None,
        customer_email=text(parameters, "customer_email"),
        expires_at=now + _DAY,
        invoice=None,
        livemode=False,
        locale=text(parameters, "locale"),
        metadata=_metadata(mapping(parameters, "metadata"), "metadata"),
        mode=mode,
        payment_intent=None,
        payment_status="unpaid",
        status="open",
        subscription=None,
        success_url=_required_url(parameters, "success_url"),
        url=f"{page}/{session_id}",
    )
    return session, _metadata(mapping(subscription, "metadata"), "subscription_data[metadata]")


def success_url(session: dict[str, Any]) -> str:
    """Return where the customer goes on after paying."""
    return str(session["success_url"]).replace(_SESSION_ID, session["id"])


def items(parameters: dict[str, Value]) -> list[tuple[str, int]]:
    """Return what is bought: each price's id and its quantity.

    Raises:
        Refused: An item has no price, or no usable quantity.
    """
    found: list[tuple[str, int]] = []
    for place, item in mapping(parameters, "line_items").items():
        at = f"line_items[{place}]"
        if isinstance(item, str):
            raise Refused("Invalid object", param=at)
        price, quantity = text(item, "price"), text(item, "quantity")
        if price is None:
            raise Refused(f"Missing required param: {at}[price].", param=f"{at}[price]", code="parameter_missing")
        if not price.startswith("price_"):
            raise Refused(f"No such price: '{price}'", param=f"{at}[price]", code="resource_missing")
        if quantity is None or not re.fullmatch(r"[1-9][0-9]{0,5}", quantity):
            message = "Quantity is required. Add `quantity` to `line_items`, as a whole number of at least 1."
            raise Refused(message, param=f"{at}[quantity]", code="parameter_invalid_integer")
        found.append((price, int(quantity)))
    return found


def _refuse_unknown(given: Collection[str], known: Collection[str], place: str) -> None:
    for name in given:
        if name not in known:
            param = place.format(name)
            raise Refused(f"Received unknown parameter: {param}", param=param, code="parameter_unknown")


def _check_line_items(parameters: dict[str, Value]) -> None:
    if not items(parameters):
        raise Refused("Missing required param: line_items.", param="line_items", code="parameter_missing")


def _check_customer(parameters: dict[str, Value], customers: Collection[str]) -> None:
    customer, email = text(parameters, "customer"), text(parameters, "customer_email")
    if customer and email:
        raise Refused("You may only specify one of these parameters: customer, customer_email.", param="customer")
    if customer and customer not in customers:
        raise Refused(f"No such customer: '{customer}'", param="customer", code="resource_missing")
    if email and not _EMAIL.fullmatch(email):
        raise Refused(f"Invalid email address: {email}", param="customer_email", code="email_invalid")


def _metadata(given: dict[str, Value], param: str) -> dict[str, str]:
    """Return metadata as Stripe keeps it: a key with an empty value is none."""
    if len(given) > _METADATA_KEYS:
        raise Refused(f"Metadata can have up to {_METADATA_KEYS} keys, but you passed in {len(given)}.", param=param)
    kept: dict[str, str] = {}
    for key in given:
        value = text(given, key)
        if len(key) > _METADATA_KEY:
            raise Refused(f"Metadata keys can be at most {_METADATA_KEY} characters long.", param=param)
        if value is not None and len(value) > _METADATA_VALUE:
            message = (
                f"Metadata values can have up to {_METADATA_VALUE} characters, "
                f"but you passed in a value that is {len(value)} characters."
            )
            raise Refused(message, param=f"{param}[{key}]")
        if value is not None:
            kept[key] = value
    return kept


def _one_of(parameters: dict[str, Value], name: str, values: Collection[str]) -> str:
    value = text(parameters, name)
    if value is None:
        raise Refused(f"Missing required param: {name}.", param=name, code="parameter_missing")
    if value not in values:
        raise Refused(f"Invalid {name}: must be one of {', '.join(values)}", param=name)
    return value


def _required_url(parameters: dict[str, Value], name: str) -> str:
    url = _url(parameters, name)
    if url is None:
        raise Refused(f"Missing required param: {name}.", param=name, code="parameter_missing")
    return url


def _url(parameters: dict[str, Value], name: str) -> str | None:
    url = text(parameters, name)
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(letter.isspace() for letter in url):
        raise Refused("Not a valid URL", param=name, code="url_invalid")
    return url
