"""Reading the bodies of requests that nobody has verified yet: how large, how slow, and how much of them at once."""

import asyncio

from aiohttp import web

from pds_webhook.answers import Answer, Code

BODY_LIMIT = 1024 * 1024
"""The most bytes of one body; Stripe's events of checkouts have some 4 kB."""
BODIES_LIMIT = 32 * BODY_LIMIT
"""The most bytes of all the bodies that are being read."""
BODY_SECONDS = 10.0


class Bodies:
    """The bodies that are being read.

    Args:
        seconds: How long one may take to arrive.
        limit: The most bytes of all of them; beyond it the one that began first is given up, as if it were late: a
            good one arrives within milliseconds, whoever sends slowly to fill our memory loses the place first.
    """

    def __init__(self, seconds: float = BODY_SECONDS, limit: int = BODIES_LIMIT) -> None:
        self._seconds = seconds
        self._limit = limit
        self._held: dict[asyncio.Timeout, int] = {}
        self._sum = 0

    async def read(self, request: web.Request) -> bytes | Answer:
        """Read a body as it was signed, or return why it is not read to its end."""
        if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            return Answer(Code.BAD_REQUEST, "send the body as it was signed, without Content-Encoding")
        if (request.content_length or 0) > BODY_LIMIT:
            return _TOO_LARGE
        body = bytearray()
        try:
            async with asyncio.timeout(self._seconds) as deadline:
                try:
                    async for chunk in request.content.iter_any():
                        body += chunk
                        if len(body) > BODY_LIMIT:
                            return _TOO_LARGE
                        self._hold(deadline, len(body))
                finally:
                    self._release(deadline)
        except TimeoutError:
            return Answer(
                Code.BODY_TIMEOUT, f"the body took longer than {self._seconds:g} s, or than there was room for"
            )
        except (web.RequestPayloadError, ConnectionError):
            return Answer(Code.BAD_REQUEST, "the body could not be read to its end")
        return bytes(body)

    def _hold(self, deadline: asyncio.Timeout, size: int) -> None:
        if deadline.when() == _NOW:  # given up already
            return
        self._sum += size - self._held.get(deadline, 0)
        self._held[deadline] = size
        while self._sum > self._limit:
            first = next(iter(self._held))
            self._release(first)
            if not first.expired():
                first.reschedule(_NOW)

    def _release(self, deadline: asyncio.Timeout) -> None:
        self._sum -= self._held.pop(deadline, 0)


_NOW = 0.0
_TOO_LARGE = Answer(Code.BODY_TOO_LARGE, f"the body is larger than {BODY_LIMIT} bytes")
