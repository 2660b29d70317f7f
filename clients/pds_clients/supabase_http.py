"""One connection pool to a Supabase project, for whoever holds one of its keys.

By aiohttp, not by httpx, on which supabase-py stands: one call takes a third of the CPU, and with 64 at once a tenth,
for httpx's pool goes through all its connections with each request (docs/performance.md).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from pds_clients.network import pool
from pds_clients.timing import Operation, timed
from pds_contract.errors import CredentialsRejected, TryLater

REQUEST_TIMEOUT = 10.0


@dataclass(frozen=True)
class Reply:
    """A whole answer, whatever its status."""

    status: int
    content: bytes = field(repr=False)
    retry_after: str | None = None


class SupabaseHttp:
    """An async context manager.

    Args:
        url: The project's.
        key: Reads the key as it is now, for it may be rotated.
    """

    def __init__(self, url: str, key: Callable[[], str]) -> None:
        self._url = url
        self._key = key
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._session = pool(self._url, REQUEST_TIMEOUT, {"Accept": "application/json"})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def exchange(
        self,
        operation: Operation,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        access_token: str | None = None,
    ) -> Reply:
        """Make one request, which the metrics know as this operation.

        It is not repeated, but for a GET whose connection broke: aiohttp sends that once more, as RFC 9110 allows.

        Args:
            operation: What it is for.
            method: The HTTP method.
            path: The path, encoded.
            query: Parameters.
            body: What is sent as JSON.
            access_token: In whose name; without, it is the key's.

        Raises:
            TryLater: There was no whole answer. The request may have taken effect.
            CredentialsRejected: Nothing was sent: the key or the token is what no header can hold.
        """
        # Supabase's gateway wants the key twice.
        key = self._key()
        headers = {"apikey": key, "Authorization": f"Bearer {access_token or key}"}
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise CredentialsRejected("supabase", "the project's key or the access token is what no header can hold")
        url = URL(self._url + path, encoded=True)
        try:
            with timed("supabase", operation) as exchange:
                async with self._session.request(
                    method, url, params=query, json=body, headers=headers, allow_redirects=False
                ) as response:
                    exchange.status = response.status
                    return Reply(response.status, await response.read(), response.headers.get("Retry-After"))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise TryLater("supabase", f"Supabase gave no usable answer ({type(error).__name__})") from None
