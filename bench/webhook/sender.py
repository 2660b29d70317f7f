"""Delivers signed requests over kept connections, with as little work as can be: it must not be what is measured."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Self

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class UnexpectedAnswerError(Exception):
    """The webhook answered otherwise than it must."""


class Connection(asyncio.Protocol):
    """One kept connection: a request, its answer, the next request."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._received = b""
        self._answer: asyncio.Future[bytes] | None = None

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect to a port of this machine."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a TCP connection, for mypy
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take in an answer, which is whole when its body has the length that was told."""
        self._received += data
        head, complete, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if complete and length and len(body) >= int(length[1]) and self._answer:
            self._answer.set_result(self._received)
            self._received, self._answer = b"", None

    def connection_lost(self, exc: Exception | None) -> None:
        """End; whoever waits hears of it."""
        if self._answer:
            self._answer.set_exception(exc or ConnectionError("the connection was closed"))

    async def exchange(self, request: bytes) -> bytes:
        """Send a request and return its answer."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._transport.write(request)
        return await answer

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()


async def deliver(port: int, requests: Sequence[bytes], at_once: int, expected: bytes) -> list[float]:
    """Deliver requests, so many at once, each connection one after the other.

    Args:
        port: The webhook's.
        requests: What is sent.
        at_once: How many connections.
        expected: What each answer has to hold beside the status 200.

    Returns:
        Seconds from a request's first byte to its answer's last, of each.

    Raises:
        UnexpectedAnswerError: An answer was another.
    """
    connections = [await Connection.open(port) for _ in range(at_once)]
    waiting, seconds = iter(requests), list[float]()
    try:
        await asyncio.gather(*(_deliver(connection, waiting, seconds, expected) for connection in connections))
    finally:
        for connection in connections:
            connection.close()
    return seconds


async def _deliver(connection: Connection, waiting: Iterator[bytes], seconds: list[float], expected: bytes) -> None:
    for request in waiting:
        sent = perf_counter()
        answer = await connection.exchange(request)
        seconds.append(perf_counter() - sent)
        if not answer.startswith(b"HTTP/1.1 200 ") or expected not in answer:
            raise UnexpectedAnswerError(answer.decode(errors="replace"))
