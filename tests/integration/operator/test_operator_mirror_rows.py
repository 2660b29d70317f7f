"""The mirror: rows changed behind our back are mended, and Supabase being away loses nothing."""

import pytest

from pds_contract.resource import PdsProvision
from stages.failing_dependencies import flaky_supabase
from stages.operator_stage import Stage, condition

HOSTNAME = "alice.eny.k8s.frx.pub"


def true_row(provision: PdsProvision) -> dict[str, object]:
    return {"pds_service_id": provision.status.service_id, "hostname": HOSTNAME, "status": "provisioning"}


@pytest.mark.parametrize(
    "change",
    [
        "update pds_services set pds_service_id = null where user_id = %s",
        "update pds_services set pds_service_id = null, status = 'deploy_failed' where user_id = %s",
        "update pds_services set hostname = null where user_id = %s",
        "update pds_services set hostname = 'another.example.com' where user_id = %s",
        "update pds_services set status = 'deploy_succeeded_no_id' where user_id = %s",
        "update pds_services set status = 'by hand' where user_id = %s",
        "delete from pds_services where user_id = %s",
    ],
)
async def test_what_was_changed_is_mended_and_nothing_else_happens(stage: Stage, change: str) -> None:
    await stage.operate()
    user_id = await stage.ask()
    before = await stage.until_ready(user_id)
    stage.database.execute(change.encode(), (user_id,))
    await stage.eventually(lambda: stage.row(user_id) == true_row(before), "the row is mended")
    after = await stage.get(user_id)
    assert after.metadata.resource_version == before.metadata.resource_version, "the resource had nothing to learn"
    assert stage.posts() == 1


async def test_a_row_that_was_changed_while_no_operator_ran_is_mended(stage: Stage) -> None:
    operator = await stage.operate()
    user_id = await stage.ask()
    provision = await stage.until_ready(user_id)
    await operator.stop()
    stage.write_row(user_id, None, "another.example.com", "deploy_failed")
    await stage.operate()
    await stage.eventually(lambda: stage.row(user_id) == true_row(provision), "the row is mended")
    assert stage.posts() == 1


async def test_a_row_changed_while_an_id_is_awaited_is_mended(stage: Stage) -> None:
    stage.simulator.change(id_place="none")
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_reason(user_id, "AwaitingServiceId")
    told = {"pds_service_id": None, "hostname": HOSTNAME, "status": "deploy_succeeded_no_id"}
    await stage.eventually(lambda: stage.row(user_id) == told, "the row says so")
    stage.write_row(user_id, None, None, "deploy_failed")
    await stage.edit(user_id, {"look": "now"})
    await stage.eventually(lambda: stage.row(user_id) == told, "the row says so again")
    assert stage.posts() == 1


async def test_supabase_away_during_an_outcome(stage: Stage) -> None:
    """The id is kept in the resource at once; Ready comes with the row."""
    async with flaky_supabase(stage.stack["SUPABASE_URL"]) as supabase:
        supabase.away = 1000
        await stage.operate(SUPABASE_URL=supabase.url)
        user_id = await stage.ask()
        provision = await stage.until_reason(user_id, "SupabaseUnavailable")
        assert provision.status.service_id == stage.simulator.services[0].id
        assert condition(provision, "Ready") == "False"
        assert stage.row(user_id) is None
        supabase.away = 0
        provision = await stage.until_ready(user_id)
        assert stage.row(user_id) == true_row(provision)
        await stage.running[0].stop()
    assert stage.posts() == 1


async def test_supabase_away_when_the_operator_dies_after_an_outcome(stage: Stage) -> None:
    async with flaky_supabase(stage.stack["SUPABASE_URL"]) as supabase:
        supabase.away = 1000
        operator = await stage.operate(SUPABASE_URL=supabase.url)
        user_id = await stage.ask()
        await stage.until(user_id, lambda p: p.status.service_id, "the id is in the resource")
        await operator.stop()
    assert stage.row(user_id) is None
    await stage.operate()
    provision = await stage.until_ready(user_id)
    assert stage.row(user_id) == true_row(provision)
    assert stage.posts() == 1


async def test_supabase_away_does_not_flip_one_that_is_ready_and_is_made_up_for(stage: Stage) -> None:
    async with flaky_supabase(stage.stack["SUPABASE_URL"]) as supabase:
        await stage.operate(SUPABASE_URL=supabase.url)
        user_id = await stage.ask()
        before = await stage.until_ready(user_id)
        supabase.away = 3
        stage.database.execute("delete from pds_services where user_id = %s", (user_id,))
        await stage.eventually(lambda: supabase.away < 3, "a repair meets that Supabase is away")
        await stage.eventually(lambda: stage.row(user_id) == true_row(before), "the row is back")
        assert supabase.away == 0
        after = await stage.get(user_id)
        assert after.metadata.resource_version == before.metadata.resource_version, "it was Ready all the time"
        await stage.running[0].stop()
