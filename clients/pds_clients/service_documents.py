"""What the PDS backend answers to ``GET /service/{id}``, as it came: the customer's portal shows it.

Nothing is decided here. A status, a content type and a body of any kind are an answer; only where none came is there
an error. Bodies hold passwords: nothing of them reaches an error or a log.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp

from pds_clients.backend_requests import HEADERS, LOOK_TIMEOUT, bearer
from pds_clients.network import pool
from pds_clients.timing import Operation, timed
from pds_contract.errors import TryLater

LARGEST_BODY = 256 * 1024
"""Bytes; a service document has about 2,000."""


@dataclass(frozen=True)
class ServiceDocument:
    """An answer, whatever it is.

    Args:
        status: The HTTP status.
        content_type: The header, or None where there was none.
        body: The body; None where it is larger than 256 KiB, or compressed although that was not asked for.
    """

    status: int
    content_type: str | None
    body: bytes | None = field(repr=False)


class ServiceDocuments:
    """``GET /service/{id}`` of the PDS backend, with the mission's three headers; an async context manager.

    Args:
        base_url: For example ``https://k8s-pds.frx.pub/api/v1``.
        token: Returns the bearer token; it is read anew for each request.
        timeout: Seconds that a whole answer may take.
    """

    def __init__(self, base_url: str, token: Callable[[], str], timeout: float = LOOK_TIMEOUT) -> None:
        self._base_url = base_url
        self._token = token
        self._timeout = timeout
        self._http: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        # A compressed body has no known size.
        self._http = pool(self._base_url, self._timeout, {**HEADERS, "Accept-Encoding": "identity"})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def get(self, service_id: int) -> ServiceDocument:
        """Read the document of a service.

        Raises:
            TryLater: No whole answer came in time.
            CredentialsRejected: Nothing was sent: PDS_API_TOKEN is what no header can hold.
        """
        url, headers = f"{self._base_url}/service/{service_id}", bearer(self._token)
        try:
            with timed("backend", Operation.GET_SERVICE_DOCUMENT) as exchange:
                # A redirect is an answer: following it would take the token elsewhere.
                async with self._http.get(url, headers=headers, allow_redirects=False, auto_decompress=False) as answer:
                    body = await _body(answer)
                    exchange.status = answer.status
                    return ServiceDocument(answer.status, answer.headers.get("Content-Type"), body)
        except (aiohttp.ClientError, ValueError, TimeoutError, OSError) as error:
            raise TryLater("backend", f"the backend gave no answer ({type(error).__name__})") from None


async def _body(answer: aiohttp.ClientResponse) -> bytes | None:
    if answer.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        return None
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)
