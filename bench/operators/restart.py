"""A restart among settled customers: how soon a new one is served, how soon all are looked at, and what that costs.

The floor of the time in which all are looked at is one bare list of them, in pages of the operator's size. What they
cost beside the new one shows against a restart without any.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import aiohttp

from bench.context import Context
from bench.figures import Figure, Growth, Picture, Side, Target, at_most
from bench.operators.counting import Requests, backend, resources
from bench.operators.customers import Customer, create, customers, provisions
from bench.operators.operating import admin
from bench.operators.seeding import insert_rows, remove, settle
from bench.operators.watching import watched
from pds_clients.kubernetes import PAGE

SIZES, QUICK_SIZES = (1_000, 10_000, 50_000), (1_000,)
QUICK_ROUNDS = 1
MOST_ROUNDS = 3
MANY, ROUNDS_OF_MANY = 10_000, 2
"""So many take long, and differ little from round to round."""
STEADY_AFTER = 2.0
"""Seconds after everything was looked at in which memory comes to rest."""
_KILOBYTES, _MILLISECONDS = 1024.0, 1000.0

SECONDS = Picture("operator-restart", "A restart: seconds from the process's start", "settled customers")
MEMORY = Picture("operator-memory", "The operator's memory, MB", "settled customers")


@dataclass
class Restarts:
    """What was measured among so many settled customers, a number for each round."""

    begun: list[float] = field(default_factory=list)
    all_looked_at: list[float] = field(default_factory=list)
    listed: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    rss: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    stored: float = 0.0
    """Bytes of etcd's file that the settled resources take."""


async def measure(context: Context) -> list[Figure]:
    """Restart the operator among ever more settled customers."""
    sizes = QUICK_SIZES if context.quick else SIZES
    rounds = min(context.rounds, context.size(MOST_ROUNDS, QUICK_ROUNDS))
    alone = await _among(context, 0, rounds)
    figures: list[Figure] = []
    for size in sizes:
        context.say(f"  a restart among {size:,} settled customers")
        some = await _among(context, size, min(rounds, ROUNDS_OF_MANY) if size >= MANY else rounds)
        figures += _figures(size, some, alone, largest=size == SIZES[-1])
    return figures


async def _among(context: Context, size: int, rounds: int) -> Restarts:
    measured = Restarts()
    async with context.api.session() as client, context.api.namespace() as namespace:
        if size:
            measured.stored = await settle(context, client, namespace, customers(size))
        try:
            for _ in range(rounds):
                measured.listed.append(await _list(client, namespace))
                await _restart(context, client, namespace, measured)
        finally:
            await remove(context, namespace)
    return measured


def _figures(size: int, some: Restarts, alone: Restarts, *, largest: bool) -> list[Figure]:
    """Turn what was measured into figures; the limits are for the largest number of settled customers."""
    among = f"operator: restart among {size:,}"
    rounds = len(some.cpu)
    nobody = Restarts(**{name: values[:rounds] for name, values in vars(alone).items() if name != "stored"})

    def each(values: Sequence[float], floors: Sequence[float], scale: float) -> list[float]:
        return [(value - floor) * scale / size for value, floor in zip(values, floors, strict=True)]

    def limit(number: float) -> Target | None:
        return at_most(number) if largest else None

    return [
        Figure(
            f"{among}, a new one's deploy begins",
            "s",
            some.begun,
            target=limit(5),
            growth=Growth(SECONDS, "a new customer's deploy begins", size),
        ),
        Figure(
            f"{among}, all are looked at",
            "s",
            some.all_looked_at,
            some.listed,
            limit(30),
            Growth(SECONDS, "all are looked at", size),
        ),
        Figure(f"{among}, writes but the Lease's", "", some.writes, nobody.writes, at_most(0, Side.EXCESS)),
        Figure(f"{among}, calls of the backend", "", some.calls, nobody.calls, at_most(0, Side.EXCESS)),
        Figure(f"{among}, peak RSS", "MB", some.peak, nobody.peak, growth=Growth(MEMORY, "peak", size)),
        Figure(
            f"{among}, RSS then",
            "MB",
            some.rss,
            nobody.rss,
            limit(220),
            Growth(MEMORY, "at rest after the restart", size),
        ),
        Figure(f"{among}, memory a settled one adds", "KB", each(some.rss, nobody.rss, _KILOBYTES), target=limit(1.5)),
        Figure(f"{among}, CPU a settled one adds", "ms", each(some.cpu, nobody.cpu, _MILLISECONDS), target=limit(0.6)),
        Figure(f"{among}, etcd's file for a settled one", "KB", [some.stored / _KILOBYTES / size]),
    ]


async def _list(client: aiohttp.ClientSession, namespace: str) -> float:
    """List all once, in pages, with a bare client; return how long that took."""
    started, query = perf_counter(), {"limit": str(PAGE)}
    while True:
        async with client.get(provisions(namespace), params=query) as answer:
            page = json.loads(await answer.read())
        if not (token := page["metadata"].get("continue")):
            return perf_counter() - started
        query["continue"] = token


async def _restart(context: Context, client: aiohttp.ClientSession, namespace: str, measured: Restarts) -> None:
    new = await _new_customer(context, client, namespace)
    there = await resources(client, namespace)
    before = await Requests.now(client)
    async with backend(context.settings) as simulator, watched(client, namespace) as progress:
        await simulator.behave()
        # No look at a settled one's service is due yet, so every call is the restart's or the new one's.
        async with (
            context.command("pds-operator", namespace, PDS_POLL_READY="86400") as operator,
            admin(operator) as port,
        ):
            started = perf_counter() - operator.ready_after
            measured.all_looked_at.append(await port.all_looked_at(there) - started)
            await progress.until(lambda: new.name in progress.ready)
            measured.begun.append(progress.begun[new.name] - started)
            await asyncio.sleep(STEADY_AFTER)
            usage = operator.usage()
            measured.cpu.append(usage.cpu_seconds)
            measured.rss.append(usage.rss)
            measured.peak.append(usage.peak_rss)
            measured.calls.append(float(await simulator.calls()))
            measured.writes.append(float((await Requests.now(client)).since(before).writes()))


async def _new_customer(context: Context, client: aiohttp.ClientSession, namespace: str) -> Customer:
    (new,) = customers(1)
    insert_rows(context.settings["DATABASE_URL"], [new], deployed=False)
    await create(client, namespace, new)
    return new
