"""An operator that is paused past its claim, and past its Lease if it has one, at each step of a deploy."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from faults.choosers import Plan
from faults.fault import Fault
from faults.journal import Journal
from faults.processes import Process, Zygote, start_zygote
from faults.proxy import FaultProxy
from faults.upstreams import Upstreams, open_upstreams
from pds_clients.kubernetes import Provisions
from stages.operator_stage import Stage
from stages.operators_stage import PATIENCE, Operators, is_ready_at_last, leads, reason, the_end, until

BY_LEASE = {"PDS_LEASE_SECONDS": 6.0}
"""Two thirds of it, in which a holder must renew, are enough on a busy machine too."""
WITHOUT_ELECTION = {"PDS_LEASE_SECONDS": 0, "PDS_CLAIM_SECONDS": 1.0, "PDS_DEPLOY_TIMEOUT": 1.0}
"""The pause is over before the process's own calls have timed out, so that its clock alone keeps it from sending."""
PAIRS_AT_ONCE = 4
READY_WRITTEN = "PATCH status (Running)"
DONE_BY_THE_OTHER = {"AwaitingServiceId", "Running"}


@dataclass
class Pairs:
    """Pairs of operators, each in a namespace of its own, whose leader can be paused at an exchange."""

    stage: Stage
    zygote: Zygote
    upstreams: Upstreams
    settings: Mapping[str, float]
    room: asyncio.Semaphore

    async def steps(self) -> dict[int, str]:
        """Return the exchanges of one provision without a pause, up to the one that makes it Ready, by number."""
        stage, journal = await self._stage_of_its_own(), Journal()
        async with self._leader(stage, Plan(), journal) as leader:
            user_id = await stage.ask("counted@a.example")
            await until(stage, user_id, is_ready_at_last, "Ready")
            assert await leader.stop() == 0
        steps = {exchange.number or 0: exchange.what for exchange in journal.history(user_id)}
        last = next(number for number, what in steps.items() if what == READY_WRITTEN)
        return {number: what for number, what in steps.items() if number <= last}

    async def pause_at(self, number: int) -> None:
        """Pause the leader in one exchange until another one has done its work, then let it go on.

        The request has left and its answer waits: what comes between two exchanges is paused in the one before.
        """
        async with self.room:
            stage, plan = await self._stage_of_its_own(), Plan()
            async with self._leader(stage, plan, Journal()) as leader:
                user_id = stage.new_user()
                strike = plan.at_number(user_id, number, Fault.PAUSE_AFTER)
                await stage.ask_for(user_id, f"paused-{number}@a.example")
                await stage.eventually(
                    lambda: strike.hit or not leader.alive, "the leader has come to the exchange", PATIENCE
                )
                assert strike.hit, f"the leader has ended before:\n{leader.log.read_text()}"
                other = await Operators(stage, self.zygote).start("other", **self.settings)
                await leads(other)
                await until(stage, user_id, lambda p: reason(p) in DONE_BY_THE_OTHER, "the other one is done")
                await leader.resume()
                await self._gone(leader)
                await the_end(stage, user_id)
                assert await other.stop() == 0

    async def _gone(self, leader: Process) -> None:
        """Wait for the end of one that was paused: by itself where it has lost its Lease, else by being asked to."""
        if self.settings is WITHOUT_ELECTION:
            assert await leader.stop() == 0, leader.log.read_text()
            return
        async with asyncio.timeout(PATIENCE):
            assert await leader.wait() == 1, leader.log.read_text()
        assert "leading no more" in leader.log.read_text()

    async def _stage_of_its_own(self) -> Stage:
        api, name = self.stage.api, f"test-{uuid.uuid4().hex[:12]}"
        await api.call("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
        return replace(self.stage, namespace=name, provisions=Provisions(api, name, "test"), running=[])

    @contextlib.asynccontextmanager
    async def _leader(self, stage: Stage, plan: Plan, journal: Journal) -> AsyncIterator[Process]:
        async with FaultProxy("leader", self.upstreams, journal, plan) as proxy:
            leader = await Operators(stage, self.zygote).start("leader", **proxy.environment(), **self.settings)
            proxy.target = leader
            try:
                await leads(leader)
                yield leader
            finally:
                await leader.kill()


@pytest.fixture(params=[BY_LEASE, WITHOUT_ELECTION], ids=["by lease", "without election"])
async def pairs(stage: Stage, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Pairs]:
    stack = stage.stack
    async with (
        open_upstreams(stack["KUBECONFIG"], stack["SUPABASE_URL"], stage.backend_url) as upstreams,
        start_zygote(tmp_path) as zygote,
    ):
        yield Pairs(stage, zygote, upstreams, request.param, asyncio.Semaphore(PAIRS_AT_ONCE))


@pytest.mark.timeout(400)
async def test_a_leader_paused_at_any_step_deploys_nobody_twice_when_it_goes_on(pairs: Pairs) -> None:
    steps = await pairs.steps()
    assert "POST deploy" in steps.values()
    results = await asyncio.gather(*(pairs.pause_at(number) for number in steps), return_exceptions=True)
    wrong = [
        f"at {number}, {what}: {result!r}"
        for (number, what), result in zip(steps.items(), results, strict=True)
        if result is not None
    ]
    assert not wrong, "\n".join(wrong)
