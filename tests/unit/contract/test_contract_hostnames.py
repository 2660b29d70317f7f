"""Hostnames: cleaned, then one that a customer may have, or a clear error."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pds_contract.errors import InvalidInput
from pds_contract.names import HostnameRules, clean_hostname

from .conftest import is_dns_label, is_dns_name

BASE = "eny.k8s.frx.pub"
RULES = HostnameRules.of(BASE, ["www", "Admin.", "https://status.other.example/"], "k8s-pds.frx.pub")
LONGEST = ".".join(["a" * 63] * 3 + ["b" * 61])

NAMES = st.lists(st.from_regex(r"[a-zA-Z0-9-]{1,64}", fullmatch=True), min_size=1, max_size=5).map(".".join)
TYPED = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "https://", "HTTP://", "ftp://me:pw@", "//", " "]),
    NAMES,
    st.sampled_from(["", ".", ":443", ".:443", ":"]),
    st.sampled_from(["", "/", "/path?q#f", "?q", "#f", "\\x", " ", "\n"]),
)


@pytest.mark.parametrize(
    "typed",
    [
        "alice.example.org",
        "ALICE.Example.ORG",
        "https://alice.example.org",
        "HTTPS://alice.example.org/",
        "https://alice.example.org:8443/path?query#fragment",
        "https://me:secret@alice.example.org/",
        "alice.example.org:443",
        "alice.example.org:",
        "alice.example.org.",
        "alice.example.org.:443",
        "alice.example.org/path",
        "alice.example.org?query",
        "alice.example.org#fragment",
        "alice.example.org\\path",
        "  alice.example.org\n",
    ],
)
def test_what_people_type_is_cleaned(typed: str) -> None:
    assert clean_hostname(typed) == "alice.example.org"
    assert RULES.asked(typed) == "alice.example.org"


@pytest.mark.parametrize(
    "typed",
    [f"alice.{BASE}", f"Alice.{BASE.upper()}.", "xn--bcher-kva.example", "a.b.c.d.example", "1.example", LONGEST],
)
def test_names_that_a_customer_may_have(typed: str) -> None:
    assert RULES.asked(typed) == typed.lower().removesuffix(".")
    assert is_dns_name(RULES.asked(typed))


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (BASE, "name of the service"),
        (f"https://{BASE.upper()}./", "name of the service"),
        ("k8s-pds.frx.pub", "name of the service"),
        (f"a.b.{BASE}", "more than one label"),
        (f"www.{BASE}", "reserved"),
        (f"ADMIN.{BASE}.", "reserved"),
        ("status.other.example", "reserved"),
        ("192.0.2.7", "IP address"),
        ("http://192.0.2.7:80/", "IP address"),
        ("[2001:db8::7]", "IP address"),
        ("http://[2001:db8::7]:8080/", "IP address"),
        ("127.1", "IP address"),
        ("192.0.2.300", "IP address"),
        ("0300.0.2.7", "IP address"),
        ("0x7f.0.0.1", "IP address"),
        ("127.0x1", "IP address"),
        ("127.0.0.0X1", "IP address"),
        ("alice", "two labels"),
        ("", "two labels"),
        ("https://", "two labels"),
        ("alice..example.org", "two labels"),
        (".example.org", "two labels"),
        ("alice.example.org..", "two labels"),
        ("-alice.example.org", "two labels"),
        ("alice-.example.org", "two labels"),
        ("al_ice.example.org", "two labels"),
        ("*.example.org", "two labels"),
        (f"{'a' * 64}.example.org", "two labels"),
        (LONGEST + "b", "two labels"),
        ("älice.example.org", "outside ASCII"),
        ("\N{KELVIN SIGN}im.example.org", "outside ASCII"),
        ("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}da.example.org", "outside ASCII"),
        ("alice\N{IDEOGRAPHIC FULL STOP}example.org", "outside ASCII"),
    ],
)
def test_names_that_nobody_gets(typed: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as caught:
        RULES.asked(typed, "hostname")
    assert (caught.value.field, caught.value.code) == ("hostname", "invalid_hostname")


def test_an_ipv6_address_without_brackets_is_refused() -> None:
    with pytest.raises(InvalidInput):
        RULES.asked("2001:db8::7")


@given(st.text() | TYPED)
@example("http://0x7f.1")
def test_whatever_is_typed_is_a_dns_name_or_refused(typed: str) -> None:
    try:
        hostname = RULES.asked(typed)
    except InvalidInput:
        return
    assert is_dns_name(hostname)
    assert RULES.asked(hostname) == hostname
    assert hostname not in {BASE, "k8s-pds.frx.pub", f"www.{BASE}"}
    assert not hostname.endswith(f".{BASE}") or is_dns_label(hostname.removesuffix(f".{BASE}"))


@given(TYPED)
def test_a_refusal_never_quotes_what_was_typed(typed: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        RULES.asked(f"zqxj_{typed.strip()}")
    assert "zqxj" not in str(caught.value).lower()


@given(NAMES)
def test_cleaning_twice_is_cleaning_once(name: str) -> None:
    cleaned = clean_hostname(f"https://{name}:443/path")
    assert clean_hostname(cleaned) == cleaned


@given(st.ip_addresses(), st.sampled_from(["{}", "http://{}/", "http://[{}]:80/", "{}.", " {} "]))
def test_no_ip_address_passes(address: ipaddress.IPv4Address | ipaddress.IPv6Address, form: str) -> None:
    with pytest.raises(InvalidInput):
        RULES.asked(form.format(address))


def test_a_derived_hostname_is_the_username_under_the_base_domain() -> None:
    assert RULES.derived("alice") == f"alice.{BASE}"
    assert RULES.objection(RULES.derived("alice")) is None
    assert RULES.objection(RULES.derived("www")) is not None


def test_rules_are_read_as_people_write_them() -> None:
    rules = HostnameRules.of("Eny.Example.", ["", "www", "WWW.other.example:443"], "API.Example.")
    assert rules == HostnameRules("eny.example", frozenset({"www.eny.example", "www.other.example"}), "api.example")
