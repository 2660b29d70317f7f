"""The account's webhook endpoint: each event is sent, signed, until it is taken."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pds_stack.delivery import deliver
from pds_stack.errors import StackError

# Stripe's own pauses grow to hours; whoever watches a stand-in has minutes.
PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class Endpoint:
    """Where events go, and what they are signed with."""

    url: str
    secret: str = field(repr=False)


@dataclass
class Delivery:
    """An event on its way.

    Attributes:
        event: the event.
        statuses: what each try was answered; None where nothing answered.
        first: set once the first try has ended, however it did.
    """

    event: Mapping[str, Any] = field(repr=False)
    statuses: list[int | None] = field(default_factory=list)
    first: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def taken(self) -> bool:
        """Whether the last try was answered 2xx: it is not sent again."""
        last = self.statuses[-1] if self.statuses else None
        return last is not None and 200 <= last < 300

    def document(self) -> dict[str, Any]:
        """What the control path shows."""
        return {
            "event": self.event["id"],
            "type": self.event["type"],
            "session": self.event["data"]["object"]["id"],
            "statuses": self.statuses,
            "taken": self.taken,
        }


class Webhook:
    """Delivers events to an endpoint, which may be another one later, or none.

    Args:
        endpoint: Where they go; None: nowhere.
    """

    def __init__(self, endpoint: Endpoint | None) -> None:
        self.endpoint = endpoint
        self.deliveries: list[Delivery] = []
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, event: Mapping[str, Any]) -> Delivery:
        """Begin to deliver an event; it goes on until it is taken, or :meth:`stop`."""
        delivery = Delivery(event)
        self.deliveries.append(delivery)
        if self.endpoint is None:
            delivery.first.set()
            return delivery
        task = asyncio.create_task(self._deliver(delivery))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return delivery

    async def stop(self) -> None:
        """Give up what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _deliver(self, delivery: Delivery) -> None:
        payload = json.dumps(delivery.event).encode()
        tries = 0
        while True:
            delivery.statuses.append(await self._try(payload))
            delivery.first.set()
            if delivery.taken:
                return
            await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1

    async def _try(self, payload: bytes) -> int | None:
        endpoint = self.endpoint
        if endpoint is None:
            return None
        try:
            return (await deliver(endpoint.url, payload, endpoint.secret)).status_code
        except StackError:  # nothing answered: Stripe tries again too
            return None
