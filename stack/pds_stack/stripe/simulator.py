"""What the stand-in knows: Checkout Sessions, how their subscriptions are doing, and who asked for what."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pds_stack.stripe import listing
from pds_stack.stripe.faults import Faults

SUBSCRIPTION_STATUSES = (
    "active",
    "canceled",
    "incomplete",
    "incomplete_expired",
    "past_due",
    "paused",
    "trialing",
    "unpaid",
)


@dataclass(frozen=True)
class Asked:
    """One received list request; ``at`` is monotonic seconds."""

    at: float
    parameters: tuple[tuple[str, str], ...]


@dataclass
class StripeSimulator:
    """One account of Stripe's.

    Args:
        secret_key: What the API asks for.
    """

    secret_key: str = field(repr=False)
    faults: Faults = field(default_factory=Faults)
    asked: list[Asked] = field(default_factory=list)
    _sessions: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    _subscriptions: dict[str, str] = field(default_factory=dict)
    _interruption: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, session: dict[str, Any], subscription_status: str = "active") -> None:
        """Keep a session, as an event has it, in place of one with its id; its subscription is as is said.

        Raises:
            ValueError: It is no session, or there is no such status.
        """
        session_id = session.get("id")
        dated = isinstance(session.get("created"), int) and "status" in session
        if session.get("object") != "checkout.session" or not isinstance(session_id, str) or not dated:
            raise ValueError("a session is the object of a checkout.session event, with id, created and status")
        self._sessions.pop(session_id, None)
        self._sessions[session_id] = session
        if session.get("subscription") is not None:
            self.set_subscription(session["subscription"], subscription_status)

    def set_subscription(self, subscription_id: str, status: str) -> None:
        """Say how a subscription is doing.

        Raises:
            ValueError: There is no such status.
        """
        if status not in SUBSCRIPTION_STATUSES:
            raise ValueError(f"a subscription's status is one of {', '.join(SUBSCRIPTION_STATUSES)}")
        self._subscriptions[subscription_id] = status

    def list_sessions(self, parameters: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Answer ``GET /v1/checkout/sessions``.

        Raises:
            Refused: Stripe would not serve this.
        """
        query = listing.parse(parameters)
        sessions = sorted(self._sessions.values(), key=lambda session: session["created"])
        page = listing.page(sessions[::-1], query)  # of two of one second, the one that came later comes first
        expand = listing.SUBSCRIPTION in query.expand
        data = [self._expanded(session) if expand else session for session in page.sessions]
        return {"object": "list", "url": listing.URL, "has_more": page.has_more, "data": data}

    def note(self, parameters: Sequence[tuple[str, str]]) -> None:
        """Remember that somebody asked."""
        self.asked.append(Asked(time.monotonic(), tuple(parameters)))

    async def hang(self) -> None:
        """Wait until somebody interrupts what is waiting."""
        await self._interruption.wait()

    def interrupt(self) -> None:
        """Cut all requests that are waiting."""
        self._interruption.set()
        self._interruption = asyncio.Event()

    def _expanded(self, session: listing.Session) -> listing.Session:
        subscription_id = session.get("subscription")
        if not isinstance(subscription_id, str):
            return session
        status = self._subscriptions[subscription_id]
        subscription = {
            "id": subscription_id,
            "object": "subscription",
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": session["created"] if status == "canceled" else None,
            "collection_method": "charge_automatically",
            "created": session["created"],
            "currency": session.get("currency"),
            "customer": session.get("customer"),
            "livemode": session.get("livemode"),
            "metadata": {},
            "status": status,
        }
        return {**session, "subscription": subscription}
