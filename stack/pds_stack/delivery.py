"""Sends a signed event to the webhook, as Stripe does, and tells the stand-in for Stripe of its session."""

from typing import Any

import httpx

from pds_stack.errors import StackError
from pds_stack.events import sign

_SECONDS = 30.0


async def deliver(url: str, payload: bytes, secret: str) -> httpx.Response:
    """POST a body with its signature to `url`; the answer, whatever its status.

    Raises:
        StackError: nothing answered.
    """
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": sign(payload, secret),
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
            return await client.post(url, content=payload, headers=headers)
    except httpx.HTTPError as error:
        raise StackError(f"{url} did not answer: {type(error).__name__} {error}") from error


async def record(api_base: str, session: dict[str, Any]) -> None:
    """Have the stand-in for Stripe at `api_base` list a Checkout Session.

    Raises:
        StackError: it did not take it.
    """
    url = f"{api_base}/_control/sessions"
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
            answer = await client.post(url, json={"session": session})
    except httpx.HTTPError as error:
        raise StackError(f"{url} did not answer: {type(error).__name__} {error}") from error
    if not answer.is_success:
        raise StackError(f"{url} answered {answer.status_code}: {answer.text}")
