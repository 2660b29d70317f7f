"""Conditions that say that a program is ready."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx


def answers(client: httpx.AsyncClient, url: str) -> Callable[[], Awaitable[bool]]:
    """A GET of `url` is answered 200."""

    async def condition() -> bool:
        try:
            return (await client.get(url)).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    return condition


def exists(file: Path) -> Callable[[], Awaitable[bool]]:
    """`file` has something in it."""

    async def condition() -> bool:
        return file.exists() and file.stat().st_size > 0  # noqa: ASYNC240 - a look at local metadata takes microseconds

    return condition
