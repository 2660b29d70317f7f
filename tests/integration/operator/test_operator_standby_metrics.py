"""Only the one that leads shows how resources stand: whoever adds the replicas' figures up counts none twice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from faults.processes import Process, Zygote, start_zygote
from stages.metrics import Metrics
from stages.operator_stage import Stage
from stages.operators_stage import Operators, leads

OF_RESOURCES = ("pds_operator_resources", "pds_operator_queue_depth", "pds_operator_rows_without_resource")
OF_THE_LEADER = ("pds_operator_unsettled_oldest_seconds", "pds_operator_deploys_paused", "pds_operator_circuit_open")


@pytest.fixture
async def zygote(tmp_path: Path) -> AsyncIterator[Zygote]:
    async with start_zygote(tmp_path) as started:
        yield started


async def shown(process: Process) -> dict[str, float]:
    """The sum of what a process shows, by the metrics' names; those are missing of which it shows nothing."""
    samples = (await Metrics.read(process.environment["ADMIN_PORT"])).samples
    sums: dict[str, float] = {}
    for (name, _), value in samples.items():
        if name in {*OF_RESOURCES, *OF_THE_LEADER}:
            sums[name] = sums.get(name, 0.0) + value
    return sums


async def test_a_standby_shows_nothing_of_what_only_the_leader_knows(stage: Stage, zygote: Zygote) -> None:
    leader, standby = await Operators(stage, zygote).leader_and_standby(PDS_DEPLOY_PAUSED="true")
    user_id = await stage.ask()
    await stage.until_reason(user_id, "DeploysPaused")
    told = await shown(leader)
    assert (told["pds_operator_resources"], told["pds_operator_deploys_paused"]) == (1, 1)
    assert told["pds_operator_unsettled_oldest_seconds"] > 0
    assert await shown(standby) == dict.fromkeys(OF_THE_LEADER, 0.0)
    # The other one takes over with its own figures.
    assert await leader.stop() == 0
    await leads(standby)
    await stage.eventually_async(lambda: counts(standby, 1), "the new leader counts the resource")


async def test_one_that_drains_shows_no_resources_any_more(stage: Stage, zygote: Zygote) -> None:
    stage.simulator.change(faults=[{"endpoint": "deploy", "hang": True, "effect": "none"}])
    leader, standby = await Operators(stage, zygote).leader_and_standby(PDS_DEPLOY_TIMEOUT=60)
    await stage.ask()
    await stage.eventually(stage.posts, "a deploy is under way")
    assert (await shown(leader))["pds_operator_resources"] == 1
    stopping = asyncio.create_task(leader.stop())
    await stage.eventually_async(lambda: counts(standby, 1), "the new leader counts the resource")
    assert "pds_operator_resources" not in await shown(leader)
    assert leader.alive, "it awaits the deploy's answer"
    stage.simulator.interrupt()
    assert await stopping == 0


async def counts(process: Process, number: float) -> bool:
    return (await shown(process)).get("pds_operator_resources") == number
