from http import HTTPStatus

import pytest

from pds_clients.auth_refusals import AuthRefused, Refusal
from pds_portal.identity.forms import FORM, Confirmation, Credentials, refused, too_often, unavailable

TOKEN_HASH = "5f0c4b5b9e9d3f7c5f0b0a115f0c4b5b9e9d3f7c5f0b0a115f0c4b5b"


@pytest.mark.parametrize(
    ("email", "password", "fields"),
    [
        ("alice@example.com", "correct horse", set()),
        ("  alice@example.com\t", " ", set()),
        ("alice@example.com", "x" * 72, set()),
        ("älice@exämple.com", "pässwörd", set()),
        ("", "", {"email", "password"}),
        ("alice", "correct horse", {"email"}),
        ("alice@", "correct horse", {"email"}),
        ("alice@example.com\x00", "correct horse", {"email"}),
        ("alice@example.com, bob@example.com", "correct horse", {"email"}),
        (f"{'a' * 250}@example.com", "correct horse", {"email"}),
        ("alice@example.com", "x" * 73, {"password"}),
        ("alice@example.com", "ä" * 37, {"password"}),
        ("alice@example.com", "\ud800" * 73, {"password"}),
    ],
)
def test_what_cannot_sign_in_is_told_by_its_field(email: str, password: str, fields: set[str]) -> None:
    assert set(Credentials.read({"email": email, "password": password}).problems()) == fields


def test_a_form_without_fields_or_with_files_is_an_empty_one() -> None:
    for fields in ({}, {"email": object(), "password": b"x"}):
        assert Credentials.read(fields) == Credentials("", "")


def test_credentials_and_links_stay_out_of_the_repr() -> None:
    credentials = Credentials("alice@example.com", "correct horse")
    assert repr(credentials) == "Credentials()"
    assert TOKEN_HASH not in repr(Confirmation.read({"token_hash": TOKEN_HASH, "type": "email"}))


@pytest.mark.parametrize("kind", ["email", "signup"])
def test_a_confirmation_link_is_read(kind: str) -> None:
    found = Confirmation.read({"token_hash": TOKEN_HASH, "type": kind})
    assert found is not None
    assert (found.token_hash, found.kind) == (TOKEN_HASH, kind)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"token_hash": TOKEN_HASH},
        {"type": "email"},
        {"token_hash": "", "type": "email"},
        {"token_hash": "a b", "type": "email"},
        {"token_hash": "x" * 256, "type": "email"},
        {"token_hash": f"{TOKEN_HASH}\n", "type": "email"},
        # These would sign in without anybody having signed up here.
        {"token_hash": TOKEN_HASH, "type": "magiclink"},
        {"token_hash": TOKEN_HASH, "type": "recovery"},
        {"token_hash": TOKEN_HASH, "type": "invite"},
        {"token_hash": TOKEN_HASH, "type": "email_change"},
    ],
)
def test_any_other_link_is_none_of_ours(fields: dict[str, str]) -> None:
    assert Confirmation.read(fields) is None


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_words_that_say_what_to_do(refusal: Refusal) -> None:
    answer = refused(AuthRefused(refusal, 400))
    assert HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    ((field, message),) = answer.problems.items()
    assert field in {FORM, "email", "password"}
    assert message.endswith(".")


def test_a_weak_password_is_told_in_the_words_of_who_refuses_it() -> None:
    answer = refused(AuthRefused(Refusal.WEAK_PASSWORD, 422, "Password should be at least 8 characters."))
    assert "at least 8 characters" in answer.problems["password"]


def test_where_waiting_helps_the_answer_says_how_long() -> None:
    assert (too_often(None).retry_after, too_often(0.2).retry_after, too_often(17.4).retry_after) == (60, 1, 17)
    assert "17 seconds" in too_often(17.4).problems[FORM]
    assert unavailable().status == HTTPStatus.SERVICE_UNAVAILABLE
    assert unavailable().retry_after is not None
