"""SIGTERM in the middle of a deploy: the outcome is awaited and kept, and nothing is deployed a second time."""

import asyncio
import contextlib
import signal
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults.choosers import Plan
from faults.exchange import Exchange
from faults.fault import Fault
from faults.journal import Journal
from faults.processes import Command, Process, Zygote, start_zygote
from faults.proxy import FaultProxy
from faults.settings import operator_environment
from faults.upstreams import open_upstreams
from stages.operator_stage import TOKEN, Stage

SLOW = 60.0
"""How long the backend takes, unless it is told to go on."""
STOPPING = "stopping; finishing what was begun"
"""What the operator says when it was asked to stop."""
SECOND_SIGNAL = 0.5
"""Seconds in which a process that is hurried by it would end; there is nothing to wait for where it is not."""
AWAY_FOR = 3
"""How many writes of an outcome are answered 503 before the API server is back."""


@dataclass(frozen=True)
class Ground:
    """A backend that takes its time, a proxy before everything, and what starts operators behind it."""

    stage: Stage
    zygote: Zygote
    proxy: FaultProxy
    plan: Plan
    journal: Journal

    async def operator(self) -> Process:
        settings = {"PDS_DEPLOY_TIMEOUT": "60", "PDS_CLAIM_SECONDS": "5", "PDS_LEASE_SECONDS": "0"}
        environment = operator_environment(self.proxy, self.stage.namespace, self.stage.stack, TOKEN, **settings)
        process = await self.zygote.start(Command.OPERATOR, environment)
        await process.ready()
        return process

    async def in_the_middle_of_a_deploy(self) -> str:
        """A customer whose deploy has been sent and not been answered."""
        self.stage.simulator.change(deploy_seconds=SLOW)
        user_id = self.stage.new_user()
        await self.stage.ask_for(user_id, f"{user_id[:8]}{uuid.uuid4().hex[:8]}@a.example")
        await self.stage.eventually(lambda: self.stage.posts() == 1, "the deploy is sent")
        return user_id

    async def ask_to_stop(self, operator: Process) -> "asyncio.Task[int]":
        """Ask it to stop, and return once it has heard; the backend still takes its time."""
        ended = asyncio.create_task(operator.stop())
        await self.stage.eventually(lambda: STOPPING in operator.log.read_text(), "it has heard the signal")
        assert not self.stage.simulator.services
        return ended

    async def stop(self, operator: Process) -> int:
        """Ask it to stop, and let the backend answer only then; its exit code."""
        ended = await self.ask_to_stop(operator)
        self.stage.simulator.change(deploy_seconds=0.0)
        self.stage.simulator.hurry()
        return await ended


@pytest.fixture
async def ground(stack: Mapping[str, str], stage: Stage, tmp_path: Path) -> AsyncIterator[Ground]:
    plan, journal = Plan(), Journal()
    async with contextlib.AsyncExitStack() as opened:
        upstreams = await opened.enter_async_context(
            open_upstreams(stack["KUBECONFIG"], stack["SUPABASE_URL"], stage.backend_url)
        )
        zygote = await opened.enter_async_context(start_zygote(tmp_path))
        proxy = await opened.enter_async_context(FaultProxy("operator", upstreams, journal, plan))
        yield Ground(stage, zygote, proxy, plan, journal)


def writes_the_outcome(exchange: Exchange) -> bool:
    return exchange.what == "PATCH status (Provisioning)"


async def test_the_outcome_is_awaited_and_kept(ground: Ground) -> None:
    operator = await ground.operator()
    user_id = await ground.in_the_middle_of_a_deploy()
    assert await ground.stop(operator) == 0
    [made] = ground.stage.simulator.services
    kept = await ground.stage.get(user_id)
    assert (kept.status.service_id, kept.status.claim) == (made.id, None)
    row = ground.stage.row(user_id)
    assert row is not None
    assert (row["pds_service_id"], row["hostname"], row["status"]) == (made.id, made.hostname, "provisioning")

    successor = await ground.operator()
    await ground.stage.until_ready(user_id)
    assert await successor.stop() == 0
    assert ground.stage.posts() == 1


async def test_the_outcome_is_kept_though_the_api_server_is_away_for_a_while(ground: Ground) -> None:
    operator = await ground.operator()
    user_id = await ground.in_the_middle_of_a_deploy()
    away = [ground.plan.when(user_id, writes_the_outcome, Fault.UNAVAILABLE) for _ in range(AWAY_FOR)]
    assert await ground.stop(operator) == 0
    assert all(strike.hit for strike in away), "the API server was not away at the outcome"
    [made] = ground.stage.simulator.services
    assert (await ground.stage.get(user_id)).status.service_id == made.id

    successor = await ground.operator()
    await ground.stage.until_ready(user_id)
    assert await successor.stop() == 0
    assert ground.stage.posts() == 1


async def test_a_second_sigterm_does_not_hurry_it(ground: Ground) -> None:
    operator = await ground.operator()
    user_id = await ground.in_the_middle_of_a_deploy()
    ended = await ground.ask_to_stop(operator)
    operator.send(signal.SIGTERM)
    await asyncio.sleep(SECOND_SIGNAL)
    assert operator.alive
    ground.stage.simulator.hurry()
    assert await ended == 0
    [made] = ground.stage.simulator.services
    assert (await ground.stage.get(user_id)).status.service_id == made.id
