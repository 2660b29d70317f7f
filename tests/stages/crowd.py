"""Senders that mean no good: they connect and say nothing, or drip a byte at a time, or take no answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

HEAD = b"POST /api/webhooks HTTP/1.1\r\nHost: webhook.example\r\nStripe-Signature: t=1,v1=0\r\nContent-Length: 1000\r\n"


@dataclass
class Sender:
    """One connection of the crowd."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: bytes = b""
    seconds: float = 0.0
    """How long the connection lasted, until the other side ended it."""


@dataclass
class Crowd:
    """Connections to one port that are all open at the same time."""

    port: int
    tasks: asyncio.TaskGroup
    senders: list[Sender] = field(default_factory=list)

    async def idle(self, number: int) -> list[Sender]:
        """Connections over which nothing is sent."""
        return [await self._connect() for _ in range(number)]

    async def drip(self, number: int, first: bytes, rest: bytes) -> list["asyncio.Task[Sender]"]:
        """Connections over which a beginning is sent at once, and the rest one byte a second, again and again."""
        return [
            self.tasks.create_task(_drip(await self._connect(), first, rest), name=f"drip {n}") for n in range(number)
        ]

    async def _connect(self) -> Sender:
        sender = Sender(*await asyncio.open_connection("127.0.0.1", self.port))
        self.senders.append(sender)
        return sender


@contextlib.asynccontextmanager
async def crowd(port: int) -> AsyncIterator[Crowd]:
    """A crowd before a port, which leaves at the block's end."""
    async with asyncio.TaskGroup() as tasks:
        made = Crowd(port, tasks)
        try:
            yield made
        finally:
            for sender in made.senders:
                sender.writer.transport.abort()


async def _drip(sender: Sender, first: bytes, rest: bytes) -> Sender:
    loop = asyncio.get_running_loop()
    began = loop.time()
    dripping = loop.create_task(_send(sender.writer, first, rest))
    with contextlib.suppress(ConnectionError):
        while chunk := await sender.reader.read(4096):
            sender.heard += chunk
    sender.seconds = loop.time() - began
    dripping.cancel()
    return sender


async def _send(writer: asyncio.StreamWriter, first: bytes, rest: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        writer.write(first)
        while True:
            for byte in rest:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(1)  # the attack itself: one byte a second
