"""What the forms of sign-up and sign-in hold, and what each refusal says to whoever sent them. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal, Self

from pds_clients.auth_refusals import AuthRefused, Refusal
from pds_contract.checkout import EMAIL_MAX
from pds_contract.names import EMAIL_PATTERN

LONGEST_PASSWORD = 72
"""Bytes; what bcrypt takes, and Supabase Auth with it."""

FORM = "form"
"""The field of a problem that is no single field's."""

Problems = dict[str, str]

_EMAIL = re.compile(EMAIL_PATTERN)
_TOKEN_HASH = re.compile(r"[A-Za-z0-9_-]{1,255}", re.ASCII)
_UNAVAILABLE = "This cannot be done just now. Nothing has changed: try again in a minute."


@dataclass(frozen=True)
class Credentials:
    """An e-mail address and a password as they were typed; neither is in the repr."""

    email: str = field(repr=False)
    password: str = field(repr=False)

    @classmethod
    def read(cls, fields: Mapping[str, object]) -> Self:
        """Read a form."""
        return cls(text_of(fields, "email").strip(), text_of(fields, "password"))

    def problems(self) -> Problems:
        """Say what has to be mended before anybody is asked, by field."""
        problems: Problems = {}
        # What a checkout would refuse later is refused here.
        if len(self.email) > EMAIL_MAX or not _EMAIL.fullmatch(self.email) or not self.email.isprintable():
            problems["email"] = "Enter your e-mail address, as in name@example.com."
        if not self.password:
            problems["password"] = "Enter a password."  # noqa: S105 - a sentence
        elif len(self.password.encode(errors="replace")) > LONGEST_PASSWORD:
            problems["password"] = f"Use a password of at most {LONGEST_PASSWORD} characters."
        return problems


@dataclass(frozen=True)
class Confirmation:
    """The token of a confirmation mail's link, which stays out of the repr."""

    token_hash: str = field(repr=False)
    kind: Literal["email", "signup"]

    @classmethod
    def read(cls, fields: Mapping[str, object]) -> "Confirmation | None":
        """Read a link's query or its page's form; None for one that is none of ours."""
        token_hash, kind = text_of(fields, "token_hash"), text_of(fields, "type")
        if not _TOKEN_HASH.fullmatch(token_hash):
            return None
        return cls(token_hash, "email") if kind == "email" else cls(token_hash, "signup") if kind == "signup" else None


@dataclass(frozen=True)
class Answer:
    """The page again, with what has to be mended.

    Args:
        status: The HTTP status.
        problems: What to say, by field.
        retry_after: Seconds, where waiting helps.
    """

    status: HTTPStatus
    problems: Problems
    retry_after: int | None = None


def text_of(fields: Mapping[str, object], name: str) -> str:
    """Return a field that is a text; "" for one that is missing or a file."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def refused(error: AuthRefused) -> Answer:
    """Say a refusal in words for the customer.

    A wrong password and an unknown e-mail address are the same to them, and so is a banned user.
    """
    match error.refusal:
        case Refusal.WRONG_CREDENTIALS:
            return Answer(HTTPStatus.UNAUTHORIZED, {FORM: "The e-mail address or the password is wrong."})
        case Refusal.EMAIL_NOT_CONFIRMED:
            message = "Open the link in the mail that we have sent you, then sign in."
            return Answer(HTTPStatus.UNAUTHORIZED, {FORM: message})
        case Refusal.WEAK_PASSWORD:
            said = error.hint or "It is too easy to guess: make it longer."
            return Answer(HTTPStatus.BAD_REQUEST, {"password": f"Choose another password. {said}"})
        case Refusal.USER_EXISTS:
            message = "No new account can be made with this address. If it is yours, sign in."
            return Answer(HTTPStatus.BAD_REQUEST, {"email": message})
        case Refusal.INVALID_EMAIL:
            message = "This address is not accepted. Check its spelling, or use another one."
            return Answer(HTTPStatus.BAD_REQUEST, {"email": message})
        case Refusal.SIGN_UP_CLOSED:
            return Answer(HTTPStatus.FORBIDDEN, {FORM: "No new accounts are made at the moment. Come back later."})
        case Refusal.LINK_EXPIRED | Refusal.SESSION_ENDED:
            message = "This link was used already or is too old. Sign in; if you cannot, sign up again for a new link."
            return Answer(HTTPStatus.BAD_REQUEST, {FORM: message})
        case Refusal.OTHER:
            message = "This was not accepted. Check what you have typed, and try again."
            return Answer(HTTPStatus.BAD_REQUEST, {FORM: message})


def invalid(problems: Problems) -> Answer:
    """Say what of a form has to be mended."""
    return Answer(HTTPStatus.BAD_REQUEST, problems)


def no_link() -> Answer:
    """Say that a confirmation link is none of ours."""
    return Answer(HTTPStatus.BAD_REQUEST, {FORM: "This link is not whole. Open it from the mail, or copy all of it."})


def unavailable() -> Answer:
    """Say that Supabase Auth is away."""
    return Answer(HTTPStatus.SERVICE_UNAVAILABLE, {FORM: _UNAVAILABLE}, retry_after=60)


def too_often(retry_after: float | None) -> Answer:
    """Say that it was asked too often, here or by Supabase Auth."""
    seconds = 60 if retry_after is None else max(1, round(retry_after))
    message = f"This was tried too often. Try again in {seconds} seconds."
    return Answer(HTTPStatus.TOO_MANY_REQUESTS, {FORM: message}, seconds)
