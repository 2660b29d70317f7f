"""The mission's idempotency rules: what a row of pds_services that is there already makes of a resource."""

import pytest

from pds_stack.backend.bodies import DeployBody
from stages.operator_stage import Stage, condition

HOSTNAME = "alice.eny.k8s.frx.pub"


def planted(stage: Stage, hostname: str = HOSTNAME) -> int:
    """Make a PDS at the backend that no operator has deployed, and return its id."""
    body = DeployBody(username="alice", password="x" * 20, email="old@a.example", hostname=hostname, disksize=10)
    return stage.simulator.plant(body).id


async def test_a_row_with_an_id_is_adopted_and_nothing_deployed(stage: Stage) -> None:
    service_id, user_id = planted(stage), stage.new_user()
    stage.write_row(user_id, service_id, HOSTNAME, "provisioning")
    await stage.operate()
    await stage.ask_for(user_id)
    provision = await stage.until_ready(user_id)
    assert (provision.status.service_id, provision.status.hostname) == (service_id, HOSTNAME)
    assert stage.posts() == 0


async def test_the_row_s_hostname_is_kept(stage: Stage) -> None:
    service_id, user_id = planted(stage, "old.eny.k8s.frx.pub"), stage.new_user()
    stage.write_row(user_id, service_id, "old.eny.k8s.frx.pub", "provisioning")
    await stage.operate()
    await stage.ask_for(user_id, hostname="wanted.example.com")
    provision = await stage.until_ready(user_id)
    assert provision.status.hostname == "old.eny.k8s.frx.pub"
    ready = provision.status.condition("Ready")
    assert ready
    assert "the hostname that spec asks for is not used" in ready.message
    assert stage.row(user_id) == {
        "pds_service_id": service_id,
        "hostname": "old.eny.k8s.frx.pub",
        "status": "provisioning",
    }
    assert stage.posts() == 0


async def test_an_id_with_another_hostname_is_no_match(stage: Stage) -> None:
    service_id, user_id = planted(stage, "stranger.example.com"), stage.new_user()
    stage.write_row(user_id, service_id, HOSTNAME, "provisioning")
    await stage.operate()
    await stage.ask_for(user_id)
    provision = await stage.until_reason(user_id, "ServiceMismatch")
    assert condition(provision, "Stalled") == "True"
    assert provision.status.service_id is None
    assert stage.posts() == 0


async def test_an_id_that_another_resource_has_is_no_match(stage: Stage) -> None:
    await stage.operate()
    owner = await stage.ask("alice@a.example")
    service_id = (await stage.until_ready(owner)).status.service_id
    thief = stage.new_user()
    stage.write_row(thief, service_id, HOSTNAME, "provisioning")
    await stage.ask_for(thief, "alice@b.example")
    provision = await stage.until_reason(thief, "ServiceMismatch")
    assert provision.status.service_id is None
    assert stage.posts() == 1


async def test_an_id_that_the_backend_does_not_know_is_told(stage: Stage) -> None:
    user_id = stage.new_user()
    stage.write_row(user_id, 4711, HOSTNAME, "provisioning")
    await stage.operate()
    await stage.ask_for(user_id)
    await stage.until_reason(user_id, "ServiceNotFound")
    assert stage.posts() == 0


async def test_a_row_in_progress_without_an_id_is_not_deployed_and_says_so(stage: Stage) -> None:
    user_id = stage.new_user()
    stage.write_row(user_id, None, HOSTNAME, "provisioning")
    await stage.operate()
    await stage.ask_for(user_id)
    provision = await stage.until_reason(user_id, "RowInProgress")
    assert condition(provision, "Stalled") == "True"
    assert stage.posts() == 0
    # A person finds out that there is no PDS, and says so in the row.
    stage.write_row(user_id, None, HOSTNAME, "deploy_failed")
    await stage.retry(user_id)
    await stage.until_ready(user_id)


@pytest.mark.parametrize("status", ["deploy_failed", "deploy_succeeded_no_id"])
@pytest.mark.parametrize("check_pds", ["available", 404, 405, 501])
async def test_what_failed_before_is_deployed_where_the_backend_lacks_the_hostname_or_has_no_probe(
    stage: Stage, status: str, check_pds: str | int
) -> None:
    stage.simulator.change(check_pds=check_pds)
    user_id = stage.new_user()
    stage.write_row(user_id, None, HOSTNAME, status)
    await stage.operate()
    await stage.ask_for(user_id)
    provision = await stage.until_ready(user_id)
    assert len(stage.simulator.services) == 1
    assert stage.row(user_id) == {
        "pds_service_id": provision.status.service_id,
        "hostname": HOSTNAME,
        "status": "provisioning",
    }


@pytest.mark.parametrize(("status", "phase"), [("deploy_failed", None), ("deploy_succeeded_no_id",) * 2])
async def test_what_a_row_tells_of_and_exists_awaits_its_id(stage: Stage, status: str, phase: str | None) -> None:
    """Under the hostname of a deploy that failed it may be a stranger's: nothing is frozen."""
    service_id, user_id = planted(stage), stage.new_user()
    stage.write_row(user_id, None, HOSTNAME, status)
    await stage.operate()
    await stage.ask_for(user_id)
    provision = await stage.until_reason(user_id, "AwaitingServiceId")
    assert condition(provision, "Stalled") == "True"
    assert provision.status.phase == phase
    assert stage.row(user_id) == {"pds_service_id": None, "hostname": HOSTNAME, "status": status}
    assert stage.posts() == 0
    # A person finds the id and writes it into the row.
    stage.write_row(user_id, service_id, HOSTNAME, "deploy_succeeded_no_id")
    await stage.retry(user_id)
    provision = await stage.until_ready(user_id)
    assert provision.status.service_id == service_id
    assert stage.posts() == 0


async def test_an_earlier_deploy_under_another_hostname_is_asked_after(stage: Stage) -> None:
    planted(stage, "alice-old.eny.k8s.frx.pub")
    user_id = stage.new_user()
    stage.write_row(user_id, None, "alice-old.eny.k8s.frx.pub", "deploy_succeeded_no_id")
    await stage.operate()
    await stage.ask_for(user_id)
    provision = await stage.until_reason(user_id, "AwaitingServiceId")
    assert provision.status.hostname == "alice-old.eny.k8s.frx.pub"
    assert stage.posts() == 0


async def test_an_earlier_deploy_under_another_hostname_that_came_to_nothing_is_in_nobodys_way(stage: Stage) -> None:
    user_id = stage.new_user()
    stage.write_row(user_id, None, "alice-.eny.k8s.frx.pub", "deploy_failed")
    await stage.operate()
    await stage.ask_for(user_id)
    await stage.until_ready(user_id)
    other = stage.new_user()
    stage.write_row(other, None, "bob-old.eny.k8s.frx.pub", "deploy_failed")
    await stage.ask_for(other, "bob@a.example")
    provision = await stage.until_ready(other)
    assert provision.status.hostname == "bob.eny.k8s.frx.pub"


async def test_an_id_that_was_awaited_is_in_the_row_with_its_status(stage: Stage) -> None:
    stage.simulator.change(id_place="none")
    await stage.operate(PDS_POLL_READY=3600)
    user_id = await stage.ask()
    await stage.until_reason(user_id, "AwaitingServiceId")
    (made,) = stage.simulator.services
    await stage.eventually(lambda: stage.row(user_id), "the row is there")
    stage.write_row(user_id, made.id, HOSTNAME, "deploy_succeeded_no_id")
    await stage.edit(user_id, {"look": "now"})
    await stage.until_ready(user_id)
    assert stage.row(user_id) == {"pds_service_id": made.id, "hostname": HOSTNAME, "status": "provisioning"}


async def test_a_user_who_does_not_exist_gets_nothing(stage: Stage) -> None:
    await stage.operate()
    user_id = "00000000-0000-4000-8000-000000000000"
    await stage.ask_for(user_id)
    await stage.until_reason(user_id, "UserGone")
    assert stage.simulator.services == []


async def test_a_row_that_was_changed_behind_our_back_is_mended_at_the_next_look(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    provision = await stage.until_ready(user_id)
    stage.database.execute("delete from pds_services where user_id = %s", (user_id,))
    await stage.eventually(lambda: stage.row(user_id), "the row is back")
    stage.write_row(user_id, provision.status.service_id, "wrong.example.com", "deploy_failed")
    mended = {"pds_service_id": provision.status.service_id, "hostname": HOSTNAME, "status": "provisioning"}
    await stage.eventually(lambda: stage.row(user_id) == mended, "the row is mended")


async def test_another_id_in_the_row_is_told_and_left_alone(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    provision = await stage.until_ready(user_id)
    stage.write_row(user_id, 4711, HOSTNAME, "provisioning")
    told = await stage.until(
        user_id, lambda p: (stalled := p.status.condition("Stalled")) and stalled.reason == "ServiceMismatch", "told"
    )
    assert condition(told, "Ready") == "True", "it was mirrored once, and runs"
    row = stage.row(user_id)
    assert row
    assert row["pds_service_id"] == 4711
    stage.write_row(user_id, provision.status.service_id, HOSTNAME, "provisioning")
    await stage.retry(user_id)
    await stage.until(user_id, lambda p: p.status.condition("Stalled") is None, "no longer stalled")


WAIT = 2.0 + 0.4 + 0.1
"""D + T + S of the operators below."""


async def waits_anew(stage: Stage, user_id: str, **spec: str) -> None:
    """A resource made anew waits as long as its predecessor did; only then the backend is asked."""

    def asked() -> list[float]:
        return [each.at for each in stage.simulator.requests.select("/api/v1/check-pds")]

    await stage.eventually(asked, "the first resource has waited, and asks")
    await stage.delete(user_id)
    stage.simulator.requests.clear()
    made = stage.simulator.clock()
    await stage.ask_for(user_id, **spec)
    await stage.eventually(asked, "the second one has waited")
    assert min(asked()) - made >= WAIT


async def test_an_earlier_resources_row_is_waited_for_by_each_that_is_made_anew(stage: Stage) -> None:
    """What the operator remembers of the row from the resource before does not count: a deploy came in between."""
    stage.simulator.change(faults=[{"endpoint": "check", "times": None, "status": 503}])
    user_id = stage.new_user()
    stage.write_row(user_id, None, "older.example.com", "deploy_failed")
    await stage.operate(PDS_CLAIM_SECONDS=2.0)
    await stage.ask_for(user_id)
    await waits_anew(stage, user_id)


async def test_an_earlier_resources_reservation_is_waited_for_by_each_that_is_made_anew(stage: Stage) -> None:
    stage.simulator.change(faults=[{"endpoint": "check", "times": None, "status": 503}])
    user_id = stage.new_user()
    await stage.operate(PDS_CLAIM_SECONDS=2.0)
    await stage.ask_for(user_id)
    await stage.eventually(lambda: stage.posts("/api/v1/check-pds"), "it has reserved the hostname, and asks")
    await stage.delete(user_id)
    stage.simulator.requests.clear()
    await stage.ask_for(user_id)
    await waits_anew(stage, user_id)
