"""Usernames: whatever text goes in, a DNS label or a clear error comes out."""

import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pds_contract.errors import InvalidInput
from pds_contract.names import asked_username, derived_username, is_user_id, normalize_label, with_suffix

from .conftest import is_dns_label

USER = "0a1b2c3d-4e5f-4000-8000-000000000001"
OTHER = "9f8e7d6c-4e5f-4000-8000-000000000002"
# Random text rarely has a letter at the cut, or anything that a label may hold.
ALMOST_LABELS = st.text(alphabet="aZ09-_. @", max_size=140)
TEXTS = st.text() | ALMOST_LABELS
LABELS = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
USER_IDS = st.uuids().map(str)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("alice", "alice"),
        ("Alice.B_Smith", "alice-b-smith"),
        ("--alice--", "alice"),
        ("a  +  b", "a-b"),
        ("a---b", "a-b"),
        ("7", "7"),
        ("a" * 64, "a" * 63),
        ("a" * 62 + "-b", "a" * 62),
        ("a" * 62 + "...b", "a" * 62),
        ("", ""),
        ("-._@ ", ""),
        ("\N{KELVIN SIGN}im", "im"),
        ("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}da", "da"),
        ("\N{ARABIC-INDIC DIGIT ONE}1", "1"),
    ],
)
def test_normalizing(text: str, label: str) -> None:
    assert normalize_label(text) == label


@given(TEXTS)
@example("a" * 62 + "-" * 5 + "b")
def test_normalizing_leaves_a_label_or_nothing_and_is_done_at_once(text: str) -> None:
    label = normalize_label(text)
    assert label == "" or is_dns_label(label)
    assert normalize_label(label) == label


@given(LABELS)
def test_a_label_stays_as_it_is_but_for_double_hyphens(label: str) -> None:
    assert is_dns_label(label)
    if "--" not in label:
        assert normalize_label(label) == label


@given(st.integers(55, 70), st.integers(1, 10), st.integers(0, 70))
def test_the_cut_never_ends_in_a_hyphen(before: int, hyphens: int, after: int) -> None:
    label = normalize_label("a" * before + "-" * hyphens + "b" * after)
    assert is_dns_label(label)
    assert label.startswith("a" * min(before, 63))


@given(TEXTS)
def test_an_asked_for_username_is_a_label_unless_it_is_not_ascii(text: str) -> None:
    marked = f"{text}zqxj"
    if marked.isascii():
        assert is_dns_label(asked_username(marked))
        return
    with pytest.raises(InvalidInput) as caught:
        asked_username(marked)
    assert "zqxj" not in str(caught.value)
    assert (caught.value.field, caught.value.code) == ("pds_username", "invalid_username")


@pytest.mark.parametrize("text", ["", "---", " ._ ", "älice", "\N{KELVIN SIGN}im", "ali\u200bce"])
def test_usernames_that_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        asked_username(text, "username")
    assert caught.value.field == "username"
    assert caught.value.code == "invalid_username"


@pytest.mark.parametrize(
    ("email", "username"),
    [
        ("alice@a.example", "alice"),
        ("Alice.Smith+pds@a.example", "alice-smith-pds"),
        ("_@a.example", "u-0a1b2c3d"),
        ("älice@a.example", "lice"),
        ("@a.example", "u-0a1b2c3d"),
        (f"{'a' * 62}-b@a.example", "a" * 62),
    ],
)
def test_a_username_is_derived_from_the_e_mail(email: str, username: str) -> None:
    assert derived_username(email, USER) == username


@given(TEXTS, USER_IDS)
def test_a_derived_username_is_always_a_label(email: str, user_id: str) -> None:
    assert is_dns_label(derived_username(email, user_id))


@given(LABELS, USER_IDS)
@example("a" * 63, USER)
@example("a" * 55 + "-" * 7 + "b", USER)
def test_a_suffix_keeps_a_label_and_ends_in_six_digits_of_the_user(label: str, user_id: str) -> None:
    suffixed = with_suffix(label, user_id)
    assert is_dns_label(suffixed)
    assert suffixed.endswith(f"-{uuid.UUID(user_id).hex[:6]}")
    assert not suffixed.removesuffix(f"-{uuid.UUID(user_id).hex[:6]}").endswith("-")


def test_two_users_with_one_mailbox_name_get_two_names() -> None:
    names = {
        with_suffix(derived_username(email, user), user)
        for email, user in [("alice@a.example", USER), ("alice@b.example", OTHER)]
    }
    assert names == {"alice-0a1b2c", "alice-9f8e7d"}


@pytest.mark.parametrize(
    "text",
    [
        USER.upper(),
        USER.replace("-", ""),
        f"{{{USER}}}",
        f" {USER}",
        f"{USER}\n",
        f"urn:uuid:{USER}",
        USER[:-1],
        USER[:-1] + "\N{FULLWIDTH DIGIT ONE}",
        "",
        None,
        7,
    ],
)
def test_what_is_no_user_id(text: object) -> None:
    assert is_user_id(USER)
    assert not is_user_id(text)
