"""What a public port answers where no route does: to malformed HTTP, late headers, and faults."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from aiohttp import web

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class PortAnswers(Protocol):
    """The program's own words; none may quote what was sent."""

    def malformed(self) -> web.Response:
        """Answer what cannot be read as an HTTP request."""
        ...

    def unmet(self, status: int) -> web.Response:
        """Answer a request that aiohttp itself refuses with this status."""
        ...

    def fault(self, error: BaseException | None) -> web.Response:
        """Log a fault of ours, and answer it."""
        ...

    def header_timeout(self) -> bytes:
        """Return the last bytes for a connection whose request's headers were late, as by ``last_bytes``."""
        ...


def last_bytes(
    status: int,
    reason: str,
    body: bytes,
    content_type: str = "application/json; charset=utf-8",
    headers: Mapping[str, str] = _NO_HEADERS,
) -> bytes:
    """Spell a response out for a connection that has no request yet; it ends the connection."""
    further = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\n{further}"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
