"""The mirror: what cannot be mended is told in the resource, in a metric and in the log, until a person has acted."""

import logging
import secrets

import httpx
import pytest

from pds_contract.resource import PdsProvision
from stages.operator_stage import Operator, Stage, condition

HOSTNAME = "alice.eny.k8s.frx.pub"


def stalled(provision: PdsProvision) -> str | None:
    found = provision.status.condition("Stalled")
    return found.reason if found else None


async def stalled_in_metrics(operator: Operator) -> dict[str, int]:
    """How many resources need a person, by reason, as the operator's metric has it."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"http://127.0.0.1:{operator.admin_port}/metrics")).text
    name = 'pds_operator_resources{reason="'
    found = {}
    for line in text.splitlines():
        if line.startswith(name) and 'stalled="true"' in line:
            found[line.removeprefix(name).split('"')[0]] = int(float(line.split()[-1]))
    return {reason: count for reason, count in found.items() if count}


async def metric_says(stage: Stage, operator: Operator, expected: dict[str, int]) -> None:
    async def as_expected() -> bool:
        return await stalled_in_metrics(operator) == expected

    await stage.eventually_async(as_expected, f"the metric says {expected}")


def remove(stage: Stage, user_id: str) -> None:
    stage.database.execute("delete from auth.users where id = %s", (user_id,))


def restore(stage: Stage, user_id: str) -> None:
    stage.database.execute("insert into auth.users (id, email) values (%s, %s)", (user_id, f"{user_id}@users.example"))


async def test_another_id_in_the_row(stage: Stage) -> None:
    operator = await stage.operate()
    user_id = await stage.ask()
    provision = await stage.until_ready(user_id)
    stage.write_row(user_id, 4711, HOSTNAME, "provisioning")
    told = await stage.until(user_id, lambda p: stalled(p) == "ServiceMismatch", "told")
    assert (told.status.service_id, condition(told, "Ready")) == (provision.status.service_id, "True")
    await metric_says(stage, operator, {"ServiceMismatch": 1})
    assert (stage.row(user_id) or {})["pds_service_id"] == 4711, "whose it is, a person finds out"
    # Once the row is gone it is mended as any other that is missing.
    stage.database.execute("delete from pds_services where user_id = %s", (user_id,))
    await stage.retry(user_id)
    await stage.until(user_id, lambda p: stalled(p) is None, "no person is needed any more")
    assert (stage.row(user_id) or {})["pds_service_id"] == provision.status.service_id
    await metric_says(stage, operator, {})
    assert stage.posts() == 1


async def test_a_user_who_is_removed_and_restored(stage: Stage) -> None:
    operator = await stage.operate()
    user_id = await stage.ask()
    provision = await stage.until_ready(user_id)
    remove(stage, user_id)
    assert stage.row(user_id) is None, "the row goes with its user"
    told = await stage.until(user_id, lambda p: stalled(p) == "UserGone", "told")
    assert condition(told, "Ready") == "True", "the PDS runs"
    await metric_says(stage, operator, {"UserGone": 1})
    assert stage.row(user_id) is None
    restore(stage, user_id)
    await stage.retry(user_id)
    await stage.until(user_id, lambda p: stalled(p) is None, "no person is needed any more")
    assert (stage.row(user_id) or {})["pds_service_id"] == provision.status.service_id
    await metric_says(stage, operator, {})
    assert stage.posts() == 1


async def test_a_user_who_is_removed_while_the_deploy_is_under_way(stage: Stage) -> None:
    stage.simulator.change(answer_seconds=0.5)
    await stage.operate(PDS_DEPLOY_TIMEOUT=5)
    user_id = await stage.ask()
    await stage.eventually(lambda: stage.simulator.services, "the deploy has taken effect")
    remove(stage, user_id)
    provision = await stage.until_reason(user_id, "UserGone")
    (made,) = stage.simulator.services
    assert (provision.status.service_id, provision.status.claim) == (made.id, None)
    restore(stage, user_id)
    await stage.retry(user_id)
    await stage.until_ready(user_id)
    assert (stage.row(user_id) or {})["pds_service_id"] == made.id
    assert stage.posts() == 1


async def test_a_user_who_is_removed_while_an_id_is_awaited(stage: Stage) -> None:
    stage.simulator.change(id_place="none")
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_reason(user_id, "AwaitingServiceId")
    remove(stage, user_id)
    await stage.edit(user_id, {"look": "now"})
    provision = await stage.until_reason(user_id, "UserGone")
    assert provision.status.phase == "deploy_succeeded_no_id", "that one PDS exists is not forgotten"
    restore(stage, user_id)
    await stage.edit(user_id, {"look": "again"})
    await stage.until_reason(user_id, "AwaitingServiceId")
    assert stage.posts() == 1


async def test_a_user_who_is_removed_after_a_refusal_gets_nothing_by_a_retry(stage: Stage) -> None:
    stage.simulator.change(faults=[{"endpoint": "deploy", "times": 1, "status": 400, "body": None}])
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_reason(user_id, "DeployRejected")
    remove(stage, user_id)
    await stage.retry(user_id)
    await stage.until_reason(user_id, "UserGone")
    assert stage.simulator.services == []
    restore(stage, user_id)
    await stage.retry(user_id, "again")
    await stage.until_ready(user_id)


@pytest.mark.parametrize("service_id", [4711, None])
async def test_whose_rows_have_no_resource_is_in_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture, service_id: int | None
) -> None:
    user_id = f"00000000-0000-4000-8000-{secrets.token_hex(6)}"  # before others, of whom only the first are named
    restore(stage, user_id)
    stage.write_row(user_id, service_id, "one.example.com", "deploy_failed")

    def named() -> bool:
        users = [user for record in caplog.records for user in getattr(record, "first_users", [])]
        return user_id in users

    with caplog.at_level(logging.WARNING, logger="pds_operator.reconciler.sweep"):
        await stage.operate(PDS_POLL_READY=0.2)
        await stage.eventually(named, "the log names the user")
    remove(stage, user_id)
    told = [record for record in caplog.records if user_id in getattr(record, "first_users", [])]
    assert all(len(record.__dict__["first_users"]) <= 20 for record in told)
    assert all("pds-operator import" in record.getMessage() for record in told)
    assert "@" not in "".join(str(record.__dict__) for record in told)
