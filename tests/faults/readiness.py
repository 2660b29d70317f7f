"""Waits until a command says that it is ready."""

import asyncio
import contextlib
from collections.abc import Callable

import aiohttp

START_SECONDS = 60.0
POLL_SECONDS = 0.02


class NotReadyError(Exception):
    """A process has ended, or did not become ready in time."""


async def until_ready(admin_port: int | str, alive: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Wait until a process says on its admin port that it is ready.

    Args:
        admin_port: Its admin port.
        alive: Whether the process has not ended.
        seconds: How long to wait at most.

    Raises:
        NotReadyError: It ended, or did not become ready in time.
    """
    try:
        async with asyncio.timeout(seconds), aiohttp.ClientSession() as session:
            while alive():
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"http://127.0.0.1:{admin_port}/readyz") as answer:
                        if answer.ok:
                            return
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise NotReadyError(f"was not ready within {seconds:.0f} s") from None
    raise NotReadyError("ended before it was ready")
