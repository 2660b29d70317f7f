"""Operators as real processes beside each other, and what tells how they stand."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from faults.processes import Command, Process, Zygote
from faults.settings import NOT_THROUGH_A_PROXY
from pds_contract.conditions import READY
from pds_contract.resource import SERVICE_ID_ANNOTATION, PdsProvision
from pds_stack.ports import free_ports
from stages.metrics import Metrics
from stages.operator_stage import TOKEN, Stage, condition

CLAIM_SECONDS, DEPLOY_TIMEOUT, SETTLE = 2.0, 2.0, 0.1
CLAIM_WAIT = CLAIM_SECONDS + DEPLOY_TIMEOUT + SETTLE
PATIENCE = 60.0
POLL = 0.1


@dataclass
class Operators:
    """Starts operators of one namespace, which reach everything directly."""

    stage: Stage
    zygote: Zygote

    async def start(self, name: str, **settings: object) -> Process:
        (port,) = free_ports(1)
        environment = {
            **NOT_THROUGH_A_PROXY,
            "KUBECONFIG": self.stage.stack["KUBECONFIG"],
            "SUPABASE_URL": self.stage.stack["SUPABASE_URL"],
            "SUPABASE_SERVICE_ROLE_KEY": self.stage.stack["SUPABASE_SERVICE_ROLE_KEY"],
            "PDS_NAMESPACE": self.stage.namespace,
            "PDS_API_URL": f"{self.stage.backend_url}/api/v1",
            "PDS_API_TOKEN": TOKEN,
            "ADMIN_PORT": str(port),
            "PDS_CLAIM_SECONDS": str(CLAIM_SECONDS),
            "PDS_DEPLOY_TIMEOUT": str(DEPLOY_TIMEOUT),
            "PDS_SETTLE_SECONDS": str(SETTLE),
            "PDS_RETRY_BASE": "0.05",
            **{key: str(value) for key, value in settings.items()},
        }
        process = await self.zygote.start(Command.OPERATOR, environment, name=name)
        await process.ready()
        return process

    async def leader_and_standby(self, **settings: object) -> tuple[Process, Process]:
        leader = await self.start("leader", **settings)
        await leads(leader)
        standby = await self.start("standby", **settings)
        assert await metric(standby, "pds_operator_leader") == 0.0
        return leader, standby


async def metric(process: Process, name: str, **labels: str) -> float:
    """Return one sample of a process's metrics now, 0 where there is none."""
    return (await Metrics.read(process.environment["ADMIN_PORT"])).value(name, **labels)


async def leads(process: Process) -> None:
    """Wait until it says that it leads."""
    async with asyncio.timeout(PATIENCE):
        while process.alive and not await metric(process, "pds_operator_leader"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(POLL)
    assert process.alive, process.log.read_text()


async def probes(process: Process) -> list[int]:
    """Return what a process answers to the probes of its life and of its readiness."""
    port = process.environment["ADMIN_PORT"]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as admin:
        return [(await admin.get(path)).status_code for path in ("/healthz", "/readyz")]


def reason(provision: PdsProvision) -> str | None:
    ready = provision.status.condition(READY)
    return ready.reason if ready else None


def is_ready_at_last(provision: PdsProvision) -> bool:
    return condition(provision, READY) == "True"


async def until(stage: Stage, user_id: str, holds: Callable[[PdsProvision], object], what: str) -> PdsProvision:
    """Wait until something holds of a resource, looking now and then only: many wait at one time."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not holds(provision := await stage.get(user_id)):
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail(f"not within {PATIENCE:.0f} s: {what}; status is {provision.status}")
        await asyncio.sleep(POLL)
    return provision


async def the_end(stage: Stage, user_id: str) -> PdsProvision:
    """Wait for a customer's end: Ready, or waiting for an id that was lost, which a person then gives."""
    provision = await until(stage, user_id, lambda p: is_ready_at_last(p) or reason(p) == "AwaitingServiceId", "an end")
    (made,) = stage.simulator.at_hostname(provision.status.hostname or "")
    if not is_ready_at_last(provision):
        await stage.edit(user_id, {SERVICE_ID_ANNOTATION: str(made.id)})
        provision = await until(stage, user_id, is_ready_at_last, "Ready once a person has given the id")
    assert stage.simulator.at_hostname(made.hostname) == [made]
    assert provision.status.service_id == made.id
    row = stage.row(user_id)
    assert row
    assert (row["pds_service_id"], row["hostname"]) == (made.id, made.hostname)
    return provision
