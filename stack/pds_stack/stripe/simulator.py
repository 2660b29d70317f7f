"""What the stand-in knows: Checkout Sessions, how their subscriptions are doing, and who asked for what."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pds_stack.events import customer_details, random_id, session_event
from pds_stack.faults import Faults
from pds_stack.stripe import creation, form, listing
from pds_stack.stripe.idempotency import IdempotencyKeys
from pds_stack.stripe.refusals import Refused
from pds_stack.stripe.webhook import Delivery, Endpoint, Webhook

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
COMPLETED = "checkout.session.completed"


@dataclass(frozen=True)
class Asked:
    """One received list request; ``at`` is monotonic seconds."""

    at: float
    parameters: tuple[tuple[str, str], ...]


@dataclass
class _Subscription:
    status: str
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Order:
    """What a created session is for, which its document does not show: what is bought, and the subscription's data."""

    items: list[tuple[str, int]]
    subscription_metadata: dict[str, str]


class StripeSimulator:
    """One account of Stripe's.

    Args:
        secret_key: What the API asks for.
        endpoint: Where the events of sessions go that are paid on the stand-in's page; None: nowhere.
    """

    def __init__(self, secret_key: str, endpoint: Endpoint | None = None) -> None:
        self.secret_key = secret_key
        self.faults = Faults()
        self.webhook = Webhook(endpoint)
        self.asked: list[Asked] = []
        self._keys = IdempotencyKeys()
        self._sessions: dict[str, dict[str, Any]] = {}
        self._orders: dict[str, _Order] = {}
        self._subscriptions: dict[str, _Subscription] = {}

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
        self._subscriptions.setdefault(subscription_id, _Subscription(status)).status = status

    def create_session(
        self, parameters: Sequence[tuple[str, str]], key: str | None, page: str
    ) -> tuple[dict[str, Any], bool]:
        """Answer ``POST /v1/checkout/sessions``.

        Args:
            parameters: Those of the form.
            key: The idempotency key.
            page: Where sessions are paid.

        Returns:
            The session, and whether it was made by an earlier request with this key.

        Raises:
            Refused: Stripe would not make it.
        """

        def make() -> dict[str, Any]:
            parsed = form.parse(parameters)
            now = int(time.time())
            session, metadata = creation.create(parsed, now=now, page=page, customers=self._customers())
            self._sessions[session["id"]] = session
            self._orders[session["id"]] = _Order(creation.items(parsed), metadata)
            return session

        return self._keys.once(key, tuple(sorted(parameters)), make)

    def session(self, session_id: str, parameters: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
        """Answer ``GET /v1/checkout/sessions/{id}``.

        Raises:
            Refused: There is none, or it cannot be shown so.
        """
        session = self._sessions.get(session_id)
        if session is None:
            message = f"No such checkout.session: {session_id}"
            raise Refused(message, param="session", code="resource_missing", status=404)
        expand = listing.parse_expand(parameters, "subscription")
        current = self._current(session)
        return dict(self._expanded(current)) if expand else current

    def items(self, session_id: str) -> list[tuple[str, int]]:
        """What a created session is for: each price's id and its quantity."""
        order = self._orders.get(session_id)
        return order.items if order else []

    def pay(self, session_id: str) -> Delivery:
        """Let the customer pay an open session, and begin to deliver the event that tells of it.

        Raises:
            Refused: There is none, or it was paid, or has expired.
        """
        session = self.session(session_id)
        if session["status"] != "open":
            raise Refused("This Checkout Session is no longer open.", status=409)
        email = session["customer_email"] or self._email_of(session["customer"])
        paid = {
            **session,
            "customer": session["customer"] or random_id("cus_", 14),
            "customer_details": customer_details(email),
            "invoice": random_id("in_1", 23),
            "payment_status": "paid",
            "status": "complete",
            "subscription": random_id("sub_1", 23),
            "url": None,
        }
        self.put(paid)
        self._subscriptions[paid["subscription"]].metadata = self._orders[session_id].subscription_metadata
        return self.webhook.send(session_event(paid, event_type=COMPLETED, created=int(time.time())))

    def list_sessions(self, parameters: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Answer ``GET /v1/checkout/sessions``.

        Raises:
            Refused: Stripe would not serve this.
        """
        query = listing.parse(parameters)
        sessions = sorted(map(self._current, self._sessions.values()), key=lambda session: session["created"])
        page = listing.page(sessions[::-1], query)  # of two of one second, the one that came later comes first
        expand = listing.SUBSCRIPTION in query.expand
        data = [self._expanded(session) if expand else session for session in page.sessions]
        return {"object": "list", "url": listing.URL, "has_more": page.has_more, "data": data}

    def note(self, parameters: Sequence[tuple[str, str]]) -> None:
        """Remember that somebody asked."""
        self.asked.append(Asked(time.monotonic(), tuple(parameters)))

    def interrupt(self) -> None:
        """Cut all requests that are waiting."""
        self.faults.interrupt()

    def _customers(self) -> set[str]:
        return {session["customer"] for session in self._sessions.values() if session.get("customer")}

    def _email_of(self, customer: str | None) -> str | None:
        found = [session for session in self._sessions.values() if customer and session.get("customer") == customer]
        details = [session["customer_details"] for session in found if session.get("customer_details")]
        return details[-1]["email"] if details else None

    def _current(self, session: dict[str, Any]) -> dict[str, Any]:
        if session["status"] == "open" and session.get("expires_at", 0) <= time.time():
            return {**session, "status": "expired", "url": None}
        return session

    def _expanded(self, session: listing.Session) -> listing.Session:
        subscription_id = session.get("subscription")
        if not isinstance(subscription_id, str):
            return session
        known = self._subscriptions[subscription_id]
        subscription = {
            "id": subscription_id,
            "object": "subscription",
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": session["created"] if known.status == "canceled" else None,
            "collection_method": "charge_automatically",
            "created": session["created"],
            "currency": session.get("currency"),
            "customer": session.get("customer"),
            "livemode": session.get("livemode"),
            "metadata": known.metadata,
            "status": known.status,
        }
        return {**session, "subscription": subscription}
