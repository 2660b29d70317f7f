"""What a person can do about a resource that needs one, and that it is enough."""

import pytest

from pds_contract.resource import SERVICE_ID_ANNOTATION, PdsProvision
from pds_stack.backend.bodies import DeployBody
from stages.operator_stage import Stage, condition

HOSTNAME = "alice.eny.k8s.frx.pub"
LOST = {"endpoint": "deploy", "times": 1, "effect": "before", "cut": True}
CUT = {"endpoint": "deploy", "times": 1, "cut": True}
REFUSED = {"endpoint": "deploy", "times": None, "status": 400, "body": None}


def planted(stage: Stage, hostname: str = HOSTNAME) -> int:
    """Make a PDS at the backend by hand, and return its id."""
    body = DeployBody(username="alice", password="x" * 20, email="old@a.example", hostname=hostname, disksize=10)
    return stage.simulator.plant(body).id


async def give_id(stage: Stage, user_id: str, service_id: object) -> None:
    await stage.edit(user_id, {SERVICE_ID_ANNOTATION: str(service_id)})


async def remove_annotation(stage: Stage, user_id: str) -> None:
    path = f"/apis/pds.eny.space/v1alpha1/namespaces/{stage.namespace}/pdsprovisions/pds-{user_id}"
    change = {"metadata": {"annotations": {SERVICE_ID_ANNOTATION: None}}}
    await stage.api.call("PATCH", path, body=change, content_type="application/merge-patch+json")


async def stalled_for(stage: Stage, user_id: str, reason: str) -> PdsProvision:
    def holds(provision: PdsProvision) -> bool:
        found = provision.status.condition("Stalled")
        return found is not None and found.reason == reason

    return await stage.until(user_id, holds, f"a person is needed: {reason}")


async def is_adopted(stage: Stage, user_id: str, service_id: int, *, posts: int) -> None:
    provision = await stage.until_ready(user_id)
    assert provision.status.service_id == service_id
    assert condition(provision, "Stalled") is None
    assert stage.row(user_id) == {"pds_service_id": service_id, "hostname": HOSTNAME, "status": "provisioning"}
    assert stage.posts() == posts


@pytest.mark.parametrize("restarted", [False, True])
async def test_an_id_that_was_lost_is_given(stage: Stage, *, restarted: bool) -> None:
    stage.simulator.change(id_place="none")
    operator = await stage.operate()
    user_id = await stage.ask()
    await stalled_for(stage, user_id, "AwaitingServiceId")
    if restarted:
        await operator.stop()
    await give_id(stage, user_id, stage.simulator.services[0].id)
    if restarted:
        await stage.operate()
    await is_adopted(stage, user_id, stage.simulator.services[0].id, posts=1)


@pytest.mark.parametrize("check_pds", ["available", 404])
async def test_under_hold_a_deploy_in_doubt_is_resolved_by_its_id(stage: Stage, check_pds: str | int) -> None:
    stage.simulator.change(check_pds=check_pds, faults=[LOST])
    await stage.operate(PDS_REDEPLOY="hold")
    user_id = await stage.ask()
    reason = "AwaitingServiceId" if check_pds == "available" else "OutcomeUnknown"
    await stalled_for(stage, user_id, reason)
    await give_id(stage, user_id, stage.simulator.services[0].id)
    await is_adopted(stage, user_id, stage.simulator.services[0].id, posts=1)


@pytest.mark.parametrize("check_pds", ["available", 404])
async def test_under_hold_a_deploy_in_doubt_that_came_to_nothing_is_resolved_by_a_retry(
    stage: Stage, check_pds: str | int
) -> None:
    stage.simulator.change(check_pds=check_pds, faults=[CUT])
    await stage.operate(PDS_REDEPLOY="hold")
    user_id = await stage.ask()
    await stalled_for(stage, user_id, "OutcomeUnknown")
    await stage.retry(user_id)
    await stage.until_ready(user_id)
    assert len(stage.simulator.services) == 1
    assert stage.posts() == 2


async def test_under_hold_a_retry_by_mistake_makes_no_second_pds_where_it_can_be_known(stage: Stage) -> None:
    stage.simulator.change(faults=[LOST])
    await stage.operate(PDS_REDEPLOY="hold")
    user_id = await stage.ask()
    await stalled_for(stage, user_id, "AwaitingServiceId")
    await stage.retry(user_id)
    await stage.until(user_id, lambda p: p.status.last_handled_retry == "now", "the retry is handled")
    await give_id(stage, user_id, stage.simulator.services[0].id)
    await is_adopted(stage, user_id, stage.simulator.services[0].id, posts=1)


async def test_a_refusal_is_resolved_by_a_retry_each_value_once(stage: Stage) -> None:
    stage.simulator.change(faults=[REFUSED])
    await stage.operate()
    user_id = await stage.ask()
    await stalled_for(stage, user_id, "DeployRejected")
    await stage.retry(user_id, "first")
    await stage.until(user_id, lambda p: p.status.last_handled_retry == "first", "the retry is handled")
    await stage.edit(user_id, {"look": "at me"})
    # Another customer's refusal shows that the operator has been past it.
    await stalled_for(stage, await stage.ask("bob@a.example"), "DeployRejected")
    assert stage.posts() == 3, "two of the one, one of the other"
    stage.simulator.change(faults=[])
    await stage.retry(user_id, "second")
    await stage.until_ready(user_id)


async def test_a_refusal_is_resolved_by_the_id_of_what_was_made_by_hand(stage: Stage) -> None:
    stage.simulator.change(faults=[REFUSED])
    await stage.operate()
    user_id = await stage.ask()
    await stalled_for(stage, user_id, "DeployRejected")
    service_id = planted(stage)
    await give_id(stage, user_id, service_id)
    await is_adopted(stage, user_id, service_id, posts=1)


async def test_an_id_that_is_given_from_the_beginning(stage: Stage) -> None:
    service_id, user_id = planted(stage), stage.new_user()
    await stage.provisions.create(
        f"pds-{user_id}", {"userId": user_id, "email": "alice@a.example"}, {SERVICE_ID_ANNOTATION: str(service_id)}
    )
    await stage.operate()
    await is_adopted(stage, user_id, service_id, posts=0)


@pytest.mark.parametrize("given", ["4711", "no number", "0", "-1", "", "9" * 400])
async def test_a_wrong_id_is_told_and_forbids_a_deploy_until_it_is_gone(stage: Stage, given: str) -> None:
    user_id = stage.new_user()
    await stage.provisions.create(
        f"pds-{user_id}", {"userId": user_id, "email": "alice@a.example"}, {SERVICE_ID_ANNOTATION: given}
    )
    await stage.operate()
    await stalled_for(stage, user_id, "ServiceNotFound" if given == "4711" else "ServiceMismatch")
    await stage.retry(user_id)
    await stage.until(user_id, lambda p: p.status.last_handled_retry == "now", "the retry is handled")
    assert stage.posts() == 0
    await remove_annotation(stage, user_id)
    await stage.retry(user_id, "without it")
    await stage.until_ready(user_id)
    assert stage.posts() == 1


async def test_nothing_a_person_asks_for_disturbs_one_that_is_ready(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    before = await stage.until_ready(user_id)
    await give_id(stage, user_id, planted(stage, "another.example.com"))
    await stage.retry(user_id)
    after = await stage.until(user_id, lambda p: p.status.last_handled_retry == "now", "the retry is handled")
    assert after.status.service_id == before.status.service_id
    assert condition(after, "Ready") == "True"
    assert stage.posts() == 1


async def test_paused_deploys_go_on_once_they_are_not_and_nothing_goes_before(stage: Stage) -> None:
    first = await stage.operate(PDS_DEPLOY_PAUSED=True)
    user_id = await stage.ask()
    await stage.until_reason(user_id, "DeploysPaused")
    await stage.retry(user_id)
    edited = await stage.edit(user_id, disksizeGb=20)

    def observed(provision: PdsProvision) -> bool:
        return provision.status.observed_generation == edited.metadata.generation

    await stage.until(user_id, observed, "the edit is observed")
    await stage.until_reason(user_id, "DeploysPaused")
    assert stage.posts() == 0
    await first.stop()
    await stage.operate()
    provision = await stage.until_ready(user_id)
    assert [made.disksize for made in stage.simulator.services] == [20]
    assert provision.status.last_handled_retry == "now", "it was answered by the deploy"


async def test_while_deploys_are_paused_ids_are_adopted_and_services_followed(stage: Stage) -> None:
    operator = await stage.operate()
    running = await stage.ask("bob@a.example")
    provision = await stage.until_ready(running)
    await operator.stop()
    await stage.operate(PDS_DEPLOY_PAUSED=True)
    by_annotation, by_row = stage.new_user(), stage.new_user()
    given = planted(stage)
    await stage.provisions.create(
        f"pds-{by_annotation}",
        {"userId": by_annotation, "email": "alice@a.example"},
        {SERVICE_ID_ANNOTATION: str(given)},
    )
    in_row = planted(stage, "carol.eny.k8s.frx.pub")
    stage.write_row(by_row, in_row, "carol.eny.k8s.frx.pub", "provisioning")
    await stage.ask_for(by_row, "carol@a.example")
    assert (await stage.until_ready(by_row)).status.service_id == in_row
    await is_adopted(stage, by_annotation, given, posts=1)
    service = stage.simulator.find(provision.status.service_id or 0)
    assert service
    service.go_through([(4, None)], stage.simulator.clock())
    await stage.until_reason(running, "ServiceSuspended")
