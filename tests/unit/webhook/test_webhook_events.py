import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pds_contract.checkout import DISK_SIZE, HOSTNAME, USER_EMAIL, USER_ID, USERNAME
from pds_stack.events import checkout_event
from pds_webhook.events import CHECKOUT_TYPES, Checkout, Ignored, NotAnEvent, read_event

USER = "0a1b2c3d-0000-4000-8000-000000000001"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


def event(**session: object) -> dict[str, Any]:
    made = checkout_event(user_id=USER, email="alice@a.example", created=1_800_000_000)
    made["data"]["object"].update(session)
    return made


def checkout(document: object) -> Checkout:
    found = read_event(json.dumps(document))
    assert isinstance(found, Checkout), f"expected a checkout of ours, found {found}"
    return found


def ignored(document: object) -> Ignored:
    found = read_event(json.dumps(document))
    assert isinstance(found, Ignored), "expected an event that is ignored, found a checkout"
    return found


def test_a_checkout_of_ours_is_read_whole() -> None:
    made = event()
    found = checkout(made)
    session = made["data"]["object"]
    assert (found.event_id, found.event_type, found.event_created) == (made["id"], made["type"], 1_800_000_000)
    assert found.paid_at == 1_800_000_000
    assert (found.session_id, found.session_created, found.mode) == (session["id"], 1_800_000_000, "subscription")
    assert (found.customer_id, found.subscription_id) == (session["customer"], session["subscription"])
    assert (found.user_id, found.email, found.livemode, found.paid) == (USER, "alice@a.example", False, True)


@pytest.mark.parametrize(("status", "paid"), [("paid", True), ("no_payment_required", True), ("unpaid", False)])
def test_paid_is_what_stripe_calls_paid(status: str, *, paid: bool) -> None:
    assert checkout(event(payment_status=status)).paid is paid


def test_no_personal_data_in_the_repr() -> None:
    assert "alice" not in repr(checkout(event()))


def test_expanded_objects_give_their_ids() -> None:
    found = checkout(event(customer={"id": "cus_1", "object": "customer"}, subscription=None))
    assert (found.customer_id, found.subscription_id) == ("cus_1", None)


def test_the_email_may_stand_in_two_places() -> None:
    assert checkout(event(customer_details=None, customer_email="b@b.example")).email == "b@b.example"
    assert checkout(event(customer_details=None)).email is None


def test_a_thin_event_is_ignored() -> None:
    thin = {"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found"}
    assert ignored(thin).event_id == "evt_1"
    assert ignored({"object": "v2.core.event"}).event_id is None


@pytest.mark.parametrize("kind", ["invoice.paid", "checkout.session.expired", "customer.created"])
def test_an_event_of_another_type_is_ignored_whatever_it_holds(kind: str) -> None:
    assert ignored({"object": "event", "id": "evt_1", "type": kind}).event_type == kind


@pytest.mark.parametrize("metadata", [None, {}, {"user_id": "42"}, {"order": "7"}, [], "pds_"])
@pytest.mark.parametrize("kind", sorted(CHECKOUT_TYPES))
def test_a_checkout_of_another_product_is_ignored_whatever_else_it_holds(metadata: object, kind: str) -> None:
    made = {"object": "event", "id": "evt_1", "type": kind, "data": {"object": {"metadata": metadata}}}
    assert ignored(made).event_id == "evt_1"


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "1", '"event"', "{", "[" * 200_000, "\ufeff{}", "9" * 5000])
def test_what_is_no_event_is_refused(text: str) -> None:
    with pytest.raises(NotAnEvent):
        read_event(text)


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": "evt 1\n"},
        {"type": None},
        {"object": "account"},
        {"created": "now"},
        {"created": True},
        {"created": -1},
        {"created": 10**15},
        {"created": 1.5},
        {"livemode": None},
        {"livemode": "false"},
        {"data": None},
        {"data": {"object": []}},
    ],
)
def test_an_event_of_ours_that_lacks_what_each_has_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(NotAnEvent):
        read_event(json.dumps({**event(), **change}))


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": "\ud800"},
        {"id": "x" * 256},
        {"created": None},
        {"mode": 1},
        {"payment_status": None},
        {"customer": ""},
        {"customer": "cus_\u0000"},
        {"customer": {}},
        {"subscription": 7},
    ],
)
def test_a_session_of_ours_that_lacks_what_each_has_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(NotAnEvent) as caught:
        read_event(json.dumps(event(**change)))
    assert "alice" not in str(caught.value)


@given(document=json_values)
def test_any_json_is_read_or_refused(document: object) -> None:
    with pytest.raises(NotAnEvent):
        read_event(json.dumps(document))


@given(text=st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(NotAnEvent):
        read_event(text)


@given(
    metadata=st.dictionaries(
        st.sampled_from([USER_ID, USER_EMAIL, USERNAME, HOSTNAME, DISK_SIZE]) | st.text(max_size=8), json_values
    ),
    session=st.dictionaries(
        st.sampled_from(["id", "created", "mode", "payment_status", "customer", "subscription", "customer_details"]),
        json_values | st.text(string.printable, max_size=300),
    ),
)
def test_any_checkout_is_a_checkout_or_ignored_or_refused(
    metadata: dict[str, object], session: dict[str, object]
) -> None:
    try:
        found = read_event(json.dumps(event(metadata=metadata, **session)))
    except NotAnEvent:
        return
    assert isinstance(found, Ignored) or (found.session_id.isascii() and found.session_id.isprintable())
