"""Bad requests of every kind to one port, many at once, each seen answered with a 4xx or cut off."""

import asyncio
import hashlib
import hmac
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator

AT_ONCE = 16
ANSWER_SECONDS = 60.0
PATH = b"/api/webhooks"


def bad_requests(secret: str, seed: int) -> Iterator[bytes]:
    """Requests without end, each with text that none before had, so that whatever is kept of them adds up."""
    chance = random.Random(seed)  # noqa: S311 - picks examples, no secrets
    kinds: list[Callable[[], bytes]] = [
        lambda: _post(b"{}", b""),
        lambda: _post(_text(chance, 4000), b"Stripe-Signature: t=%d,v1=%s" % (time.time(), _text(chance, 64))),
        lambda: _post(_text(chance, 100), b"Stripe-Signature: %s" % _text(chance, 4000)),
        lambda: _signed(secret, _text(chance, 4000)),
        lambda: _signed(secret, b'{"object":"event","id":"evt_%s","type":"%s"}' % (_text(chance, 20), b"")),
        lambda: _signed(secret, b'{"object":"event","type":"%s"}' % _text(chance, 2000)),
        lambda: _signed(secret, b"[" * 5000),
        lambda: _post(_text(chance, 200_000), b"X-Filler: %s" % _text(chance, 4000)),
        lambda: b"POST /%s HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" % _text(chance, 500),
        lambda: b"%s %s HTTP/1.1\r\nHost: h\r\n\r\n" % (_text(chance, 9), PATH),
        lambda: b"POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n%s" % (PATH, _text(chance, 99)),
        lambda: b"POST %s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%s" % (PATH, _text(chance, 50)),
        lambda: _text(chance, 300) + b"\r\n\r\n",
        lambda: b"POST %s HTTP/1.1\r\nHost: h\r\nExpect: %s\r\n\r\n" % (PATH, _text(chance, 30)),
    ]
    while True:
        yield chance.choice(kinds)()


async def send_all(port: int, requests: Iterator[bytes], number: int) -> Counter[str]:
    """Send so many, each over a connection of its own.

    Returns:
        How many were answered with each status; "cut off" for those whose connection ended without an answer.
    """
    answered: Counter[str] = Counter()
    left = iter(range(number))

    async def sender() -> None:
        for _ in left:
            answered[await _send(port, next(requests))] += 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(sender())
    return answered


async def _send(port: int, request: bytes) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(ANSWER_SECONDS):
            line = await reader.readuntil(b"\r\n")
        return line.split()[1].decode()
    except (ConnectionError, asyncio.IncompleteReadError):
        return "cut off"
    finally:
        writer.transport.abort()


def _post(body: bytes, header: bytes) -> bytes:
    lines = [b"POST %s HTTP/1.1" % PATH, b"Host: h", b"Content-Length: %d" % len(body), *([header] if header else [])]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _signed(secret: str, body: bytes) -> bytes:
    now = int(time.time())
    signature = hmac.new(secret.encode(), b"%d.%s" % (now, body), hashlib.sha256).hexdigest()
    return _post(body, b"Stripe-Signature: t=%d,v1=%s" % (now, signature.encode()))


def _text(chance: random.Random, length: int) -> bytes:
    return (b"%x" % chance.getrandbits(4 * length))[:length] or b"0"
