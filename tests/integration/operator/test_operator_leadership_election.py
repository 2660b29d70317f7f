"""The election on a real API server: who leads, who takes over, and what a person does to the Lease."""

import asyncio
import time

import pytest

from pds_clients.kubernetes import KubernetesApi
from stages.election_stage import (
    DEFAULT,
    SHORT,
    edit_lease,
    lease_of,
    participant,
    renewals,
    running,
    taken,
    within,
)


async def test_of_two_that_start_at_once_exactly_one_leads_in_every_round(api: KubernetesApi, namespace: str) -> None:
    async def round_of(number: int) -> None:
        name = f"round-{number}"
        both = [participant(api, namespace, DEFAULT, name) for _ in range(2)]
        tasks = [asyncio.create_task(one.acquire()) for one in both]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert [one.leading for one in both].count(True) == 1
        first = both.index(next(one for one in both if one.leading))
        # The other one is there and waits: it takes over as soon as it may.
        await both[first].release()
        await within(tasks[1 - first], "the other one leads")
        assert [one.leading for one in both] == [bool(first), not first]
        assert (await lease_of(api, namespace, name)).transitions == 1

    await asyncio.gather(*(round_of(number) for number in range(20)))


async def test_a_released_lease_is_taken_up_within_two_seconds(api: KubernetesApi, namespace: str) -> None:
    leader, standby = participant(api, namespace, DEFAULT), participant(api, namespace, DEFAULT)
    await leader.acquire()
    async with running(standby.acquire()) as acquired:
        await leader.release()
        released = time.monotonic()
        assert not leader.leading
        await within(acquired, "the other one leads")
    assert time.monotonic() - released <= 2.0


async def test_the_lease_of_one_that_died_is_waited_out_and_then_taken(api: KubernetesApi, namespace: str) -> None:
    leader, standby = participant(api, namespace, SHORT), participant(api, namespace, SHORT)
    await leader.acquire()
    async with running(leader.hold()):
        await renewals(api, namespace, 3)
    died = time.monotonic()
    await within(standby.acquire(), "the other one leads")
    waited = time.monotonic() - died
    assert SHORT.lease_seconds <= waited, "it was taken before it had run out"
    assert not leader.leading
    lease = await lease_of(api, namespace)
    assert (lease.duration, lease.transitions) == (3, 1)


async def test_a_leader_keeps_its_lease_and_the_other_one_away(api: KubernetesApi, namespace: str) -> None:
    leader, standby = participant(api, namespace, SHORT), participant(api, namespace, SHORT)
    await leader.acquire()
    async with running(leader.hold()) as held, running(standby.acquire()) as acquired:
        await renewals(api, namespace, 12)  # for longer than the lease
        assert leader.leading
        assert not held.done()
        assert not acquired.done()


async def test_a_label_on_the_lease_disturbs_nobody(api: KubernetesApi, namespace: str) -> None:
    leader = participant(api, namespace, SHORT)
    await leader.acquire()
    async with running(leader.hold()) as held:
        await edit_lease(api, namespace, {"metadata": {"labels": {"looked-at": "yes"}}})
        await renewals(api, namespace, 2)
        assert leader.leading
        assert not held.done()
    raw = await api.call("GET", f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/pds-operator")
    assert raw["metadata"]["labels"] == {"looked-at": "yes"}


@pytest.mark.parametrize("how", ["deleted", "emptied"])
async def test_a_leader_takes_back_what_a_person_has_freed(api: KubernetesApi, namespace: str, how: str) -> None:
    leader = participant(api, namespace, SHORT)
    await leader.acquire()
    ours = (await lease_of(api, namespace)).holder
    async with running(leader.hold()) as held:
        if how == "deleted":
            await api.call("DELETE", f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/pds-operator")
        else:
            await edit_lease(api, namespace, {"spec": {"holderIdentity": None}})
        await taken(api, namespace, by=ours)
        assert leader.leading
        assert not held.done()


async def test_a_leader_gives_way_to_whom_a_person_has_put_in(api: KubernetesApi, namespace: str) -> None:
    leader = participant(api, namespace, SHORT)
    await leader.acquire()
    async with running(leader.hold()) as held:
        await edit_lease(api, namespace, {"spec": {"holderIdentity": "somebody-else", "leaseDurationSeconds": 3600}})
        assert await within(held, "it has lost") == "somebody-else has taken the Lease"
    await leader.release()
    assert (await lease_of(api, namespace)).holder == "somebody-else", "what is another's is not released"
