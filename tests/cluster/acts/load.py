"""Customers who pay, requests that change nothing, and what the programs use meanwhile."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence

from cluster.browser import PUBLIC as PORTAL
from cluster.failed import Failed
from cluster.progress import Act
from cluster.scene import Scene
from cluster.sender import Answer
from cluster.simulated import Customer
from cluster.stripe_side import Delivery
from cluster.usage import Usage

_PROBE_EVERY = 0.05


async def pay(scene: Scene, customers: Sequence[Customer], *, every: float) -> list[Delivery]:
    """Let customers pay, one begun each so many seconds, without waiting for each other."""
    paying: list[asyncio.Task[Delivery]] = []
    for customer in customers:
        paying.append(asyncio.create_task(scene.stripe.pay(customer.user_id, customer.email)))
        await asyncio.sleep(every)
    return list(await asyncio.gather(*paying))


@contextlib.asynccontextmanager
async def probing(scene: Scene) -> AsyncIterator[list[Answer]]:
    """Send events that change nothing, and ask for the portal's plans, in turn, twenty a second; the answers."""
    answers: list[Answer] = []
    sending: list[asyncio.Task[None]] = []

    async def one(asked: Awaitable[Answer]) -> None:
        answers.append(await asked)

    async def run() -> None:
        for turn in itertools.count():
            asked = scene.sender.get(f"{PORTAL}/pricing") if turn % 2 else scene.stripe.probe()
            sending.append(asyncio.create_task(one(asked)))
            await asyncio.sleep(_PROBE_EVERY)

    running = asyncio.create_task(run(), name="probes")
    try:
        yield answers
        running.cancel()
        await asyncio.gather(*sending)
    finally:
        running.cancel()


def all_taken(answers: Sequence[Answer]) -> str:
    """Say that every one of them was answered 200.

    Raises:
        Failed: It was not.
    """
    failed = [str(each) for each in answers if each.status != 200]
    if failed:
        raise Failed(
            f"{len(failed)} of {len(answers)} requests were not answered 200 through the Service: {failed[:10]}"
        )
    return f"{len(answers)} further requests, of the webhook and of the portal in turn, were answered 200"


def tell(scene: Scene, act: Act, usage: Mapping[str, Usage]) -> None:
    """Say what the programs have used."""
    for component, used in sorted(usage.items()):
        scene.progress.saw(act, f"{component}, {len(used.pods)} pods: {used}")
