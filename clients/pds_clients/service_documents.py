"""What the PDS backend answers to ``GET /service/{id}``, as it came: the customer's portal shows it.

Nothing is decided here. A status, a content type and a body of any kind are an answer; only where none came is there
an error. Bodies hold passwords: nothing of them reaches an error or a log.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx

from pds_clients.backend import HEADERS, LOOK_TIMEOUT, Bearer
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
        self._timeout = timeout
        # A redirect is an answer: following it would take the token elsewhere. A compressed body has no known size.
        self._http = httpx.AsyncClient(
            base_url=base_url,
            auth=Bearer(token),
            headers={**HEADERS, "Accept-Encoding": "identity"},
            timeout=timeout,
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(self, service_id: int) -> ServiceDocument:
        """Read the document of a service.

        Raises:
            TryLater: No whole answer came in time.
            CredentialsRejected: Nothing was sent: PDS_API_TOKEN is what no header can hold.
        """
        try:
            with timed("backend", Operation.GET_SERVICE_DOCUMENT) as exchange:
                # httpx's own time-out begins anew with each byte.
                async with asyncio.timeout(self._timeout), self._http.stream("GET", f"/service/{service_id}") as answer:
                    body = await _body(answer)
                    exchange.status = answer.status_code
                    return ServiceDocument(answer.status_code, answer.headers.get("Content-Type"), body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise TryLater("backend", f"the backend gave no answer ({type(error).__name__})") from None


async def _body(answer: httpx.Response) -> bytes | None:
    if answer.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        return None
    body = bytearray()
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)
