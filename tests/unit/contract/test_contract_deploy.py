"""What a deploy sends, and its Idempotency-Key."""

import dataclasses
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pds_contract.deploy import DeployRequest

REQUEST = DeployRequest("alice", "correct-horse", "alice@a.example", "alice.example.org", 10)
REQUESTS = st.builds(DeployRequest, st.text(), st.text(), st.text(), st.text(), st.integers())


def test_the_same_reservation_and_body_have_the_same_key() -> None:
    assert REQUEST.idempotency_key("r1") == dataclasses.replace(REQUEST).idempotency_key("r1")


def test_the_key_is_the_same_in_every_version_and_process() -> None:
    # A process that comes after must send the very key that an earlier one sent.
    assert REQUEST.idempotency_key("r1") == "r1-1d814e542347442b"


@pytest.mark.parametrize(
    "change",
    [
        {"username": "bob"},
        {"password": "another"},
        {"email": "bob@a.example"},
        {"hostname": "bob.example.org"},
        {"disksize": 11},
    ],
    ids=str,
)
def test_any_other_body_has_another_key(change: dict[str, Any]) -> None:
    other = dataclasses.replace(REQUEST, **change)
    assert other.idempotency_key("r1") != REQUEST.idempotency_key("r1")


def test_another_reservation_has_another_key() -> None:
    assert REQUEST.idempotency_key("r1") != REQUEST.idempotency_key("r2")


@given(st.lists(REQUESTS, min_size=2, max_size=4, unique_by=dataclasses.astuple))
def test_two_bodies_never_share_a_key(requests: list[DeployRequest]) -> None:
    for one, other in itertools.combinations(requests, 2):
        assert one.idempotency_key("r1") != other.idempotency_key("r1")


@given(REQUESTS)
def test_the_key_is_fit_for_a_header_and_tells_nothing(request_: DeployRequest) -> None:
    key = request_.idempotency_key("r1")
    assert key.isascii()
    assert key.isprintable()
    assert len(key) == len("r1-") + 16
    assert set(key.removeprefix("r1-")) <= set("0123456789abcdef")
