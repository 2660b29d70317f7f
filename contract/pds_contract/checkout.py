"""What a completed Checkout Session asks for: the mission's five metadata keys, read and judged.

A value that was never set arrives as an absent key (Stripe drops empty ones); the empty string is read the same way.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from pds_contract.errors import InvalidInput
from pds_contract.names import EMAIL_PATTERN, HostnameRules, asked_username

USER_ID = "user_id"
USER_EMAIL = "user_email"
USERNAME = "pds_username"
HOSTNAME = "pds_hostname_base"
DISK_SIZE = "pds_disksize_gb"

DISK_SIZE_DEFAULT = 10
DISK_SIZE_MIN = 1
DISK_SIZE_MAX = 16384
EMAIL_MAX = 254

_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_EMAIL = re.compile(EMAIL_PATTERN)


@dataclass(frozen=True)
class CheckoutParameters:
    """What a checkout asks for. ``username`` and ``hostname`` are None where the customer left the choice to us."""

    user_id: str
    email: str
    username: str | None
    hostname: str | None
    disksize_gb: int


def is_ours(metadata: Mapping[str, object]) -> bool:
    """Tell whether a session's metadata is of this product.

    It is with a ``user_id`` that is a UUID in any of its spellings, or with any ``pds_`` key.
    """
    return _hyphenated(metadata.get(USER_ID)) is not None or any(key.startswith("pds_") for key in metadata)


def user_id_of(metadata: Mapping[str, object]) -> str:
    """Read the user's id, in the form in which Supabase prints it: hyphenated and lower case.

    Raises:
        InvalidInput: It is missing, or no UUID.
    """
    user_id = _hyphenated(metadata.get(USER_ID))
    if user_id is None:
        raise InvalidInput(
            USER_ID, "is missing or no UUID; set it to the customer's id in auth.users", "invalid_user_id"
        )
    return user_id


def parameters_of(metadata: Mapping[str, object], fallback_email: object, rules: HostnameRules) -> CheckoutParameters:
    """Read all parameters of a checkout.

    Args:
        metadata: The session's metadata.
        fallback_email: The e-mail that the customer gave at Stripe, for metadata without one.
        rules: Which hostnames a customer may have.

    Raises:
        InvalidInput: One of them is unusable.
    """
    username = _text(metadata, USERNAME, "invalid_username")
    hostname = _text(metadata, HOSTNAME, "invalid_hostname")
    return CheckoutParameters(
        user_id=user_id_of(metadata),
        email=_email(metadata.get(USER_EMAIL) or fallback_email),
        username=None if username is None else asked_username(username),
        hostname=None if hostname is None else rules.asked(hostname),
        disksize_gb=_disksize(metadata.get(DISK_SIZE)),
    )


def _hyphenated(value: object) -> str | None:
    """Read a UUID as people and programs spell it: bare digits, braces, ``urn:uuid:``, either case, space around it."""
    if not isinstance(value, str) or not value.isascii():
        return None
    text = value.strip().lower()
    try:
        read = uuid.UUID(text)
    except ValueError:
        return None
    # uuid reads the digits with int(), which also takes underscores, signs and white space among them.
    return str(read) if read.hex in text.replace("-", "") else None


def _text(metadata: Mapping[str, object], key: str, code: str) -> str | None:
    value = metadata.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidInput(key, "is no text; set it to a string, as Stripe's metadata are", code)
    return value


def _email(value: object) -> str:
    email = value.strip() if isinstance(value, str) else ""
    if len(email) > EMAIL_MAX or _EMAIL.fullmatch(email) is None or not email.isprintable():
        raise InvalidInput(USER_EMAIL, "is missing or no e-mail address; set it to the customer's", "invalid_email")
    return email


def _disksize(value: object) -> int:
    if value is None or value == "":
        return DISK_SIZE_DEFAULT
    # Stripe sends strings; a whole JSON number is as clear.
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str) and _WHOLE_NUMBER.fullmatch(text.strip()):
        size = int(text.strip())
        if DISK_SIZE_MIN <= size <= DISK_SIZE_MAX:
            return size
    raise InvalidInput(
        DISK_SIZE,
        f"is no whole number of GiB from {DISK_SIZE_MIN} to {DISK_SIZE_MAX}; set it to one",
        "invalid_disksize",
    )
