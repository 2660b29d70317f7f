"""What an import made never leads to a deploy, whatever goes wrong after it; and takes nobody's service."""

from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pds_contract.resource import PdsProvision
from pds_stack.backend.service import PdsService
from stages.operator_stage import Stage

from .conftest import BASE, Past

HOSTNAME = f"carol.{BASE}"
DEPLOYS_AGAIN = pytest.mark.parametrize("redeploy", ["probe", "idempotent"])


async def nothing(_stage: Stage, _user_id: str, _service: PdsService) -> None:
    pass


async def row_gone(stage: Stage, user_id: str, _service: PdsService) -> None:
    stage.database.execute("delete from pds_services where user_id = %s", (user_id,))


async def row_without_its_id(stage: Stage, user_id: str, service: PdsService) -> None:
    stage.write_row(user_id, None, service.hostname, "deploy_failed")


async def service_and_row_gone(stage: Stage, user_id: str, service: PdsService) -> None:
    stage.simulator.remove(service)
    await row_gone(stage, user_id, service)


async def service_moved_and_row_gone(stage: Stage, user_id: str, service: PdsService) -> None:
    service.hostname = f"moved-{service.hostname}"
    await row_gone(stage, user_id, service)


async def reserved_by_somebody_else_and_row_gone(stage: Stage, user_id: str, service: PdsService) -> None:
    secrets = f"/api/v1/namespaces/{stage.namespace}/secrets"
    data = {"userId": stage.new_user(), "provisionUid": "u", "password": "p", "key": "k"}
    manifest = {"metadata": {"name": service.hostname}, "type": "pds.eny.space/reservation", "stringData": data}
    await stage.api.call("DELETE", f"{secrets}/{service.hostname}")
    await stage.api.call("POST", secrets, body=manifest)
    await row_gone(stage, user_id, service)


HARMS: dict[Callable[[Stage, str, PdsService], Awaitable[None]], str] = {
    nothing: "Running",
    row_gone: "Running",
    row_without_its_id: "Running",
    service_and_row_gone: "ServiceNotFound",
    service_moved_and_row_gone: "ServiceMismatch",
    reserved_by_somebody_else_and_row_gone: "HostnameTaken",
}


async def stands_as(stage: Stage, user_id: str, reason: str) -> None:
    """Wait until the resource gives this reason, before and after a retry was asked for."""

    def answered(provision: PdsProvision) -> bool:
        return provision.status.service_id is not None or provision.status.last_handled_retry == "now"

    await stage.until_reason(user_id, reason)
    await stage.retry(user_id)
    await stage.until(user_id, answered, "the request to retry was answered, or there is nothing to retry")
    await stage.until_reason(user_id, reason)


@DEPLOYS_AGAIN
async def test_nothing_is_deployed_whatever_becomes_of_row_service_or_reservation(past: Past, redeploy: str) -> None:
    """Without check-pds, so that nothing but the import's own marks forbids it."""
    stage = past.stage
    stage.simulator.change(check_pds=404)
    users = {harm: past.customer(f"{harm.__name__.replace('_', '-')}.{BASE}") for harm in HARMS}
    services = dict(zip(HARMS, stage.simulator.services, strict=True))
    assert (await past.run("--json")).totals == (len(HARMS), 0, 0, 0)
    for harm, user_id in users.items():
        await harm(stage, user_id, services[harm])
    await stage.operate(PDS_REDEPLOY=redeploy)
    for harm, reason in HARMS.items():
        await stands_as(stage, users[harm], reason)
    assert stage.posts() == 0


@pytest.mark.parametrize(
    "settings",
    [{"PDS_DEPLOY_PAUSED": True}, {"PDS_RESERVED_HOSTNAMES": ["carol"]}, {"PDS_BASE_DOMAIN": "new.example.org"}],
)
@pytest.mark.parametrize("harm", [nothing, row_gone])
async def test_what_was_there_is_adopted_whatever_newcomers_may_have(
    past: Past, harm: Callable[[Stage, str, PdsService], Awaitable[None]], settings: dict[str, Any]
) -> None:
    stage = past.stage
    stage.simulator.change(check_pds=404)
    user_id = past.customer(HOSTNAME)
    assert (await past.run("--json")).totals == (1, 0, 0, 0)
    await harm(stage, user_id, stage.simulator.services[0])
    await stage.operate(**settings)
    await stands_as(stage, user_id, "Running")
    assert stage.posts() == 0


async def test_a_newcomer_is_not_given_the_hostname_of_who_was_there_before(past: Past) -> None:
    stage = past.stage
    user_id = past.customer(HOSTNAME)
    assert (await past.run("--json")).totals == (1, 0, 0, 0)
    secret = await stage.api.call("GET", f"/api/v1/namespaces/{stage.namespace}/secrets/{HOSTNAME}")
    assert b64decode(secret["data"]["userId"]).decode() == user_id, "reserved before any operator sees it"
    newcomer = await stage.ask("carol@b.example")
    await stage.operate()
    assert (await stage.until_ready(user_id)).status.hostname == HOSTNAME
    assert (await stage.until_ready(newcomer)).status.hostname == f"carol-{newcomer[:6]}.{BASE}"
    assert [made.hostname for made in stage.simulator.services if made.origin == "deploy"] == [
        f"carol-{newcomer[:6]}.{BASE}"
    ]


async def test_the_operator_at_work_meanwhile(past: Past) -> None:
    await past.stage.operate()
    users = past.customers(12)
    assert (await past.run("--json")).totals == (12, 0, 0, 0)
    await past.all_adopted(users)


async def test_a_resource_that_is_made_meanwhile_is_left_as_it_is(past: Past) -> None:
    """As by a checkout between the list of resources and the import's own write."""
    stage = past.stage
    user_id = past.customer(HOSTNAME)
    stage.simulator.change(service_seconds=1.0)
    process = await past.start("--json")
    await stage.eventually(lambda: stage.simulator.requests.select("/api/v1/service/"), "the service is looked at")
    made = await stage.ask_for(user_id, hostname="wished.example.com")
    said = await past.ended(process)
    assert said.totals == (0, 1, 0, 0)
    assert (await stage.get(user_id)).spec == made.spec
    stage.simulator.change(service_seconds=0.0)
    await stage.operate()
    await past.all_adopted([user_id])
