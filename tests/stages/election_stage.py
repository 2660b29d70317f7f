"""Participants in the election on a real API server, and what a person sees of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from pds_clients.kubernetes import MERGE_PATCH, KubernetesApi
from pds_clients.leases import Lease, Leases
from pds_operator.clock import boottime
from pds_operator.leadership.decide import Timing
from pds_operator.leadership.election import Election, new_identity

DEFAULT, SHORT = Timing(15.0), Timing(2.5)
PATIENCE = 20.0


def leases(api: KubernetesApi, namespace: str, name: str = "pds-operator") -> Leases:
    return Leases(api, namespace, name, "test")


def participant(api: KubernetesApi, namespace: str, timing: Timing, name: str = "pds-operator") -> Election:
    return Election(leases(api, namespace, name), new_identity(), timing, boottime)


async def lease_of(api: KubernetesApi, namespace: str, name: str = "pds-operator") -> Lease:
    lease = await leases(api, namespace, name).get()
    assert lease is not None, "there is no Lease"
    return lease


async def taken(api: KubernetesApi, namespace: str, by: str | None = None) -> None:
    """Wait until somebody has the Lease."""
    async with asyncio.timeout(PATIENCE):
        while (lease := await leases(api, namespace).get()) is None or by not in {None, lease.holder}:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.02)


async def edit_lease(api: KubernetesApi, namespace: str, change: dict[str, object]) -> None:
    """Change the Lease as a person does, whatever its resourceVersion."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/pds-operator"
    await api.call("PATCH", path, body=change, content_type=MERGE_PATCH)


@contextlib.asynccontextmanager
async def running(work: Awaitable[str | None]) -> AsyncIterator["asyncio.Future[str | None]"]:
    """Run something beside the block, to be cancelled at its end."""
    task = asyncio.ensure_future(work)
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def within(awaited: Awaitable[str | None], what: str) -> str | None:
    """Wait for something, for a generous while."""
    try:
        return await asyncio.wait_for(awaited, PATIENCE)
    except TimeoutError:
        pytest.fail(f"not within {PATIENCE:.0f} s: {what}")


async def renewals(api: KubernetesApi, namespace: str, number: int) -> None:
    """Wait until the Lease was renewed so often."""
    seen = {(await lease_of(api, namespace)).renewed}
    async with asyncio.timeout(PATIENCE):
        while len(seen) <= number:
            seen.add((await lease_of(api, namespace)).renewed)
            await asyncio.sleep(0.02)


async def eventually(holds: Callable[[], object], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"not within {PATIENCE:.0f} s: {what}")
