"""What makes the operator unhealthy: something in it that does not move any more, and no dependency."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from pds_clients.kubernetes import KubernetesApi
from pds_contract.conditions import READY
from pds_operator import handlers
from pds_operator.handlers import Watch
from stages.operator_stage import PATIENCE, Operator, Stage

STUCK_AFTER = 1.0


class Blocked(Watch):
    """A watch whose loop blocks at the first thing that it sees, until it is let go on."""

    def __init__(self, namespace: str, api: KubernetesApi) -> None:
        super().__init__(namespace, api.connection)
        self.blocks, self.go_on = threading.Event(), threading.Event()

    def saw(self, kind: str | None, body: Mapping[str, Any]) -> None:
        self.blocks.set()
        self.go_on.wait()
        super().saw(kind, body)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "STUCK_SECONDS", STUCK_AFTER)
    monkeypatch.setattr(handlers, "TURN_SECONDS", STUCK_AFTER / 10)


@pytest.fixture
async def watch(api: KubernetesApi, namespace: str) -> AsyncIterator[Blocked]:
    watch = Blocked(namespace, api)
    yield watch
    watch.go_on.set()
    await watch.stop()


async def test_a_loop_of_kopfs_that_is_blocked_is_stuck_until_it_runs_again(watch: Blocked, stage: Stage) -> None:
    assert watch.stuck is None, "one that stands by has no such loop"
    names: list[str] = []
    watch.start(noticed=lambda provision: names.append(provision.metadata.name), look_at=names.append)
    user_id = await stage.ask()
    await asyncio.to_thread(watch.blocks.wait, PATIENCE)
    await stage.eventually(lambda: "kopf's event loop has not run for" in str(watch.stuck), "the blocked loop is stuck")
    watch.go_on.set()
    await stage.eventually(lambda: watch.stuck is None, "a loop that runs again is not")
    await stage.eventually(lambda: names, "what it had seen is told")
    assert names[0].endswith(user_id)
    await watch.stop()
    await asyncio.sleep(STUCK_AFTER * 1.5)  # a condition that must not come about
    assert watch.stuck is None, "one that has ended does not have to run"


async def health(operator: Operator) -> tuple[int, str]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{operator.admin_port}/healthz")
    return answer.status_code, answer.text


async def test_healthz_tells_of_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks, go_on = threading.Event(), threading.Event()

    def block(watch: Watch, kind: str | None, body: Mapping[str, Any]) -> None:
        blocks.set()
        go_on.wait()
        told(watch, kind, body)

    told = Watch.saw
    operator = await stage.operate()
    assert await health(operator) == (200, "ok\n")
    monkeypatch.setattr(Watch, "saw", block)
    user_id = await stage.ask()
    await asyncio.to_thread(blocks.wait, PATIENCE)

    async def is_stuck() -> bool:
        return (await health(operator))[0] == 503

    await stage.eventually_async(is_stuck, "/healthz says that kopf's loop does not run")
    go_on.set()

    async def is_well() -> bool:
        return await health(operator) == (200, "ok\n")

    await stage.eventually_async(is_well, "/healthz says that it runs again")
    await stage.until_ready(user_id)


async def test_no_dependency_that_is_away_makes_it_unhealthy(stage: Stage) -> None:
    closed = "http://127.0.0.1:9"
    operator = await stage.operate(SUPABASE_URL=closed, PDS_API_URL=closed)
    user_id = await stage.ask()
    provision = await stage.until_reason(user_id, "SupabaseUnavailable")
    assert provision.status.condition(READY)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STUCK_AFTER * 3):
            while True:
                assert await health(operator) == (200, "ok\n")
                await asyncio.sleep(0.1)
