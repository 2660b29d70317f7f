"""The steady state: customers whose PDSes run, and a look at each of them every half an hour, as by default.

The floor makes as many looks with bare clients.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import process_time

import aiohttp

from bench.context import Context
from bench.figures import Figure, at_most
from bench.operators.counting import Requests, backend
from bench.operators.customers import Customer, customers
from bench.operators.floor import Floor
from bench.operators.operating import Admin, admin
from bench.operators.seeding import plant, remove, settle
from bench.process import Command
from pds_operator.protocol.schedule import JITTER, QUIET_START
from pds_stack.backend.simulator import FIRST_ID

CUSTOMERS, QUICK_CUSTOMERS = 10_000, 200
POLL_READY, QUICK_POLL_READY = 1_800, 10
"""Seconds from look to look of one customer. Quickly measured, there are more looks than there would be."""
WINDOW, QUICK_WINDOW = 20.0, 2.0
WINDOWS, QUICK_WINDOWS = 3, 1
_MINUTE, _PERCENT = 60.0, 100.0


@dataclass
class Windows:
    """What was measured, a number for each window."""

    cpu: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    rss: list[float] = field(default_factory=list)
    backend: list[float] = field(default_factory=list)
    supabase: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)


async def measure(context: Context) -> list[Figure]:
    """Watch the operator while nothing happens but its looks."""
    number, poll_ready = context.size(CUSTOMERS, QUICK_CUSTOMERS), context.size(POLL_READY, QUICK_POLL_READY)
    window = QUICK_WINDOW if context.quick else WINDOW
    context.say(f"  {number:,} settled customers")
    measured, settled = Windows(), customers(number, FIRST_ID)
    async with context.api.session() as client, context.api.namespace() as namespace:
        await settle(context, client, namespace, settled)
        async with backend(context.settings) as simulator:
            await simulator.behave()
            await plant(context, settled)
        try:
            async with (
                context.command("pds-operator", namespace, PDS_POLL_READY=str(poll_ready)) as operator,
                admin(operator) as port,
            ):
                await port.all_looked_at(number)
                await asyncio.sleep(min(QUIET_START, JITTER * poll_ready))  # until looks begin
                for _ in range(context.size(WINDOWS, QUICK_WINDOWS)):
                    await _window(client, operator, port, window, measured)
            async with Floor({**context.settings, "PDS_NAMESPACE": namespace}) as floor:
                for calls in measured.backend:
                    looks = round(calls * window / _MINUTE)
                    measured.floor.append(await _looks(floor, settled[:looks]) * _PERCENT / window)
        finally:
            await remove(context, namespace)
    among = f"operator: steady state with {number:,}"
    return [
        Figure(f"{among}, CPU of a core", "%", measured.cpu, measured.floor, None if context.quick else at_most(5)),
        Figure(f"{among}, calls of the backend a minute", "", measured.backend),
        Figure(f"{among}, calls of Supabase a minute", "", measured.supabase),
        Figure(f"{among}, writes but the Lease's", "", measured.writes, target=at_most(0)),
        Figure(f"{among}, RSS", "MB", measured.rss),
    ]


async def _window(
    client: aiohttp.ClientSession, operator: Command, port: Admin, seconds: float, measured: Windows
) -> None:
    before, used = await Requests.now(client), operator.usage()
    calls = {name: await port.calls(name) for name in ("backend", "supabase")}
    await asyncio.sleep(seconds)  # what is measured is a time in which nothing happens
    now = operator.usage()
    measured.cpu.append((now.cpu_seconds - used.cpu_seconds) * _PERCENT / seconds)
    measured.rss.append(now.rss)
    for name, counted in (("backend", measured.backend), ("supabase", measured.supabase)):
        counted.append((await port.calls(name) - calls[name]) * _MINUTE / seconds)
    measured.writes.append(float((await Requests.now(client)).since(before).writes()))


async def _looks(floor: Floor, looked_at: Sequence[Customer]) -> float:
    """Return the CPU seconds that the bare clients take."""
    began = process_time()
    for customer in looked_at:
        await floor.poll(customer)
    return process_time() - began
