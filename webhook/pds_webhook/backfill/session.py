"""A session from Stripe's list, read as the event that would tell of it. Pure."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pds_webhook.events import COMPLETED, PAID_STATUSES, Checkout, Ignored, NotAnEvent, read_event

INACTIVE_STATUSES = frozenset({"canceled", "incomplete_expired", "unpaid", "paused"})
"""Statuses of subscriptions that nobody pays for any more; in the others Stripe has collected, or still tries to."""


def read_session(session: Mapping[str, Any]) -> Checkout | Ignored:
    """Read a completed session by the code that reads deliveries.

    A list tells how a session is now, and not when it came to be so. A paid session is dated by its ``expires_at``,
    after which no session is completed: that is no earlier than the event by which it was completed unpaid, so that its
    row in ``subscriptions`` turns paid, and the same in every run, so that the next one changes nothing. An unpaid one
    is dated by its creation: whatever was told of it later stays. For how long whoever paid has been waiting is counted
    from the creation too. There is no event: the session's own id stands in its place.

    Raises:
        NotAnEvent: A session of ours lacks what every session has.
    """
    paid = session.get("payment_status") in PAID_STATUSES
    event = {
        "id": session.get("id"),
        "object": "event",
        "type": COMPLETED,
        "created": session.get("expires_at" if paid else "created"),
        "livemode": session.get("livemode"),
        "data": {"object": session},
    }
    read = read_event(json.dumps(event))
    return replace(read, paid_at=read.session_created) if isinstance(read, Checkout) else read


def inactive_status(session: Mapping[str, Any]) -> str | None:
    """Return the status of a session's subscription where nobody pays for it any more, else None.

    Raises:
        NotAnEvent: The subscription is there, but not its status.
    """
    subscription = session.get("subscription")
    if subscription is None:
        return None
    status = subscription.get("status") if isinstance(subscription, dict) else None
    if not isinstance(status, str):
        raise NotAnEvent("data.object.subscription has no status")
    return status if status in INACTIVE_STATUSES else None
