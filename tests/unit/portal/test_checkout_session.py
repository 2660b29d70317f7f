"""The Checkout Session that is asked for: its parameters, and the key under which it is made once."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from pds_contract.names import HostnameRules
from pds_portal.checkout.plans import Plan
from pds_portal.checkout.request import CheckoutRequest, read_request
from pds_portal.checkout.session import idempotency_key, metadata_of, session_parameters

USER = "0a1b2c3d-0000-4000-8000-000000000001"
PORTAL = "https://eny.example"
RULES = HostnameRules.of("eny.k8s.frx.pub", [], "k8s-pds.frx.pub")
PLAN = Plan(key="large", name="Large", price_id="price_2", disksize_gb=50, price="€ 19")


def wanted(**asked: object) -> CheckoutRequest:
    return read_request(
        {"plan": "large", **asked},
        user_id=USER,
        email="alice@mail.example",
        plans=(PLAN,),
        rules=RULES,
    )


def test_a_first_checkout() -> None:
    request = wanted(username="Alice", disksizeGb=20, price_id="price_of_somebody", plan_id="x")
    assert session_parameters(request, None, PORTAL, RULES) == {
        "mode": "subscription",
        "line_items": [{"price": "price_2", "quantity": 1}],
        "success_url": "https://eny.example/dashboard?checkout=success",
        "cancel_url": "https://eny.example/dashboard?checkout=cancelled"
        "&pds_plan=large&pds_disksize_gb=20&pds_username=alice",
        "client_reference_id": USER,
        "customer_email": "alice@mail.example",
        "metadata": metadata_of(request.parameters, RULES),
        "subscription_data": {"metadata": {"user_id": USER}},
    }


def test_a_customer_whom_stripe_knows_stays_the_same_one() -> None:
    parameters = session_parameters(wanted(), "cus_1", PORTAL, RULES)
    assert parameters["customer"] == "cus_1"
    assert "customer_email" not in parameters, "Stripe takes one of the two"


def test_who_turns_back_finds_the_form_as_it_was_and_is_not_sent_on_again() -> None:
    parameters = session_parameters(wanted(hostname="alice.example.org"), None, PORTAL, RULES)
    returned = parse_qs(urlsplit(str(parameters["cancel_url"])).query)
    assert returned == {"checkout": ["cancelled"], "pds_plan": ["large"], "pds_hostname": ["alice.example.org"]}


def test_one_form_of_one_user_is_one_session() -> None:
    key = idempotency_key(USER, "n" * 22)
    assert key == idempotency_key(USER, "n" * 22)
    assert key != idempotency_key(USER, "m" * 22)
    assert key != idempotency_key(USER.replace("1", "2"), "n" * 22)
    assert "n" * 22 not in key
    assert len(key) <= 255, "Stripe's bound"


def test_the_same_form_sent_again_asks_for_the_same() -> None:
    first = session_parameters(wanted(username="alice"), None, PORTAL, RULES)
    again = session_parameters(replace(wanted(username=" ALICE ")), None, PORTAL, RULES)
    assert first == again
