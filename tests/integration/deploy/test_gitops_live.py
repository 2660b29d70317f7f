"""Argo CD's and Flux's health checks over resources as the API server and the operator really leave them."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pds_clients.kubernetes import MERGE_PATCH
from pds_contract.resource import API_VERSION, GROUP, KIND, PLURAL, VERSION, provision_name
from stages.gitops import argo_cd, flux
from stages.operator_stage import Stage, condition

HOSTNAME = "alice.eny.k8s.frx.pub"


async def assert_health(stage: Stage, user_id: str, in_argo_cd: str, in_flux: str) -> None:
    resource = await stage.raw(user_id)
    found = argo_cd(resource)
    assert (found["status"], flux(resource)) == (in_argo_cd, in_flux), resource["status"]
    assert found["message"]
    assert "a.example" not in found["message"], "an e-mail address"


async def stalled(stage: Stage, user_id: str, reason: str) -> str:
    await stage.until(
        user_id, lambda p: (found := p.status.condition("Stalled")) is not None and found.reason == reason, reason
    )
    return user_id


async def deploy_rejected(stage: Stage) -> str:
    stage.simulator.change(faults=[{"endpoint": "deploy", "times": 1, "status": 400, "body": None}])
    await stage.operate()
    return await stalled(stage, await stage.ask(), "DeployRejected")


async def credentials_rejected(stage: Stage) -> str:
    await stage.operate(PDS_API_TOKEN="another")
    return await stalled(stage, await stage.ask(), "CredentialsRejected")


async def hostname_taken(stage: Stage) -> str:
    await stage.operate()
    await stage.until_ready(await stage.ask(hostname="shared.example.com"))
    return await stalled(stage, await stage.ask("bob@a.example", hostname="shared.example.com"), "HostnameTaken")


async def invalid_spec(stage: Stage) -> str:
    await stage.operate(PDS_RESERVED_HOSTNAMES=["www"])
    return await stalled(stage, await stage.ask(hostname="www.eny.k8s.frx.pub"), "InvalidSpec")


async def awaiting_service_id(stage: Stage) -> str:
    stage.simulator.change(id_place="none")
    await stage.operate()
    return await stalled(stage, await stage.ask(), "AwaitingServiceId")


async def outcome_unknown(stage: Stage) -> str:
    stage.simulator.change(faults=[{"endpoint": "deploy", "cut": True}])
    await stage.operate(PDS_REDEPLOY="hold")
    return await stalled(stage, await stage.ask(), "OutcomeUnknown")


async def row_in_progress(stage: Stage) -> str:
    user_id = stage.new_user()
    stage.write_row(user_id, None, HOSTNAME, "provisioning")
    await stage.operate()
    await stage.ask_for(user_id)
    return await stalled(stage, user_id, "RowInProgress")


async def user_gone(stage: Stage) -> str:
    await stage.operate()
    user_id = str(uuid.uuid4())
    await stage.ask_for(user_id)
    return await stalled(stage, user_id, "UserGone")


async def service_not_found(stage: Stage) -> str:
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    stage.simulator.remove(stage.simulator.services[0])
    return await stalled(stage, user_id, "ServiceNotFound")


def service_state(state: int, reason: str) -> Callable[[Stage], Awaitable[str]]:
    async def bring_about(stage: Stage) -> str:
        stage.simulator.change(states=[[state, None]])
        await stage.operate()
        return await stalled(stage, await stage.ask(), reason)

    bring_about.__name__ = reason
    return bring_about


@pytest.mark.parametrize(
    "bring_about",
    [
        deploy_rejected,
        credentials_rejected,
        hostname_taken,
        invalid_spec,
        awaiting_service_id,
        outcome_unknown,
        row_in_progress,
        user_gone,
        service_not_found,
        service_state(4, "ServiceSuspended"),
        service_state(5, "ServiceTerminated"),
        service_state(9, "SetupFailed"),
    ],
)
async def test_stalled(stage: Stage, bring_about: Callable[[Stage], Awaitable[str]]) -> None:
    await assert_health(stage, await bring_about(stage), "Degraded", "Failed")


async def test_ready_and_a_person_is_needed(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    provision = await stage.until_ready(user_id)
    stage.write_row(user_id, (provision.status.service_id or 0) + 1, HOSTNAME, "provisioning")
    await stalled(stage, user_id, "ServiceMismatch")
    assert condition(await stage.get(user_id), "Ready") == "True"
    await assert_health(stage, user_id, "Degraded", "Failed")


async def test_fresh(stage: Stage) -> None:
    user_id = await stage.ask()
    await assert_health(stage, user_id, "Progressing", "InProgress")


async def test_from_the_claim_to_ready(stage: Stage) -> None:
    stage.simulator.change(deploy_seconds=60.0, states=[[0, None]])
    await stage.operate(PDS_DEPLOY_TIMEOUT=60.0)
    user_id = await stage.ask()
    await stage.until_reason(user_id, "Deploying")
    await assert_health(stage, user_id, "Progressing", "InProgress")
    stage.simulator.change(deploy_seconds=0.0)
    stage.simulator.interrupt()
    other = await stage.ask("bob@a.example")
    await stage.until_reason(other, "Provisioning")
    await assert_health(stage, other, "Progressing", "InProgress")


async def test_ready(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    await assert_health(stage, user_id, "Healthy", "Current")


async def test_waiting_for_a_dependency(stage: Stage) -> None:
    await stage.operate(SUPABASE_URL="http://127.0.0.1:9")
    user_id = await stage.ask()
    await stage.until_reason(user_id, "SupabaseUnavailable")
    await assert_health(stage, user_id, "Progressing", "InProgress")


async def test_suspended_from_the_beginning(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask(suspend=True)
    await stage.until_reason(user_id, "Suspended")
    await assert_health(stage, user_id, "Suspended", "Current")


async def test_suspended_once_it_runs(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    edited = await stage.edit(user_id, suspend=True)
    generation = edited.metadata.generation
    await stage.until(user_id, lambda p: p.status.observed_generation == generation, "the edit was looked at")
    await assert_health(stage, user_id, "Healthy", "Current")


async def test_edited_while_no_operator_runs(stage: Stage) -> None:
    operator = await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    await operator.stop()
    await stage.edit(user_id, suspend=True)
    await assert_health(stage, user_id, "Progressing", "InProgress")


async def test_being_deleted(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    path = f"/apis/{GROUP}/{VERSION}/namespaces/{stage.namespace}/{PLURAL}/{provision_name(user_id)}"

    async def keep(*finalizers: str) -> None:
        change: dict[str, Any] = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"finalizers": [*finalizers]}}
        await stage.api.call("PATCH", path, body=change, content_type=MERGE_PATCH)

    await keep("example.com/backup")
    await stage.delete(user_id)
    await assert_health(stage, user_id, "Progressing", "InProgress")
    await keep()
