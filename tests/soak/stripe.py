"""Stripe's side: each event is sent, again and again with growing delays, until the webhook answers 2xx."""

import asyncio
import json
import time
from collections import Counter

import httpx

from pds_stack.events import checkout_event, sign

ANSWER_SECONDS = 20.0
FIRST_DELAY = 0.5
LONGEST_DELAY = 10.0


class Stripe:
    """Sends events.

    Args:
        url: The webhook's.
        secret: What events are signed with.
    """

    def __init__(self, url: str, secret: str) -> None:
        self.paid_at: dict[str, float] = {}
        self.answers: Counter[str] = Counter()
        self._url = url
        self._secret = secret
        limits = httpx.Limits(max_keepalive_connections=0)  # a webhook that was killed leaves none that works
        self._http = httpx.AsyncClient(timeout=ANSWER_SECONDS, limits=limits, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def pay(self, user_id: str, *, twice: bool) -> None:
        """Let a user pay; return once every delivery of it was answered 2xx."""
        self.paid_at[user_id] = time.time()
        event = checkout_event(user_id=user_id, email=f"{user_id}@users.example")
        body = json.dumps(event).encode()
        await asyncio.gather(*(self._deliver(body) for _ in range(2 if twice else 1)))

    async def _deliver(self, body: bytes) -> None:
        delay = FIRST_DELAY
        while not await self._send(body):
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    async def _send(self, body: bytes) -> bool:
        try:
            answer = await self._http.post(
                self._url, content=body, headers={"Stripe-Signature": sign(body, self._secret)}
            )
        except httpx.TransportError as error:
            self.answers[type(error).__name__] += 1
            return False
        self.answers[f"{answer.status_code} {answer.json()['code']}"] += 1
        return answer.is_success
