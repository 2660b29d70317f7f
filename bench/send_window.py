"""The window that no client can close: from the last look at the clock to the deploy's bytes in the kernel's hands.

``python bench/send_window.py`` sends deploys through the operator's own client to the simulated backend, a process of
its own on the loopback device, and measures for each of them how long the process could have been paused unnoticed:
from the end of the look at the clock to the return of the ``send`` call that took the request, headers and body.

It is measured idle (one deploy at a time) and under load (``--at-once`` deploys, tasks that keep the event loop
busy, and a thread that parses JSON as kopf's does).
"""

# ruff: noqa: T201 - a script for a terminal, not a package
import argparse
import asyncio
import contextlib
import json
import math
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import httpx

from pds_clients.backend import PdsBackend
from pds_contract.deploy import Deployed, DeployRequest
from pds_stack.ports import free_ports

MARK = b"idempotency-key: "
BUSY_TASKS = 40
BUSY_DOCUMENT = json.dumps([{"metadata": {"name": f"pds-{number}"}, "status": {}} for number in range(200)])


@dataclass
class Windows:
    """What was measured, in seconds, by the deploy's key."""

    looked: dict[str, float] = field(default_factory=dict)
    lasted: dict[str, float] = field(default_factory=dict)

    def sent(self, data: bytes) -> None:
        """Note that the kernel has taken bytes of a connection."""
        now = time.perf_counter()
        head, found, rest = data.lower().partition(MARK)
        if found and head.startswith(b"post /api/v1/deploy"):
            if not rest.endswith(b"}"):
                raise SystemExit("a deploy was not sent in one piece")
            key = rest.partition(b"\r")[0].decode()
            self.lasted[key] = now - self.looked[key]


@contextlib.contextmanager
def watched_sends(windows: Windows) -> Iterator[None]:
    """Time every ``socket.send``, which asyncio's transports call at once where nothing is buffered."""
    original = socket.socket.send

    def send(self: socket.socket, data: bytes | bytearray | memoryview, *flags: int) -> int:
        taken = original(self, data, *flags)
        windows.sent(bytes(data))
        return taken

    socket.socket.send = send  # type: ignore[method-assign, assignment] # the one place that sees the kernel's answer
    try:
        yield
    finally:
        socket.socket.send = original  # type: ignore[method-assign]


@contextlib.asynccontextmanager
async def simulated_backend() -> AsyncIterator[tuple[str, str]]:
    """Run the simulator as a process of its own; yield its address and token."""
    (port,) = free_ports(1)
    token = secrets.token_urlsafe(16)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "pds_stack.backend", "--port", str(port)),
        stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PDS_API_TOKEN": token},
    )
    try:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(60):
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(f"http://127.0.0.1:{port}/_control/health")).is_success:
                        break
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}/api/v1", token
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def load() -> AsyncIterator[None]:
    """Keep the event loop busy with short pieces of work, and the interpreter with another thread."""
    over = threading.Event()

    def parse() -> None:
        while not over.is_set():
            json.loads(BUSY_DOCUMENT)
            time.sleep(0.001)

    async def work() -> None:
        while True:
            json.loads(BUSY_DOCUMENT)
            await asyncio.sleep(0.01)

    thread = threading.Thread(target=parse)
    thread.start()
    tasks = [asyncio.create_task(work()) for _ in range(BUSY_TASKS)]
    try:
        yield
    finally:
        over.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(thread.join)


async def deploys(url: str, token: str, number: int, at_once: int) -> Windows:
    """Send so many deploys, so many at once."""
    windows = Windows()
    room = asyncio.Semaphore(at_once)

    async def deploy(backend: PdsBackend, place: int) -> None:
        key = secrets.token_hex(16)
        hostname = f"{key}.eny.example"
        request = DeployRequest(f"user{place}", "x" * 43, f"user{place}@a.example", hostname, 10)

        def in_time() -> bool:
            windows.looked[key] = time.perf_counter()
            return True

        async with room:
            outcome = await backend.deploy(request, key, in_time)
        if not isinstance(outcome, Deployed):
            raise SystemExit(f"a deploy ended otherwise: {outcome}")

    with watched_sends(windows):
        async with PdsBackend(url, lambda: token, deploy_timeout=60) as backend:
            await asyncio.gather(*(deploy(backend, place) for place in range(number)))
    return windows


def line(name: str, seconds: list[float]) -> str:
    """Tell the median, the 99th percentile and the longest, in microseconds."""
    ordered = sorted(seconds)
    p50, p99 = (ordered[math.ceil(len(ordered) * share) - 1] for share in (0.5, 0.99))
    return f"{name:24} {len(ordered):7} {p50 * 1e6:10.0f} {p99 * 1e6:10.0f} {ordered[-1] * 1e6:10.0f}"


async def measure(number: int, at_once: int) -> None:
    """Measure idle and under load, and print the table."""
    print(f"{'microseconds':24} {'deploys':>7} {'p50':>10} {'p99':>10} {'max':>10}", flush=True)
    async with simulated_backend() as (url, token):
        await deploys(url, token, 50, 1)  # the first ones load what is loaded late
        idle = await deploys(url, token, number, 1)
        print(line("idle", list(idle.lasted.values())), flush=True)
        async with load():
            busy = await deploys(url, token, number, at_once)
        print(line("under load", list(busy.lasted.values())))


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="Measure how long a deploy's last look at the clock is out of date.")
    parser.add_argument(
        "--deploys", type=int, default=3000, help="how many, idle and under load (default: %(default)s)"
    )
    parser.add_argument("--at-once", type=int, default=32, help="how many at once under load (default: %(default)s)")
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.deploys, arguments.at_once))


if __name__ == "__main__":
    main()
