"""What a customer asks for: whatever the form holds, what was checked is what the webhook reads from the metadata."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pds_contract.checkout import DISK_SIZE, HOSTNAME, USER_EMAIL, USER_ID, USERNAME, parameters_of
from pds_contract.errors import InvalidInput
from pds_contract.names import HostnameRules
from pds_contract.resource import PdsProvision
from pds_operator.protocol.naming import candidates
from pds_portal.checkout.hostname import Asked, asked_hostname, derived_hostname
from pds_portal.checkout.plans import Plan
from pds_portal.checkout.request import CheckoutRequest, read_request
from pds_portal.checkout.session import metadata_of

USER = "0a1b2c3d-0000-4000-8000-000000000001"
EMAIL = "Alice.B@mail.example"
RULES = HostnameRules.of("eny.k8s.frx.pub", ["admin", "shop.example.org"], "k8s-pds.frx.pub")
SMALL = Plan(key="small", name="Small", price_id="price_1", disksize_gb=10, price="€ 9")
LARGE = Plan(key="large", name="Large", price_id="price_2", disksize_gb=50, price="€ 19")

FIVE = {"user_id", "user_email", "pds_username", "pds_hostname_base", "pds_disksize_gb"}

likely_names = st.sampled_from(
    [
        "alice",
        " Alice ",
        "ALICE--B",
        "a" * 70,
        "-",
        "élan",
        "\u212a",  # a Kelvin sign, which lower() would turn into a k
        "https://alice.example.org:443/path",
        "Alice.Example.ORG.",
        "user@alice.example.org",
        "alice.eny.k8s.frx.pub",
        "eny.k8s.frx.pub",
        "a.b.eny.k8s.frx.pub",
        "admin",
        "127.0.0.1",
        "[::1]",
        "a..b",
        "\ud800",
    ]
)
values = st.none() | likely_names | st.text(max_size=600) | st.integers() | st.booleans() | st.floats()
forms = st.fixed_dictionaries(
    {"plan": st.sampled_from(["small", "large", "medium"])},
    optional={
        "username": values,
        "hostname": values,
        "disksizeGb": st.integers(-1, 60) | st.integers(-1, 60).map(str) | values,
        "form_nonce": st.text(max_size=130) | st.just("n" * 22),
        "price_id": st.just("price_of_somebody"),
    },
)
emails = st.just(EMAIL) | st.emails() | st.sampled_from(["", "no address", "a@b", f"{'a' * 250}@b.example"])


def read(asked: dict[str, Any], email: str = EMAIL) -> CheckoutRequest:
    return read_request(asked, user_id=USER, email=email, plans=(SMALL, LARGE), rules=RULES)


def read_or_refuse(asked: dict[str, Any], email: str) -> CheckoutRequest | InvalidInput:
    try:
        return read(asked, email)
    except InvalidInput as error:
        return error


def as_kept(metadata: dict[str, str]) -> dict[str, str]:
    """Metadata as Stripe keeps them: without the empty ones."""
    return {key: value for key, value in metadata.items() if value}


@given(forms, emails)
def test_what_was_checked_is_what_the_webhook_reads(form: dict[str, Any], email: str) -> None:
    wanted = read_or_refuse(form, email)
    if isinstance(wanted, InvalidInput):
        assert wanted.field in {"plan", "username", "hostname", "disksizeGb", "form_nonce", "account"}
        return
    asked = asked_hostname(wanted.parameters, RULES)
    if asked is not None and RULES.objection(asked.hostname) is not None:
        return  # refused before anything is paid
    checked = replace(wanted.parameters, hostname=asked.hostname if asked else None)
    metadata = metadata_of(wanted.parameters, RULES)
    assert set(metadata) == FIVE
    assert max(map(len, metadata.values())) <= 500, "Stripe's bound"
    for sent in (metadata, as_kept(metadata)):
        # What the customer types at Stripe changes nothing.
        assert parameters_of(sent, "another@mail.example", RULES) == checked
    assert wanted.parameters.user_id == USER
    assert wanted.parameters.disksize_gb <= wanted.plan.disksize_gb


@given(forms, emails)
def test_the_hostname_that_is_shown_is_the_first_that_the_operator_tries(form: dict[str, Any], email: str) -> None:
    request = read_or_refuse(form, email)
    if isinstance(request, InvalidInput):
        return
    wanted = request.parameters
    spec = {
        "userId": wanted.user_id,
        "email": wanted.email,
        "username": wanted.username,
        "hostname": wanted.hostname,
        "disksizeGb": wanted.disksize_gb,
    }
    asked = asked_hostname(wanted, RULES)
    if asked is not None and RULES.objection(asked.hostname) is not None:
        return  # refused before anything is paid
    first = candidates(provision(spec), RULES)[0]
    assert first.hostname == (asked.hostname if asked else derived_hostname(wanted.user_id, wanted.email, RULES))


def provision(spec: dict[str, Any]) -> PdsProvision:
    return PdsProvision.model_validate(
        {
            "metadata": {"name": f"pds-{USER}", "namespace": "pds-customers", "uid": "u", "resourceVersion": "1"},
            "spec": spec,
        }
    )


def test_nothing_asked_for_leaves_the_choice_to_the_operator() -> None:
    wanted = read({"plan": "large", "username": " ", "hostname": "", "disksizeGb": ""})
    assert (wanted.parameters.username, wanted.parameters.hostname) == (None, None)
    assert metadata_of(wanted.parameters, RULES) == {
        USER_ID: USER,
        USER_EMAIL: EMAIL,
        USERNAME: "",
        HOSTNAME: "",
        DISK_SIZE: "50",
    }
    assert asked_hostname(wanted.parameters, RULES) is None
    assert derived_hostname(USER, EMAIL, RULES) == "alice-b.eny.k8s.frx.pub"


def test_names_are_normalized_and_cleaned_before_they_are_sent() -> None:
    wanted = read({"plan": "small", "username": "  Alice B. ", "hostname": "https://Alice.Example.org:443/x"})
    assert wanted.parameters.username == "alice-b"
    assert wanted.parameters.hostname == "alice.example.org"
    assert asked_hostname(wanted.parameters, RULES) == Asked("alice.example.org", "hostname")


def test_a_username_alone_asks_for_the_missions_fallback() -> None:
    wanted = read({"plan": "small", "username": "Bob"})
    assert asked_hostname(wanted.parameters, RULES) == Asked("bob.eny.k8s.frx.pub", "username")
    assert metadata_of(wanted.parameters, RULES)[HOSTNAME] == "bob.eny.k8s.frx.pub"


def test_a_reserved_name_that_the_email_leads_to_gets_its_suffix() -> None:
    assert derived_hostname(USER, "admin@mail.example", RULES) == "admin-0a1b2c.eny.k8s.frx.pub"


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({}, "plan", "invalid_plan"),
        ({"plan": "medium"}, "plan", "invalid_plan"),
        ({"plan": ["small"]}, "plan", "invalid_plan"),
        ({"plan": "small", "username": "日本"}, "username", "invalid_username"),
        ({"plan": "small", "username": "--"}, "username", "invalid_username"),
        ({"plan": "small", "username": 7}, "username", "invalid_username"),
        ({"plan": "small", "username": "a" * 501}, "username", "invalid_username"),
        ({"plan": "small", "hostname": "alice"}, "hostname", "invalid_hostname"),
        ({"plan": "small", "hostname": "shop.example.org"}, "hostname", "invalid_hostname"),
        ({"plan": "small", "hostname": {"a": 1}}, "hostname", "invalid_hostname"),
        ({"plan": "small", "disksizeGb": 11}, "disksizeGb", "invalid_disksize"),
        ({"plan": "small", "disksizeGb": "0"}, "disksizeGb", "invalid_disksize"),
        ({"plan": "small", "disksizeGb": 1.5}, "disksizeGb", "invalid_disksize"),
        ({"plan": "small", "disksizeGb": True}, "disksizeGb", "invalid_disksize"),
        ({"plan": "small", "form_nonce": "short"}, "form_nonce", "invalid_form_nonce"),
        ({"plan": "small", "form_nonce": 7}, "form_nonce", "invalid_form_nonce"),
    ],
)
def test_an_error_names_the_field(asked: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        read(asked)
    assert (raised.value.field, raised.value.code) == (field, code)


def test_an_account_whose_address_the_webhook_would_refuse_is_refused_before_it_pays() -> None:
    with pytest.raises(InvalidInput) as raised:
        read({"plan": "small"}, f"{'a' * 250}@mail.example")
    assert (raised.value.field, raised.value.code) == ("account", "invalid_email")
    assert "aaa" not in str(raised.value)


def test_less_than_the_plans_size_may_be_asked_for() -> None:
    assert read({"plan": "large", "disksizeGb": " 20 "}).parameters.disksize_gb == 20


def test_a_request_shows_no_personal_data() -> None:
    assert "alice" not in repr(read({"plan": "small", "username": "alice", "form_nonce": "n" * 22})).lower()
