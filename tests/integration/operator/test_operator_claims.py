"""Claims of others, deleted and re-created resources, suspension, stopping."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pds_contract.resource import PdsProvision
from pds_stack.backend.bodies import DeployBody
from stages.failing_dependencies import flaky_supabase, forbidden_outcomes
from stages.operator_stage import Stage, condition

HOSTNAME = "alice.eny.k8s.frx.pub"


def a_claim(start: datetime, *, absent: bool = True) -> dict[str, Any]:
    return {
        "id": "of-somebody-else",
        "attempt": 1,
        "hostname": HOSTNAME,
        "hostnameAbsent": absent,
        "startTime": start.isoformat(),
        "durationSeconds": 0.3,
        "timeoutSeconds": 0.3,
    }


async def test_a_claim_of_somebody_else_is_waited_out_and_then_taken_over(stage: Stage) -> None:
    user_id = await stage.ask()
    # By its timestamp it is in the future: another clock's, which counts for nothing.
    await stage.set_status(user_id, {"claim": a_claim(datetime.now(UTC) + timedelta(hours=1)), "hostname": HOSTNAME})
    await stage.operate()
    provision = await stage.until_ready(user_id)
    assert provision.status.service_id == stage.simulator.services[0].id
    assert stage.posts() == 1


async def test_a_claim_whose_deploy_took_effect_is_no_reason_to_deploy(stage: Stage) -> None:
    await stage.operate(PDS_POLL_READY=3600)
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    await stage.running[0].stop()
    # As after a crash between the deploy's effect and its outcome: a new resource of the same state.
    await stage.delete(user_id)
    stage.database.execute("delete from pds_services where user_id = %s", (user_id,))
    await stage.ask_for(user_id)
    await stage.set_status(user_id, {"claim": a_claim(datetime.now(UTC)), "hostname": HOSTNAME})
    await stage.operate()
    await stage.until_reason(user_id, "AwaitingServiceId")
    assert stage.posts() == 1


async def test_a_claim_is_not_waited_out_once_it_is_abandoned_beyond_doubt(stage: Stage) -> None:
    user_id = await stage.ask()
    claim = a_claim(datetime.now(UTC) - timedelta(hours=2)) | {"timeoutSeconds": 3000}
    await stage.set_status(user_id, {"claim": claim, "hostname": HOSTNAME})
    await stage.operate()
    await stage.until_ready(user_id)


async def test_deleting_leaves_everything_and_a_resource_made_anew_finds_it(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    before = await stage.until_ready(user_id)
    await stage.delete(user_id)
    row = stage.row(user_id)
    assert row
    assert row["pds_service_id"] == before.status.service_id
    await stage.api.call("GET", f"/api/v1/namespaces/{stage.namespace}/secrets/{HOSTNAME}")
    await stage.ask_for(user_id)
    after = await stage.until_ready(user_id)
    assert after.metadata.uid != before.metadata.uid
    assert after.status.service_id == before.status.service_id
    assert stage.posts() == 1


async def test_a_resource_made_anew_without_a_row_waits_as_for_a_claim_of_unknown_age(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    await stage.delete(user_id)
    stage.database.execute("delete from pds_services where user_id = %s", (user_id,))
    await stage.ask_for(user_id)
    await stage.until_reason(user_id, "ClaimOpen")
    await stage.until_reason(user_id, "AwaitingServiceId")
    assert stage.posts() == 1


async def test_a_strangers_pds_does_not_become_the_users_by_making_the_resource_anew(stage: Stage) -> None:
    body = DeployBody(username="x", password="x" * 20, email="s@a.example", hostname="taken.example.com", disksize=1)
    stage.simulator.plant(body)
    await stage.operate(PDS_REDEPLOY="idempotent")
    user_id = await stage.ask(hostname="taken.example.com")
    await stage.until_reason(user_id, "HostnameTaken")
    await stage.delete(user_id)
    await stage.ask_for(user_id, hostname="taken.example.com")
    provision = await stage.until_reason(user_id, "AwaitingServiceId")
    assert (provision.status.phase, provision.status.service_id) == (None, None)
    assert stage.row(user_id) is None
    assert stage.posts() == 0
    await stage.edit(user_id, hostname="free.example.com")
    await stage.until_ready(user_id)


async def test_a_resource_made_anew_under_another_name_asks_after_the_deploy_of_the_first(stage: Stage) -> None:
    stage.simulator.change(faults=[{"endpoint": "deploy", "times": 1, "effect": "before", "cut": True}])
    await stage.operate()
    user_id = await stage.ask(hostname="one.example.com")
    await stage.until_reason(user_id, "OutcomeUnknown")
    await stage.eventually(lambda: stage.row(user_id), "the row tells of the first")
    await stage.delete(user_id)
    await stage.ask_for(user_id, hostname="two.example.com")
    await stage.until_reason(user_id, "AwaitingServiceId")
    assert [made.hostname for made in stage.simulator.services] == ["one.example.com"]


async def test_a_date_of_a_clock_that_was_wrong_does_not_put_a_customer_off(stage: Stage) -> None:
    user_id = await stage.ask()
    far = {"observedGeneration": 1, "attempts": 1, "nextAttemptTime": "2036-01-01T00:00:00Z"}
    await stage.set_status(user_id, far)
    await stage.operate()
    await stage.until_ready(user_id)


async def test_a_suspended_resource_is_left_alone_until_it_is_not(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask(suspend=True)
    provision = await stage.until_reason(user_id, "Suspended")
    assert condition(provision, "Ready") == "False"
    assert stage.posts() == 0
    await stage.edit(user_id, suspend=False)
    await stage.until_ready(user_id)


async def test_a_ready_resource_that_is_suspended_stays_ready(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    edited = await stage.edit(user_id, suspend=True)

    def observed(provision: PdsProvision) -> bool:
        return provision.status.observed_generation == edited.metadata.generation

    provision = await stage.until(user_id, observed, "the edit is observed")
    assert condition(provision, "Ready") == "True"


async def test_stopping_in_the_middle_of_a_deploy_keeps_the_outcome(stage: Stage) -> None:
    stage.simulator.change(answer_seconds=0.3)
    operator = await stage.operate(PDS_DEPLOY_TIMEOUT=5)
    user_id = await stage.ask()
    await stage.eventually(lambda: stage.simulator.services, "the deploy has taken effect, its answer has not come")
    await operator.stop()
    provision = await stage.get(user_id)
    assert provision.status.service_id == stage.simulator.services[0].id
    assert provision.status.claim is None
    row = stage.row(user_id)
    assert row
    assert row["pds_service_id"] == provision.status.service_id


async def test_a_resource_deleted_in_the_middle_of_a_deploy_leaves_its_id_in_the_row(stage: Stage) -> None:
    stage.simulator.change(answer_seconds=0.3)
    await stage.operate(PDS_DEPLOY_TIMEOUT=1.5)
    user_id = await stage.ask()
    await stage.eventually(lambda: stage.simulator.services, "the deploy has taken effect, its answer has not come")
    await stage.delete(user_id)
    made = stage.simulator.services[0].id
    await stage.eventually(lambda: (stage.row(user_id) or {}).get("pds_service_id") == made, "the row has the id")
    await stage.ask_for(user_id)
    provision = await stage.until_ready(user_id)
    assert provision.status.service_id == made
    assert stage.posts() == 1


async def test_a_resource_suspended_in_the_middle_of_a_deploy_has_its_id_in_the_row(stage: Stage) -> None:
    stage.simulator.change(answer_seconds=0.3)
    await stage.operate(PDS_DEPLOY_TIMEOUT=1.5)
    user_id = await stage.ask()
    await stage.eventually(lambda: stage.simulator.services, "the deploy has taken effect, its answer has not come")
    await stage.edit(user_id, suspend=True)
    made = stage.simulator.services[0].id
    await stage.eventually(lambda: (stage.row(user_id) or {}).get("pds_service_id") == made, "the row has the id")
    assert (await stage.get(user_id)).status.service_id == made


async def test_a_resource_that_is_being_deleted_has_its_id_in_the_row(stage: Stage) -> None:
    stage.simulator.change(answer_seconds=0.3)
    await stage.operate(PDS_DEPLOY_TIMEOUT=1.5)
    user_id = await stage.ask()
    await stage.eventually(lambda: stage.simulator.services, "the deploy has taken effect, its answer has not come")
    await stage.delete(user_id, propagationPolicy="Foreground")
    made = stage.simulator.services[0].id
    await stage.eventually(lambda: (stage.row(user_id) or {}).get("pds_service_id") == made, "the row has the id")


async def test_an_id_gets_into_the_row_however_long_supabase_is_away(stage: Stage) -> None:
    """The resource is gone, so that the row is the only place for it."""
    stage.simulator.change(answer_seconds=0.3)
    async with flaky_supabase(stage.stack["SUPABASE_URL"]) as supabase:
        await stage.operate(PDS_DEPLOY_TIMEOUT=1.5, SUPABASE_URL=supabase.url)
        user_id = await stage.ask()
        await stage.eventually(lambda: stage.simulator.services, "the deploy has taken effect")
        supabase.away = 3
        await stage.delete(user_id)
        made = stage.simulator.services[0].id
        await stage.eventually(lambda: (stage.row(user_id) or {}).get("pds_service_id") == made, "the row has the id")
        assert supabase.away == 0
        await stage.running[0].stop()


async def test_an_outcome_that_the_api_server_forbids_is_written_once_it_does_not(stage: Stage) -> None:
    stage.simulator.change(answer_seconds=0.1)
    async with forbidden_outcomes(stage.api, stage.namespace):
        await stage.operate(PDS_DEPLOY_TIMEOUT=1.5)
        user_id = await stage.ask()
        await stage.eventually(lambda: stage.simulator.services, "the deploy has taken effect")
        made = stage.simulator.services[0].id
        await stage.eventually(lambda: (stage.row(user_id) or {}).get("pds_service_id") == made, "the row has the id")
        assert (await stage.get(user_id)).status.service_id is None
    provision = await stage.until_ready(user_id)
    assert provision.status.service_id == made
    assert stage.posts() == 1


async def test_paused_deploys_are_told_and_adoption_goes_on(stage: Stage) -> None:
    await stage.operate(PDS_DEPLOY_PAUSED=True)
    user_id = await stage.ask()
    provision = await stage.until_reason(user_id, "DeploysPaused")
    assert condition(provision, "Reconciling") == "True"
    assert stage.posts() == 0
    await stage.running[0].stop()
    await stage.operate()
    await stage.until_ready(user_id)


async def test_no_more_deploys_an_hour_than_allowed_though_all_come_at_once(stage: Stage) -> None:
    stage.simulator.change(check_seconds=0.1)
    users = [await stage.ask(f"user{number}@a.example") for number in range(6)]
    await stage.operate(PDS_MAX_DEPLOYS_PER_HOUR=2)

    async def settled() -> bool:
        reasons = [(await stage.get(user_id)).status.conditions[:1] for user_id in users]
        return sorted(each[0].reason for each in reasons if each) == ["DeployLimitReached"] * 4 + ["Running"] * 2

    await stage.eventually_async(settled, "two run, four wait")
    assert stage.posts() == 2


async def test_no_more_deploys_an_hour_than_allowed(stage: Stage) -> None:
    await stage.operate(PDS_MAX_DEPLOYS_PER_HOUR=2)
    users = [await stage.ask(f"user{number}@a.example") for number in range(2)]
    for user_id in users:
        await stage.until_ready(user_id)
    third = await stage.ask("third@a.example")
    await stage.until_reason(third, "DeployLimitReached")
    assert stage.posts() == 2


async def test_no_more_deploys_at_once_than_allowed_and_everyone_is_served(stage: Stage) -> None:
    stage.simulator.change(deploy_seconds=0.05)
    await stage.operate(PDS_MAX_DEPLOYS=2, PDS_DEPLOY_TIMEOUT=5)
    users = [await stage.ask(f"user{number}@a.example") for number in range(8)]
    for user_id in users:
        await stage.until_ready(user_id)
    spans = [(request.at, request.ended_at or 0.0) for request in stage.simulator.requests.select("/api/v1/deploy")]
    assert len(spans) == 8
    for start, _ in spans:
        assert sum(begin <= start < end for begin, end in spans) <= 2
