"""The customers' checkouts that are told of: the same ones as events for the webhook and as calls for its floor."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pds_stack.events import checkout_event, sign


@dataclass(frozen=True)
class Checkout:
    """One paid checkout of a customer.

    Args:
        event: As Stripe tells of it.
    """

    event: dict[str, Any]

    @classmethod
    def of(cls, user_id: str) -> "Checkout":
        """Make up a customer's first."""
        return cls(checkout_event(user_id=user_id, email=f"{user_id}@users.example"))

    def request(self, port: int, secret: str) -> bytes:
        """Spell out Stripe's request, signed now."""
        body = json.dumps(self.event, indent=2).encode()
        head = (
            "POST /api/webhooks HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{port}\r\n"
            "User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\n"
            "Content-Type: application/json; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\n"
            f"Stripe-Signature: {sign(body, secret, int(time.time()))}\r\n\r\n"
        )
        return head.encode() + body

    def row(self) -> dict[str, str | None]:
        """Return the arguments of the SQL function ``record_subscription``."""
        session = self._session
        return {
            "p_user_id": self.user_id,
            "p_stripe_customer_id": session["customer"],
            "p_stripe_subscription_id": session["subscription"],
            "p_status": "active",
            "p_checkout_session_id": session["id"],
            "p_checkout_created_at": _moment(session["created"]),
            "p_event_created_at": _moment(self.event["created"]),
        }

    def manifest(self, namespace: str) -> dict[str, Any]:
        """Return the resource that is wanted."""
        session = self._session
        annotations = {
            "pds.eny.space/checkout-session": session["id"],
            "pds.eny.space/checkout-created": str(session["created"]),
            "pds.eny.space/checkout-paid": str(self.event["created"]),
            "pds.eny.space/stripe-event": self.event["id"],
        }
        return {
            "apiVersion": "pds.eny.space/v1alpha1",
            "kind": "PdsProvision",
            "metadata": {
                "name": self.name,
                "namespace": namespace,
                "labels": {"pds.eny.space/shard": self.user_id[0]},
                "annotations": annotations,
            },
            "spec": {"userId": self.user_id, "email": session["metadata"]["user_email"], "disksizeGb": 10},
        }

    @property
    def user_id(self) -> str:
        """Whose it is."""
        user_id: str = self._session["metadata"]["user_id"]
        return user_id

    @property
    def name(self) -> str:
        """The resource's name."""
        return f"pds-{self.user_id}"

    @property
    def _session(self) -> dict[str, Any]:
        session: dict[str, Any] = self.event["data"]["object"]
        return session


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
