"""Many customers at one time: how many the operator provisions a second, and what each costs.

The floor makes the same calls with the same number at once, fed with the same customers in the same way. What of the
operator's CPU is kopf's is measured beside it: a kopf with a handler that does nothing, while the floor provisions.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import aiohttp

from bench.context import Context
from bench.figures import Figure, Side, at_least, at_most
from bench.operators.counting import LIST, Requests, backend
from bench.operators.customers import Customer, create, customers
from bench.operators.floor import AT_ONCE, Paid
from bench.operators.seeding import insert_rows
from bench.operators.watching import watched
from bench.process import Usage

CUSTOMERS, QUICK_CUSTOMERS = 1_000, 100
MOST_ROUNDS, QUICK_ROUNDS = 3, 1
BACKEND_SECONDS = 0.05
CREATORS = 8
"""So many resources are made at once, by the bench itself."""
QUIET = 0.5
"""Seconds without a write after which the last Event is taken to be posted."""
_MILLISECONDS = 1000.0
NAME = "operator: provisions"

Tell = Callable[[Paid], Awaitable[None]]


@dataclass
class Provisions:
    """What was measured, a number for each round."""

    rate: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    requests: list[Requests] = field(default_factory=list)

    def each(self, verb: str, resource: str, number: int) -> list[float]:
        """Return the requests of one kind a provision."""
        return [requests.of(verb, resource) / number for requests in self.requests]


async def measure(context: Context) -> list[Figure]:
    """Let the operator and its floor take turns."""
    number = context.size(CUSTOMERS, QUICK_CUSTOMERS)
    ours, floor, kopf = Provisions(), Provisions(), Provisions()
    async with backend(context.settings) as simulator:
        for turn in range(min(context.rounds, context.size(MOST_ROUNDS, QUICK_ROUNDS))):
            context.say(f"  {number:,} provisions by the operator and by bare clients, round {turn + 1}")
            for measured, running in ((ours, _operator), (floor, _bare_clients), (kopf, _kopf_alone)):
                await simulator.behave(deploy_seconds=BACKEND_SECONDS)
                async with context.api.session() as client, context.api.namespace() as namespace:
                    await _round(context, client, namespace, number, running, measured)
    # One write of each is that of whoever made the resource.
    writes, floors = ([requests.writes() / number - 1 for requests in each.requests] for each in (ours, floor))
    return [
        Figure(f"{NAME} a second", "1/s", ours.rate, floor.rate, at_least(0.85, Side.RATIO)),
        Figure(f"{NAME}, CPU of each", "ms", ours.cpu, floor.cpu, at_most(4, Side.EXCESS)),
        Figure(f"{NAME}, CPU of each, kopf alone", "ms", kopf.cpu),
        Figure(f"{NAME}, API-server writes of each", "", writes, floors),
        Figure(f"{NAME}, PATCHes of each", "", ours.each("PATCH", "pdsprovisions", number), target=at_most(3)),
        Figure(f"{NAME}, Secrets of each", "", ours.each("POST", "secrets", number), target=at_most(1)),
        Figure(f"{NAME}, reads of each", "", ours.each("GET", "pdsprovisions", number)),
        Figure(f"{NAME}, LISTs after the start", "", ours.each(LIST, "pdsprovisions", 1), target=at_most(0)),
    ]


@dataclass(frozen=True)
class Running:
    """What is measured while it provisions, or others do.

    Args:
        pid: The process that is measured.
        tell: Tells who provisions of a customer.
        warm: Waits until the process has done for a first customer what it does for each.
    """

    pid: int
    tell: Tell
    warm: Callable[[], Awaitable[object]]


@contextlib.asynccontextmanager
async def _operator(context: Context, namespace: str) -> AsyncIterator[Running]:
    """Run the operator; its watch tells it."""
    settings = {"PDS_MAX_DEPLOYS": str(AT_ONCE), "PDS_MAX_DEPLOYS_PER_HOUR": "0"}
    async with context.command("pds-operator", namespace, **settings) as operator:
        yield Running(operator.pid, _at_once, _at_once)


async def _at_once(*_: object) -> None:
    """Tell nobody, wait for nothing."""


@contextlib.asynccontextmanager
async def _bare_clients(context: Context, namespace: str) -> AsyncIterator[Running]:
    async with _module(context, namespace, "bench.operators.floor") as (pid, stdin, _):

        async def tell(paid: Paid) -> None:
            stdin.write(paid.line())
            await stdin.drain()

        yield Running(pid, tell, _at_once)


@contextlib.asynccontextmanager
async def _kopf_alone(context: Context, namespace: str) -> AsyncIterator[Running]:
    async with (
        _bare_clients(context, namespace) as clients,
        _module(context, namespace, "bench.operators.kopf_alone") as (pid, _, stdout),
    ):
        yield Running(pid, clients.tell, stdout.readline)


@contextlib.asynccontextmanager
async def _module(
    context: Context, namespace: str, name: str
) -> AsyncIterator[tuple[int, asyncio.StreamWriter, asyncio.StreamReader]]:
    """Run a module of the bench, which ends with its input; yield its process, its input and its output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", name),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **context.settings, "PDS_NAMESPACE": namespace},
    )
    assert process.stdin is not None  # noqa: S101 - both were asked for; for mypy
    assert process.stdout is not None  # noqa: S101
    try:
        yield process.pid, process.stdin, process.stdout
    finally:
        process.stdin.close()
        await process.wait()


async def _round(
    context: Context,
    client: aiohttp.ClientSession,
    namespace: str,
    number: int,
    running: Callable[[Context, str], contextlib.AbstractAsyncContextManager[Running]],
    measured: Provisions,
) -> None:
    first, *others = customers(number + 1)
    insert_rows(context.settings["DATABASE_URL"], [first, *others], deployed=False)
    async with watched(client, namespace) as progress, running(context, namespace) as process:
        await _pay(client, namespace, [first], process.tell)
        await progress.until(lambda: len(progress.ready) == 1)  # it works, and has loaded what it loads late
        await process.warm()
        await _quiet(client)
        used, before, began = Usage.of(process.pid), await Requests.now(client), perf_counter()
        await _pay(client, namespace, others, process.tell)
        await progress.until(lambda: len(progress.ready) == number + 1)
        measured.rate.append(number / (max(progress.ready.values()) - began))
        measured.requests.append((await _quiet(client)).since(before))
        cpu = Usage.of(process.pid).cpu_seconds - used.cpu_seconds
        measured.cpu.append(cpu * _MILLISECONDS / number)


async def _pay(client: aiohttp.ClientSession, namespace: str, paying: Sequence[Customer], tell: Tell) -> None:
    waiting = iter(paying)

    async def create_some() -> None:
        for customer in waiting:
            made = await create(client, namespace, customer)
            await tell(Paid(customer, made["metadata"]["resourceVersion"]))

    await asyncio.gather(*(create_some() for _ in range(CREATORS)))


async def _quiet(client: aiohttp.ClientSession) -> Requests:
    """Wait until nobody writes any more; return the requests up to then."""
    now = await Requests.now(client)
    while True:
        await asyncio.sleep(QUIET)
        before, now = now, await Requests.now(client)
        if not now.since(before).writes():
            return now
