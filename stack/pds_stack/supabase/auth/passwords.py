"""Passwords: GoTrue's rules for new ones, and how they are kept: by scrypt, with a salt of their own."""

import base64
import hashlib
import hmac
import secrets

from pds_stack.supabase.auth.refusals import Refused

MIN_CHARACTERS = 6
# GoTrue hashes by bcrypt, which sees no more bytes.
MAX_BYTES = 72

_N, _R, _P = 2**14, 8, 1
_SALT_BYTES = 16


def check(password: str) -> None:
    """See to it that a new password is acceptable.

    Raises:
        Refused: it is missing, too short or too long.
    """
    if not password:
        raise Refused(400, "validation_failed", "Signup requires a valid password")
    if len(password.encode()) > MAX_BYTES:
        raise Refused(422, "validation_failed", f"Password cannot be longer than {MAX_BYTES} characters")
    if len(password) < MIN_CHARACTERS:
        message = f"Password should be at least {MIN_CHARACTERS} characters."
        raise Refused(422, "weak_password", message, weak_password={"reasons": ["length"]})


def hashed(password: str) -> str:
    """Return what is kept of a password. Takes some ten milliseconds."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return "$".join(("scrypt", _text(salt), _text(_derive(password, salt))))


def matches(password: str, kept: str | None) -> bool:
    """Say whether this is the password of which `kept` was kept; None is nobody's. Takes some ten milliseconds."""
    kind, _, rest = (kept or "").partition("$")
    salt, _, key = rest.partition("$")
    if kind != "scrypt":
        return False
    return hmac.compare_digest(_derive(password, base64.b64decode(salt)), base64.b64decode(key))


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
