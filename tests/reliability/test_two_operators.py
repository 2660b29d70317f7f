"""Two operators as real processes: the leader stopped, the leader killed, and two that both work."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from faults.processes import Zygote, start_zygote
from pds_clients.leases import Leases
from stages.operator_stage import Stage
from stages.operators_stage import (
    CLAIM_WAIT,
    Operators,
    is_ready_at_last,
    leads,
    metric,
    probes,
    reason,
    the_end,
)

TAKE_UP_KILLED = 20.0
"""Seconds in which another one takes up what the leader was killed at, with the default lease."""
TAKE_UP_STOPPED = 2.0


@pytest.fixture
async def zygote(tmp_path: Path) -> AsyncIterator[Zygote]:
    async with start_zygote(tmp_path) as started:
        yield started


@pytest.fixture
def operators(stage: Stage, zygote: Zygote) -> Operators:
    return Operators(stage, zygote)


async def test_a_standby_is_healthy_and_does_nothing(stage: Stage, operators: Operators) -> None:
    leader, standby = await operators.leader_and_standby()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    assert await probes(standby) == await probes(leader) == [200, 200]
    assert await metric(standby, "pds_operator_leader") == 0.0
    assert await metric(leader, "pds_operator_leader") == 1.0
    assert "standing by, another one leads" in standby.log.read_text()
    assert await standby.stop() == 0
    assert await leader.stop() == 0
    lease = await Leases(stage.api, stage.namespace, "pds-operator", "test").get()
    assert lease is not None
    assert lease.holder == ""


async def test_a_stopped_leader_is_followed_within_two_seconds(stage: Stage, operators: Operators) -> None:
    """Also while a deploy is under way, whose outcome the one that stops awaits."""
    leader, standby = await operators.leader_and_standby(PDS_DEPLOY_TIMEOUT=60)
    stage.simulator.change(faults=[{"endpoint": "deploy", "hang": True, "effect": "none"}])
    slow = await stage.ask("slow@a.example")
    await stage.eventually(stage.posts, "a deploy is under way")
    stopped = time.monotonic()
    ended = asyncio.create_task(leader.stop())
    await leads(standby)
    took = time.monotonic() - stopped
    user_id = await stage.ask("next@a.example")
    await stage.until_ready(user_id)
    assert not ended.done(), "the one that stops has nothing under way: the test shows little"
    assert await metric(standby, "pds_operator_deploys_total", outcome="Deployed") == 1.0
    assert took <= TAKE_UP_STOPPED, f"it took {took:.1f} s"
    stage.simulator.interrupt()
    assert await ended == 0
    assert (await stage.get(slow)).status.phase == "deploy_failed", "its outcome, unknown, was kept"


@pytest.mark.timeout(180)
async def test_a_killed_leader_is_followed_within_twenty_seconds_and_its_claim_is_waited_out(
    stage: Stage, operators: Operators
) -> None:
    """With the default lease. One deploy is under way when it is killed: its effect is there, its answer is not."""
    stage.simulator.change(answer_seconds=1.0)
    leader, _ = await operators.leader_and_standby()
    claimed = await stage.ask("claimed@a.example")
    await stage.eventually(lambda: stage.simulator.services, "the deploy has taken effect, its answer has not come")
    assert (await stage.get(claimed)).status.claim is not None
    await leader.kill()
    killed = time.monotonic()
    stage.simulator.change(answer_seconds=0.0)
    unclaimed = await stage.ask("unclaimed@a.example")
    await stage.until(unclaimed, is_ready_at_last, "Ready without a claim", 60)
    assert time.monotonic() - killed <= TAKE_UP_KILLED
    await stage.until(claimed, lambda p: reason(p) == "AwaitingServiceId", "taken up after its claim", 60)
    assert time.monotonic() - killed <= CLAIM_WAIT + TAKE_UP_KILLED
    await the_end(stage, claimed)
    assert stage.posts() == 2


async def test_two_that_both_work_deploy_nobody_twice(stage: Stage, operators: Operators) -> None:
    """Without election on purpose, and with times that make no unknown outcome of a machine that stalls."""
    settings = {"PDS_LEASE_SECONDS": 0, "PDS_CLAIM_SECONDS": 15, "PDS_DEPLOY_TIMEOUT": 15}
    both = [await operators.start(name, **settings) for name in ("one", "other")]
    assert [await metric(process, "pds_operator_leader") for process in both] == [1.0, 1.0]
    users = await asyncio.gather(*(stage.ask(f"user{number}@a.example") for number in range(50)))
    for user_id in users:
        await stage.until(user_id, is_ready_at_last, "Ready", 90)
    assert len(stage.simulator.services) == 50
    assert len({service.hostname for service in stage.simulator.services}) == 50
    deploys = [await metric(process, "pds_operator_deploys_total", outcome="Deployed") for process in both]
    assert sum(deploys) == 50
    assert min(deploys) > 0, "only one of them worked: the run shows nothing"
    assert [await process.stop() for process in both] == [0, 0]
