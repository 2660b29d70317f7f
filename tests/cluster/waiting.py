"""Waiting for a condition."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from cluster.failed import Failed

Found = TypeVar("Found")

EVERY = 1.0
"""Seconds between two looks."""


async def until(look: Callable[[], Awaitable[Found | None]], seconds: float, what: str) -> Found:
    """Look until something is found.

    Args:
        look: Returns what is waited for, or None (or False) where it is not there yet.
        seconds: How long to wait at most.
        what: What is waited for, for the error.

    Raises:
        Failed: It was not there in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(EVERY)
