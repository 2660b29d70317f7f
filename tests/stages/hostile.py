"""Input as an enemy of the webhook would make it, for Hypothesis."""

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from pds_stack.events import checkout_event

USER = "0a1b2c3d-0000-4000-8000-000000000001"

NUMBERS_AS_TEXT = ["10", " 10 ", "010", "+10", "-1", "0", "16384", "16385", "1e309", "10.0", "0x10", "1_0", "9" * 400]
OTHER_DIGITS = [
    "\N{ARABIC-INDIC DIGIT ONE}0",
    "\N{FULLWIDTH DIGIT ONE}0",
    "\N{SUPERSCRIPT TWO}",
    "\N{ROMAN NUMERAL TEN}",
]
ODD_TEXTS = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\N{ZERO WIDTH NO-BREAK SPACE}a",
    "\N{RIGHT-TO-LEFT OVERRIDE}a",
    "\N{LINE SEPARATOR}",
    "\N{KELVIN SIGN}",
    "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}",
    "{{7*7}}",
    "${jndi:ldap://a}",
    "'; drop table subscriptions; --",
    "../../etc/passwd",
    "a" * 64,
    "a" * 5_000,
    "\n\nHTTP/1.1 200 OK",
]
EMAILS = [
    "alice@a.example",
    " alice@a.example\n",
    "@a.example",
    "alice@",
    "a@b",
    "a@b@c",
    '"a b"@c.example',
    "\N{LATIN SMALL LETTER U WITH DIAERESIS}@a.example",
    "\N{GRINNING FACE}@a.example",
    "a@b\N{NO-BREAK SPACE}c",
    "a@b\x7fc",
    "a\x85@b.example",
    "a\N{SOFT HYPHEN}@b.example",
    "\N{TAG LATIN SMALL LETTER A}@b.example",
    "\ud800@a.example",
    "a@\udfff.example",
    f"{'a' * 244}@b.example",
    f"{'a' * 245}@b.example",
    f"{chr(0x1F600) * 244}@b.example",
]
HOSTNAMES = [
    "alice.example.org",
    "https://ALICE.example.org:443/x?y#z.",
    "alice.eny.k8s.frx.pub",
    "eny.k8s.frx.pub",
    "www.eny.k8s.frx.pub",
    "a.b.eny.k8s.frx.pub",
    "127.0.0.1",
    "0x7f.1",
    "[::1]",
    "a..b",
    ".a.b",
    "-a.b",
    "a_b.c",
    f"{'a' * 63}.example",
    f"{'a' * 64}.example",
    ".".join(["a" * 63] * 4),
    ".".join(["a" * 60] * 4) + ".example",
    "xn--mnchen-3ya.example",
    "m\N{LATIN SMALL LETTER U WITH DIAERESIS}nchen.example",
    "a\N{IDEOGRAPHIC FULL STOP}b",
    "//",
    "a@b.example",
]


def times(examples: int) -> settings:
    """So many examples, or a multiple of that: ``PDS_HOSTILE_TIMES=50`` searches that much longer."""
    factor = int(os.environ.get("PDS_HOSTILE_TIMES", "1"))
    return settings(
        max_examples=examples * factor, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )


def json_values() -> st.SearchStrategy[Any]:
    """Whatever JSON can hold, lone surrogates and numbers beyond all bounds among it."""
    leaves = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.integers(min_value=10**30, max_value=10**60)
        | st.floats()
        | texts()
    )
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(), inner, max_size=4), max_leaves=8
    )


def texts() -> st.SearchStrategy[str]:
    """Text of any characters, surrogates among them, and some that is known to be awkward."""
    any_character = st.characters(exclude_categories=())
    return st.text(any_character, max_size=40) | st.sampled_from(ODD_TEXTS + NUMBERS_AS_TEXT + OTHER_DIGITS)


def mostly(good: list[Any], awkward: list[Any]) -> st.SearchStrategy[Any]:
    """A good value in most examples, so that the others are met where all the rest is well; else one that is not."""
    bad = st.sampled_from(awkward) | json_values() if awkward else json_values()
    return st.integers(0, 4).flatmap(lambda dice: bad if dice == 4 else st.sampled_from(good))


def metadata(user_ids: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """A session's metadata: each of the keys that count with good values, bad ones, ones of another type, or none.

    Args:
        user_ids: What ``user_id`` may be; anything if left out.
    """
    numbers = NUMBERS_AS_TEXT + OTHER_DIGITS
    known = {
        "user_id": user_ids if user_ids is not None else mostly([USER, USER.upper()], ["", "7"]),
        "user_email": mostly(["alice@a.example"], EMAILS),
    }
    asked = {
        "pds_username": mostly(["alice", "Alice B.", "a" * 63], [*ODD_TEXTS, "-"]),
        "pds_hostname_base": mostly(["alice.example.org", "https://ALICE.example.org:443/x?y#z."], HOSTNAMES),
        "pds_disksize_gb": mostly(["10", " 16384 ", 12], [*numbers, 0, 16385, 1e309]),
    }
    extra = st.dictionaries(texts(), json_values(), max_size=2)
    return st.builds(lambda more, meta: {**more, **meta}, extra, st.fixed_dictionaries(known, optional=asked))


def sessions() -> st.SearchStrategy[dict[str, Any]]:
    """What changes a checkout session's fields, by their names."""
    customers = [None, "cus_1", {"id": "cus_1"}]
    return _nothing_or(
        {
            "payment_status": mostly(["paid", "unpaid", "no_payment_required"], ["PAID", "paid "]),
            "mode": mostly(["subscription"], ["payment", "setup"]),
            "id": mostly(["cs_test_1"], ["", "a b", "cs_" + "1" * 300]),
            "created": mostly([0, 1_790_000_000, 253_402_214_400], [-1, 2**40, 2**80, 1.5]),
            "customer": mostly(customers, [{"id": None}, "\x00"]),
            "subscription": mostly(customers, [{"id": None}, "\x00"]),
            "customer_details": mostly([None, {"email": "bob@b.example"}], [{"email": email} for email in EMAILS]),
            "customer_email": mostly(["carol@c.example"], EMAILS),
        }
    )


def envelopes() -> st.SearchStrategy[dict[str, Any]]:
    """What changes an event's own fields."""
    checkout = "checkout.session."
    types = [checkout + what for what in ("completed", "async_payment_succeeded", "async_payment_failed", "expired")]
    return _nothing_or(
        {
            "id": mostly(["evt_1"], ["", "\x00"]),
            "object": mostly(["event"], ["v2.core.event"]),
            "type": mostly(types, ["invoice.paid", checkout]),
            "created": mostly([0, 1_790_000_000], [-1, 2**40, 2**80]),
            "livemode": mostly([False], [True]),
            "api_version": mostly([None, "2026-10-28.endive"], []),
            "data": json_values(),
        }
    )


def _nothing_or(changes: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    one = st.sampled_from(sorted(changes)).flatmap(lambda name: changes[name].map(lambda value: {name: value}))
    return st.just({}) | one | st.fixed_dictionaries({}, optional=changes)


def hostile_event(meta: object, session: dict[str, Any], envelope: dict[str, Any]) -> dict[str, Any]:
    """A checkout's event with these changes."""
    event = checkout_event()
    event["data"]["object"].update(session)
    event["data"]["object"]["metadata"] = meta
    return {**event, **envelope}
