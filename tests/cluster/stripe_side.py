"""Stripe's side: signed events through the Service, each again and again until it is answered 2xx."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cluster.failed import Failed
from cluster.kubernetes import SYSTEM
from cluster.sender import Answer, Sender
from pds_stack.events import checkout_event, sign

PUBLIC = f"http://pds-webhook.{SYSTEM}.svc/api/webhooks"
_FIRST_DELAY = 0.5
_LONGEST_DELAY = 5.0
_PATIENCE = 120.0


@dataclass
class Delivery:
    """An event and how each try to deliver it was answered, the last one by 2xx."""

    answers: list[Answer] = field(default_factory=list)

    @property
    def at_first(self) -> bool:
        """Whether the first try was answered 2xx."""
        return len(self.answers) == 1


class Stripe:
    """Sends events.

    Args:
        sender: What carries them.
        secret: What they are signed with, at first.
    """

    def __init__(self, sender: Sender, secret: str) -> None:
        self.secret = secret
        self._sender = sender

    async def pay(self, user_id: str, email: str) -> Delivery:
        """Let a user pay: deliver the event of their checkout.

        Raises:
            Failed: It could not be delivered in time.
        """
        return await self.deliver(checkout_event(user_id=user_id, email=email))

    async def deliver(self, event: Mapping[str, Any]) -> Delivery:
        """Send an event until it is taken.

        Raises:
            Failed: It could not be delivered in time.
        """
        body = json.dumps(event)
        delivery, delay, deadline = Delivery(), _FIRST_DELAY, time.monotonic() + _PATIENCE
        while True:
            answer = await self.send(body)
            delivery.answers.append(answer)
            if answer.status is not None and answer.status < 300:
                return delivery
            if time.monotonic() > deadline:
                raise Failed(f"a delivery was not taken within {_PATIENCE:.0f} s; at last: {answer}")
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY)

    async def probe(self, *, secret: str | None = None, url: str = PUBLIC) -> Answer:
        """Send an event of a kind that changes nothing, once."""
        body = json.dumps(checkout_event(event_type="customer.updated"))
        return await self.send(body, secret=secret, url=url)

    async def send(self, body: str, *, secret: str | None = None, url: str = PUBLIC) -> Answer:
        """Send a body once, signed at this moment."""
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": sign(body.encode(), secret or self.secret),
        }
        return await self._sender.post(url, headers, body)
