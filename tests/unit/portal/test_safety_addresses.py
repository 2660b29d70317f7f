"""Whose address counts, behind proxies and without."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pds_portal.safety.addresses import client_behind

from .conftest import OpenSafeApp

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("fd00::1", ["2001:db8::1%eth0"], "2001:db8::1"),
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, "], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
    ],
)
def test_the_first_that_is_no_proxy_of_ours_from_the_right(peer: str, forwarded: list[str], client: str) -> None:
    assert client_behind(ip_address(peer), forwarded, PROXIES) == ip_address(client)


@given(written=st.lists(st.text(st.characters(codec="ascii"), max_size=30), max_size=4))
def test_nothing_that_the_sender_wrote_changes_who_it_is(written: list[str]) -> None:
    seen = ip_address("198.51.100.1")
    assert client_behind(ip_address("10.0.0.1"), [*written, str(seen)], PROXIES) == seen
    assert client_behind(seen, written, PROXIES) == seen


async def test_the_header_counts_through_trusted_proxies_only(open_safe_app: OpenSafeApp) -> None:
    told = {"X-Forwarded-For": "1.2.3.4, 198.51.100.1"}
    async with open_safe_app(TRUSTED_PROXIES="127.0.0.0/8 10.0.0.0/8") as behind:
        assert (await behind.client.get("/who/me", headers=told)).text == "198.51.100.1"
    async with open_safe_app() as alone:
        assert (await alone.client.get("/who/me", headers=told)).text == "127.0.0.1"
