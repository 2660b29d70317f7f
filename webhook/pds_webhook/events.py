"""What a verified body tells: facts of a Checkout Session of ours, or that there is nothing for us in it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pds_contract.checkout import is_ours, user_id_of
from pds_contract.errors import InvalidInput

COMPLETED = "checkout.session.completed"
PAYMENT_SUCCEEDED = "checkout.session.async_payment_succeeded"
PAYMENT_FAILED = "checkout.session.async_payment_failed"
CHECKOUT_TYPES = frozenset({COMPLETED, PAYMENT_SUCCEEDED, PAYMENT_FAILED})

PAID_STATUSES = frozenset({"paid", "no_payment_required"})

_ID = re.compile(r"[!-~]{1,255}", re.ASCII)
_LATEST = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
_SHOWN_TYPE = re.compile(r"[a-z0-9_.]{1,100}", re.ASCII)


class NotAnEvent(Exception):
    """The body is no event of Stripe's. The message says what is wrong with it, without any value of it."""


@dataclass(frozen=True)
class Ignored:
    """Nothing to act on.

    Args:
        reason: Why, for the log.
        event_id: The event's id where it has a usable one.
        event_type: Its type where it has one that can be shown.
    """

    reason: str
    event_id: str | None = None
    event_type: str | None = None


@dataclass(frozen=True)
class Checkout:
    """What one event tells of a Checkout Session of ours, times in Unix seconds.

    ``paid_at`` is when it was paid, where it is paid. Personal data stay out of its repr.
    """

    event_id: str
    event_type: str
    event_created: int
    paid_at: int
    api_version: str | None
    livemode: bool
    session_id: str
    session_created: int
    mode: str
    payment_status: str
    customer_id: str | None
    subscription_id: str | None
    metadata: Mapping[str, object] = field(repr=False)
    email: object = field(repr=False)
    """The e-mail that the customer gave at Stripe, unjudged."""

    @property
    def paid(self) -> bool:
        """Whether the money is there, or none is asked for."""
        return self.payment_status in PAID_STATUSES

    @property
    def user_id(self) -> str | None:
        """The user's id, or None where the metadata hold none that is usable."""
        try:
            return user_id_of(self.metadata)
        except InvalidInput:
            return None


def read_event(text: str) -> Checkout | Ignored:
    """Read a verified body.

    Raises:
        NotAnEvent: It is none, or a checkout of ours in it lacks what every checkout has.
    """
    try:
        event: object = json.loads(text)
    except (ValueError, RecursionError):
        raise NotAnEvent("the body is no JSON document") from None
    if not isinstance(event, dict):
        raise NotAnEvent("the body is no JSON object")
    if event.get("object") == "v2.core.event":
        return Ignored("a thin event", _usable_id(event.get("id")), _shown(event.get("type")))
    if event.get("object") != "event":
        raise NotAnEvent('object is not "event"')
    event_id, event_type = _id(event, "id"), _text(event, "type")
    if event_type not in CHECKOUT_TYPES:
        return Ignored("an event of another type", event_id, _shown(event_type))
    session = _mapping(_mapping(event, "data", "data"), "object", "data.object")
    metadata = session.get("metadata") or {}
    if not isinstance(metadata, dict) or not is_ours(metadata):
        return Ignored("a checkout of another product", event_id, event_type)
    return _checkout(event, event_id, event_type, session, metadata)


def _checkout(
    event: Mapping[str, object],
    event_id: str,
    event_type: str,
    session: Mapping[str, object],
    metadata: Mapping[str, object],
) -> Checkout:
    details = session.get("customer_details")
    details_email = details.get("email") if isinstance(details, dict) else None
    livemode = event.get("livemode")
    if not isinstance(livemode, bool):
        raise NotAnEvent("livemode is no boolean")
    event_created = _seconds(event, "created", "created")
    return Checkout(
        event_id=event_id,
        event_type=event_type,
        event_created=event_created,
        paid_at=event_created,
        api_version=_usable_id(event.get("api_version")),
        livemode=livemode,
        session_id=_id(session, "id", "data.object.id"),
        session_created=_seconds(session, "created", "data.object.created"),
        mode=_text(session, "mode", "data.object.mode"),
        payment_status=_text(session, "payment_status", "data.object.payment_status"),
        customer_id=_optional_id(session, "customer"),
        subscription_id=_optional_id(session, "subscription"),
        metadata=metadata,
        email=details_email or session.get("customer_email"),
    )


def _mapping(parent: Mapping[str, object], key: str, path: str) -> Mapping[str, object]:
    value = parent.get(key)
    if not isinstance(value, dict):
        raise NotAnEvent(f"{path} is no object")
    return value


def _text(parent: Mapping[str, object], key: str, path: str | None = None) -> str:
    value = parent.get(key)
    if not isinstance(value, str) or not value:
        raise NotAnEvent(f"{path or key} is no text")
    return value


def _id(parent: Mapping[str, object], key: str, path: str | None = None) -> str:
    found = _usable_id(parent.get(key))
    if found is None:
        raise NotAnEvent(f"{path or key} is no id")
    return found


def _optional_id(session: Mapping[str, object], key: str) -> str | None:
    value = session.get(key)
    if value is None:
        return None
    if isinstance(value, dict):  # an expanded object
        return _id(value, "id", f"data.object.{key}.id")
    return _id(session, key, f"data.object.{key}")


def _usable_id(value: object) -> str | None:
    # Ids go into annotations, rows and log lines: printable ASCII holds no surprise for any of them.
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _shown(value: object) -> str | None:
    return value if isinstance(value, str) and _SHOWN_TYPE.fullmatch(value) else None


def _seconds(parent: Mapping[str, object], key: str, path: str) -> int:
    value = parent.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LATEST:
        raise NotAnEvent(f"{path} is no time in Unix seconds")
    return value
