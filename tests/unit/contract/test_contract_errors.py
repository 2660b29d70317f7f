"""The errors' tree and their messages."""

import pytest

from pds_contract.errors import (
    Conflict,
    CredentialsRejected,
    DependencyError,
    InvalidInput,
    NotFound,
    PdsError,
    Refused,
    TryLater,
    UnknownUser,
)


def test_invalid_input_says_which_field_and_what_to_do() -> None:
    error = InvalidInput("pds_username", "has no letter in it; ask for another", "invalid_username")
    assert str(error) == "pds_username: has no letter in it; ask for another"
    assert (error.field, error.message, error.code) == (
        "pds_username",
        "has no letter in it; ask for another",
        "invalid_username",
    )


@pytest.mark.parametrize("kind", [DependencyError, TryLater, CredentialsRejected, Refused, Conflict, NotFound])
def test_a_dependency_s_error_says_whose_and_with_which_status(kind: type[DependencyError]) -> None:
    error = kind("supabase", "Supabase answered 503", 503)
    assert (str(error), error.dependency, error.status) == ("Supabase answered 503", "supabase", 503)
    assert kind("supabase", "no answer").status is None


@pytest.mark.parametrize("kind", [TryLater, CredentialsRejected])
def test_what_may_work_later_says_when(kind: type[TryLater]) -> None:
    assert kind("backend", "the backend answered 429", 429, 2.5).retry_after == 2.5
    assert kind("backend", "the backend answered 429", 429).retry_after is None


def test_who_catches_what() -> None:
    assert issubclass(CredentialsRejected, TryLater)
    for final in (Refused, Conflict, NotFound):
        assert issubclass(final, DependencyError)
        assert not issubclass(final, TryLater)
    for kind in (InvalidInput, UnknownUser, DependencyError):
        assert issubclass(kind, PdsError)
    assert not issubclass(InvalidInput, DependencyError)
