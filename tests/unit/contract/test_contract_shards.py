"""Shares of the customers by the first digit of their users' ids."""

import uuid

import pytest

from pds_contract.shards import SHARD_LABEL, ShardSelector, shard_labels


def test_the_label_is_the_first_digit_of_the_users_id() -> None:
    assert shard_labels("c0ffee00-0000-4000-8000-000000000000") == {SHARD_LABEL: "c"}


def test_random_users_are_spread_over_sixteen_digits() -> None:
    assert {shard_labels(str(uuid.uuid4()))[SHARD_LABEL] for _ in range(2000)} == set("0123456789abcdef")


@pytest.mark.parametrize(
    ("text", "unlabelled", "suffix"),
    [
        ("", True, ""),
        ("pds.eny.space/shard in (0)", False, "-in-0"),
        ("pds.eny.space/shard in (0,1,f)", False, "-in-01f"),
        ("pds.eny.space/shard notin (0,1,f)", True, "-notin-01f"),
    ],
)
def test_a_share_has_a_name_of_its_own_and_one_takes_what_has_no_label(
    text: str, suffix: str, *, unlabelled: bool
) -> None:
    share = ShardSelector(text)
    assert (share.text, share.takes_unlabelled, share.suffix) == (text, unlabelled, suffix)


def test_the_order_of_the_digits_names_no_other_share() -> None:
    one, other = ShardSelector("pds.eny.space/shard in (1,0,1)"), ShardSelector("pds.eny.space/shard in (0,1)")
    assert (one.text, one.suffix) == (other.text, other.suffix)


@pytest.mark.parametrize(
    "text",
    [
        "pds.eny.space/shard",
        "pds.eny.space/shard=0",
        "pds.eny.space/shard in ()",
        "pds.eny.space/shard in (g)",
        "pds.eny.space/shard in (00)",
        "pds.eny.space/shard in (0),app=x",
        "app in (0)",
        "pdsxeny.space/shard in (0)",
        "0",
    ],
)
def test_what_names_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be like"):
        ShardSelector(text)
