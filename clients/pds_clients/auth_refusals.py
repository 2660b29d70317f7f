"""What Supabase Auth says where it does not do what it was asked: whose fault it is, and what is to be done.

Codes and shapes are those of its list of error codes; servers from before these codes are understood as well.
"""

from enum import StrEnum

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from pds_clients.retry_after import seconds_to_wait
from pds_contract.errors import CredentialsRejected, Refused, TryLater

LONGEST_HINT = 300


class Refusal(StrEnum):
    """Why the auth server says no to a user."""

    WRONG_CREDENTIALS = "wrong_credentials"
    """No such user, another password, or a banned user: not to be told apart."""
    EMAIL_NOT_CONFIRMED = "email_not_confirmed"
    WEAK_PASSWORD = "weak_password"  # noqa: S105 - a word for one, not a password
    USER_EXISTS = "user_exists"
    INVALID_EMAIL = "invalid_email"
    SIGN_UP_CLOSED = "sign_up_closed"
    SESSION_ENDED = "session_ended"
    LINK_EXPIRED = "link_expired"
    OTHER = "other"
    """One that has no word here; the status is in the error."""


class AuthRefused(Refused):
    """The auth server's no, which stays the same until the user sends something else.

    Args:
        refusal: Why.
        status: The HTTP status of its answer.
        hint: What it asks of a password, in its own words, of a weak one; else "".
    """

    def __init__(self, refusal: Refusal, status: int, hint: str = "") -> None:
        super().__init__("supabase", f"Supabase Auth refused: {refusal}", status)
        self.refusal = refusal
        self.hint = hint


class RateLimited(TryLater):
    """The auth server was asked too often: by the portal's address, or for mails to one user."""


class _Error(BaseModel):
    """An error in any of the three shapes: with ``code``; with ``error_code`` and ``msg``; OAuth's."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    code: str = ""
    error_code: str = ""
    message: str = ""
    msg: str = ""
    error: str = ""
    error_description: str = ""

    @field_validator("*", mode="before")
    @classmethod
    def _text(cls, value: object) -> str:
        return value if isinstance(value, str) else ""  # ``code`` is a number in the second shape

    @property
    def word(self) -> str:
        """The error's code; "" of an answer that is not the auth server's, or from before it had codes."""
        return self.error_code or self.code

    @property
    def text(self) -> str:
        """The error in words, which may quote what was sent."""
        return self.message or self.msg or self.error_description


_BY_CODE = {
    "invalid_credentials": Refusal.WRONG_CREDENTIALS,
    "user_banned": Refusal.WRONG_CREDENTIALS,
    "user_not_found": Refusal.WRONG_CREDENTIALS,
    "email_not_confirmed": Refusal.EMAIL_NOT_CONFIRMED,
    "provider_email_needs_verification": Refusal.EMAIL_NOT_CONFIRMED,
    "weak_password": Refusal.WEAK_PASSWORD,
    "user_already_exists": Refusal.USER_EXISTS,
    "email_exists": Refusal.USER_EXISTS,
    "email_address_invalid": Refusal.INVALID_EMAIL,
    "email_address_not_authorized": Refusal.INVALID_EMAIL,
    "signup_disabled": Refusal.SIGN_UP_CLOSED,
    "email_provider_disabled": Refusal.SIGN_UP_CLOSED,
    "otp_expired": Refusal.LINK_EXPIRED,
    "flow_state_not_found": Refusal.LINK_EXPIRED,
    "flow_state_expired": Refusal.LINK_EXPIRED,
}
_BY_TEXT = {
    "invalid login credentials": Refusal.WRONG_CREDENTIALS,
    "email not confirmed": Refusal.EMAIL_NOT_CONFIRMED,
    "user already registered": Refusal.USER_EXISTS,
    "unable to validate email address: invalid format": Refusal.INVALID_EMAIL,
    "signups not allowed for this instance": Refusal.SIGN_UP_CLOSED,
    "email signups are disabled": Refusal.SIGN_UP_CLOSED,
    "email link is invalid or has expired": Refusal.LINK_EXPIRED,
    "token has expired or is invalid": Refusal.LINK_EXPIRED,
}
"""What servers say that have no codes, or no code for this."""
_WEAK = "password should "
_ENDED_SESSION = {
    "refresh_token_not_found",
    "refresh_token_already_used",
    "session_not_found",
    "session_expired",
    "user_banned",
    "user_not_found",
    "validation_failed",
}


def refuse(response: httpx.Response) -> None:
    """Raise what an answer that is no success means.

    Raises:
        AuthRefused: The user has to send something else.
        TryLater: Nothing is decided: RateLimited for a 429, CredentialsRejected where our key is not known.
    """
    status = response.status_code
    if 200 <= status < 300:
        return
    said = _error(response)
    if status == 429:
        wait = seconds_to_wait(response.headers.get("Retry-After"))
        raise RateLimited("supabase", "Supabase Auth was asked too often", status, wait)
    if status in {401, 403} and not said.word and not said.error and said.text.lower() not in _BY_TEXT:
        # The gateway before the auth server, whose answers have no code.
        raise CredentialsRejected(
            "supabase", f"Supabase answered {status}: it does not accept SUPABASE_ANON_KEY", status
        )
    if status in {408, 425} or not 400 <= status < 500:
        raise _try_later(response)
    refusal = _refusal(said)
    raise AuthRefused(refusal, status, _hint(said.text) if refusal is Refusal.WEAK_PASSWORD else "")


def refuse_refresh(response: httpx.Response) -> None:
    """Raise what an answer to a refresh token means that is no success.

    Raises:
        AuthRefused: SESSION_ENDED, and nothing else: the token will never be good again.
        TryLater: Anything else. Nobody is signed out by an answer that does not say that the session has ended.
    """
    try:
        refuse(response)
    except AuthRefused:
        said = _error(response)
        if said.word in _ENDED_SESSION or (not said.word and said.error == "invalid_grant"):
            raise AuthRefused(Refusal.SESSION_ENDED, response.status_code) from None
        raise _try_later(response) from None


def is_of_auth_server(response: httpx.Response) -> bool:
    """Tell whether an error is the auth server's own; the gateway's before it have no code."""
    return bool(_error(response).word)


def _refusal(said: _Error) -> Refusal:
    text = said.text.lower()
    by_code = _BY_CODE.get(said.word)
    if by_code is None and text.startswith(_WEAK):
        return Refusal.WEAK_PASSWORD
    return by_code or _BY_TEXT.get(text, Refusal.OTHER)


def _hint(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:LONGEST_HINT]


def _try_later(response: httpx.Response) -> TryLater:
    status = response.status_code
    wait = seconds_to_wait(response.headers.get("Retry-After"))
    return TryLater("supabase", f"Supabase Auth answered {status}", status, wait)


def _error(response: httpx.Response) -> _Error:
    try:
        return _Error.model_validate_json(response.content)
    except (ValidationError, ValueError):
        return _Error()
