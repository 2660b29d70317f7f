"""Every way in which a deploy can end, and what moves the resource again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pds_contract.resource import PdsProvision
from pds_stack.backend.bodies import DeployBody
from stages.operator_stage import TOKEN, Stage, condition

HOSTNAME = "alice.eny.k8s.frx.pub"


def waits(provision: PdsProvision, at_least: float, at_most: float) -> bool:
    next_time = provision.status.next_attempt_time
    assert next_time is not None
    return timedelta(seconds=at_least) <= next_time - datetime.now(UTC) <= timedelta(seconds=at_most)


@pytest.mark.parametrize("place", ["service_id", "serviceId", "id", "service.id", "data.id", "data.serviceId"])
async def test_the_id_is_found_in_each_place(stage: Stage, place: str) -> None:
    stage.simulator.change(id_place=place, id_type="string", double_encoded=True, content_type="text/html")
    await stage.operate()
    provision = await stage.until_ready(await stage.ask())
    assert provision.status.service_id == stage.simulator.services[0].id


async def test_an_answer_without_an_id_awaits_it_and_is_not_repeated(stage: Stage) -> None:
    stage.simulator.change(id_place="none")
    await stage.operate()
    user_id = await stage.ask()
    provision = await stage.until_reason(user_id, "AwaitingServiceId")
    assert (provision.status.phase, provision.status.claim) == ("deploy_succeeded_no_id", None)
    told = {"pds_service_id": None, "hostname": HOSTNAME, "status": "deploy_succeeded_no_id"}
    await stage.eventually(lambda: stage.row(user_id) == told, "the row says so too")
    stage.simulator.change(id_place="serviceId")
    await stage.retry(user_id)
    await stage.until(user_id, lambda p: p.status.last_handled_retry == "now", "the retry is handled")
    (made,) = stage.simulator.services
    stage.write_row(user_id, made.id, HOSTNAME, "deploy_succeeded_no_id")
    await stage.retry(user_id, "again")
    provision = await stage.until_ready(user_id)
    assert provision.status.service_id == made.id
    assert stage.posts() == 1


async def test_a_lost_id_is_given_by_a_person(stage: Stage) -> None:
    lost = {"endpoint": "deploy", "times": 1, "effect": "before", "cut": True, "hostname": HOSTNAME}
    stage.simulator.change(faults=[lost])
    await stage.operate()
    bob = await stage.until_ready(await stage.ask("bob@a.example"))
    user_id = await stage.ask()
    await stage.until_reason(user_id, "AwaitingServiceId")
    await stage.edit(user_id, {"pds.eny.space/service-id": str(bob.status.service_id)})
    provision = await stage.until_reason(user_id, "ServiceMismatch")
    assert provision.status.service_id is None, "another customer's service cannot be taken"
    (mine,) = stage.simulator.at_hostname(HOSTNAME)
    await stage.edit(user_id, {"pds.eny.space/service-id": str(mine.id)})
    provision = await stage.until_ready(user_id)
    assert provision.status.service_id == mine.id
    assert stage.row(user_id) == {"pds_service_id": mine.id, "hostname": HOSTNAME, "status": "provisioning"}
    assert stage.posts() == 2


async def test_under_idempotent_a_lost_id_is_learned_by_the_same_post_again(stage: Stage) -> None:
    stage.simulator.change(
        repeated_deploy="same", faults=[{"endpoint": "deploy", "times": 1, "effect": "before", "cut": True}]
    )
    await stage.operate(PDS_REDEPLOY="idempotent")
    user_id = await stage.ask()
    provision = await stage.until_ready(user_id)
    assert len(stage.simulator.services) == 1
    assert provision.status.service_id == stage.simulator.services[0].id
    first, second = stage.simulator.requests.select("/api/v1/deploy")
    assert first.idempotency_key == second.idempotency_key
    assert first.password_sha256 == second.password_sha256


@pytest.mark.parametrize("status", [302, 400, 404, 409, 413, 422])
async def test_a_refusal_stalls_until_an_edit(stage: Stage, status: int) -> None:
    stage.simulator.change(faults=[{"endpoint": "deploy", "times": 1, "status": status, "body": {"message": "secret"}}])
    await stage.operate()
    user_id = await stage.ask()
    provision = await stage.until_reason(user_id, "DeployRejected")
    assert condition(provision, "Stalled") == "True"
    assert (provision.status.phase, provision.status.claim) == ("deploy_failed", None)
    assert waits(provision, 2700, 4500), "the hourly second chance"
    assert "secret" not in provision.model_dump_json()
    await stage.eventually(lambda: (stage.row(user_id) or {}).get("status") == "deploy_failed", "the row says so too")
    await stage.edit(user_id, disksizeGb=11)
    provision = await stage.until_ready(user_id)
    assert [made.disksize for made in stage.simulator.services] == [11]


async def test_a_refusal_stalls_until_a_retry_is_asked_for(stage: Stage) -> None:
    stage.simulator.change(faults=[{"endpoint": "deploy", "times": 1, "status": 400, "body": None}])
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_reason(user_id, "DeployRejected")
    await stage.retry(user_id)
    provision = await stage.until_ready(user_id)
    assert provision.status.last_handled_retry == "now"
    assert len(stage.simulator.services) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_waited_out(stage: Stage, status: int) -> None:
    fault = {"endpoint": "deploy", "times": 1, "status": status, "body": None, "headers": {"Retry-After": "7200"}}
    stage.simulator.change(faults=[fault])
    await stage.operate()
    user_id = await stage.ask()
    provision = await stage.until(user_id, lambda p: p.status.phase == "deploy_failed", "the first try has failed")
    assert waits(provision, 3590, 3601), "as long as asked, an hour at most"
    assert condition(provision, "Stalled") is None


async def test_503_without_an_effect_is_probed_and_deployed_again(stage: Stage) -> None:
    stage.simulator.change(faults=[{"endpoint": "deploy", "times": 2, "status": 503, "body": None}])
    await stage.operate()
    provision = await stage.until_ready(await stage.ask())
    assert len(stage.simulator.services) == 1
    assert stage.posts() == 3
    assert len(stage.simulator.requests.select("/api/v1/check-pds")) == 3
    assert provision.status.attempts == 3


@pytest.mark.parametrize("fault", [{"cut": True}, {"hang": True}, {"status": 500, "body": "<h1>", "content": "html"}])
async def test_an_answer_lost_after_the_effect_is_one_pds_that_awaits_its_id(
    stage: Stage, fault: dict[str, object]
) -> None:
    stage.simulator.change(faults=[{"endpoint": "deploy", "times": 1, "effect": "before", **fault}])
    await stage.operate()
    user_id = await stage.ask()
    unknown = await stage.until_reason(user_id, "OutcomeUnknown")
    assert unknown.status.claim
    assert unknown.status.claim.outcome == "Unknown"
    await stage.until_reason(user_id, "AwaitingServiceId")
    assert len(stage.simulator.services) == 1
    assert stage.posts() == 1


@pytest.mark.parametrize("fault", [{"cut": True}, {"hang": True}])
async def test_a_request_lost_before_any_effect_is_sent_again(stage: Stage, fault: dict[str, object]) -> None:
    stage.simulator.change(faults=[{"endpoint": "deploy", "times": 1, **fault}])
    await stage.operate()
    await stage.until_ready(await stage.ask())
    assert len(stage.simulator.services) == 1
    assert stage.posts() == 2


async def test_a_probe_that_is_gone_for_a_moment_is_no_reason_to_send_a_deploy_in_doubt_again(stage: Stage) -> None:
    lost = {"endpoint": "deploy", "times": 1, "effect": "before", "cut": True}
    gone = {"endpoint": "check", "times": 1, "status": 404, "body": "<h1>", "content": "html"}
    stage.simulator.change(faults=[lost])
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_reason(user_id, "OutcomeUnknown")
    stage.simulator.change(faults=[gone])
    await stage.until_reason(user_id, "AwaitingServiceId")
    assert stage.simulator.behaviour.faults == []
    assert stage.posts() == 1


async def test_a_refusal_without_a_probe_says_nothing_of_whose_the_hostname_is(stage: Stage) -> None:
    body = DeployBody(username="x", password="x" * 20, email="s@a.example", hostname="taken.example.com", disksize=1)
    stage.simulator.plant(body)
    stage.simulator.change(check_pds=404, repeated_deploy="conflict")
    await stage.operate()
    user_id = await stage.ask(hostname="taken.example.com")
    await stage.until_reason(user_id, "DeployRejected")
    stage.simulator.change(check_pds="available")
    await stage.retry(user_id)
    await stage.until_reason(user_id, "HostnameTaken")


async def test_an_awaited_id_is_asked_after_under_its_own_hostname_whatever_the_base_domain_is_now(
    stage: Stage,
) -> None:
    stage.simulator.change(id_place="none")
    operator = await stage.operate()
    user_id = await stage.ask()
    await stage.until_reason(user_id, "AwaitingServiceId")
    await operator.stop()
    await stage.operate(PDS_BASE_DOMAIN="new.example.org")
    await stage.retry(user_id)
    await stage.until(user_id, lambda p: p.status.last_handled_retry == "now", "the retry is handled")
    assert [made.hostname for made in stage.simulator.services] == [HOSTNAME]


async def test_nothing_shortens_the_wait_after_an_unknown_outcome(stage: Stage) -> None:
    stage.simulator.change(faults=[{"endpoint": "deploy", "times": 1, "effect": "before", "cut": True}])
    await stage.operate(PDS_SETTLE_SECONDS=3600)
    user_id = await stage.ask()
    await stage.until_reason(user_id, "OutcomeUnknown")
    checks = len(stage.simulator.requests.select("/api/v1/check-pds"))
    await stage.retry(user_id)
    await stage.edit(user_id, suspend=True)
    await stage.until_reason(user_id, "Suspended")
    await stage.edit(user_id, suspend=False)
    # Another customer served after it shows that the operator has been past it.
    await stage.until_ready(await stage.ask("bob@a.example"))
    assert len(stage.simulator.requests.select("/api/v1/check-pds")) == checks + 1
    provision = await stage.get(user_id)
    assert provision.status.claim
    assert provision.status.last_handled_retry is None, "the request to retry waits its turn"


async def test_without_a_probe_an_unknown_outcome_is_sent_again_with_the_same_key_and_body(stage: Stage) -> None:
    stage.simulator.change(check_pds=404, faults=[{"endpoint": "deploy", "times": 1, "cut": True}])
    await stage.operate()
    await stage.until_ready(await stage.ask())
    first, second = stage.simulator.requests.select("/api/v1/deploy")
    assert first.idempotency_key == second.idempotency_key
    assert (first.body, first.password_sha256) == (second.body, second.password_sha256)


@pytest.mark.parametrize("status", [409, 422])
async def test_a_conflict_after_an_unknown_outcome_means_that_it_exists(stage: Stage, status: int) -> None:
    lost = {"endpoint": "deploy", "times": 1, "effect": "before", "cut": True}
    stage.simulator.change(check_pds=404, faults=[lost, {"endpoint": "deploy", "status": status, "body": None}])
    await stage.operate()
    user_id = await stage.ask()
    provision = await stage.until_reason(user_id, "AwaitingServiceId")
    assert (provision.status.phase, provision.status.claim) == ("deploy_succeeded_no_id", None)
    assert len(stage.simulator.services) == 1


@pytest.mark.parametrize("check_pds", ["available", 404])
async def test_under_hold_an_unknown_outcome_waits_for_a_person(stage: Stage, check_pds: str | int) -> None:
    stage.simulator.change(check_pds=check_pds, faults=[{"endpoint": "deploy", "times": 1, "cut": True}])
    await stage.operate(PDS_REDEPLOY="hold")
    user_id = await stage.ask()
    stalled = await stage.until(user_id, lambda p: condition(p, "Stalled") == "True", "stalled")
    assert stalled.status.conditions[0].reason == "OutcomeUnknown"
    assert stage.posts() == 1
    await stage.retry(user_id)
    await stage.until_ready(user_id)
    assert len(stage.simulator.services) == 1


async def test_a_refused_connection_is_tried_again_and_nothing_was_sent(stage: Stage) -> None:
    await stage.operate(PDS_API_URL="http://127.0.0.1:9/api/v1")
    user_id = await stage.ask()
    provision = await stage.until_reason(user_id, "BackendUnavailable")
    assert (provision.status.claim, provision.status.phase) == (None, None)
    await stage.until(user_id, lambda p: p.status.attempts >= 3, "it tries again by itself")


async def test_rejected_credentials_are_told_and_a_new_token_moves_everyone(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    token = tmp_path / "PDS_API_TOKEN"
    token.write_text("an-old-token")
    await stage.operate(PDS_API_TOKEN="an-old-token")
    first = await stage.ask()
    provision = await stage.until_reason(first, "CredentialsRejected")
    assert condition(provision, "Stalled") == "True"
    others = [await stage.ask(f"user{number}@a.example") for number in range(3)]
    for user_id in others:
        await stage.until_reason(user_id, "CredentialsRejected")
    assert len(stage.simulator.requests.select("/api/v1/check-pds")) == 1, "the circuit is open for all"
    token.write_text(TOKEN)
    await stage.retry(others[0])
    for user_id in (first, *others):
        await stage.until_ready(user_id)


async def test_supabase_away_keeps_a_customer_from_ready_and_nothing_is_deployed(stage: Stage) -> None:
    operator = await stage.operate(SUPABASE_URL="http://127.0.0.1:9")
    user_id = await stage.ask()
    await stage.until_reason(user_id, "SupabaseUnavailable")
    assert stage.posts() == 0
    await operator.stop()
    await stage.operate()
    await stage.until_ready(user_id)


@pytest.mark.parametrize(
    ("state", "word", "reason", "stalled"),
    [
        (0, "SettingUp", "Provisioning", None),
        (2, "AlmostReady", "Provisioning", None),
        (7, "SettingUp", "Provisioning", None),
        (4, "Suspended", "ServiceSuspended", "True"),
        (5, "Terminated", "ServiceTerminated", "True"),
        (9, "SetupFailed", "SetupFailed", "True"),
    ],
)
async def test_each_state_of_a_service_has_its_word(
    stage: Stage, state: int, word: str, reason: str, stalled: str | None
) -> None:
    stage.simulator.change(states=[[state, None]])
    await stage.operate()
    user_id = await stage.ask()
    provision = await stage.until(user_id, lambda p: p.status.service_state == word, word)
    assert provision.status.conditions[0].reason == reason
    assert condition(provision, "Ready") == "False"
    assert condition(provision, "Stalled") == stalled
    assert provision.status.phase == "provisioning"
    row = stage.row(user_id)
    assert row
    assert row["pds_service_id"] == provision.status.service_id


async def test_a_service_is_followed_until_it_runs_and_afterwards(stage: Stage) -> None:
    stage.simulator.change(states=[[0, 0.15], [2, 0.15], [3, None]])
    await stage.operate()
    user_id = await stage.ask()
    await stage.until(user_id, lambda p: p.status.service_state == "SettingUp", "setting up")
    await stage.until_ready(user_id)
    stage.simulator.remove(stage.simulator.services[0])
    provision = await stage.until_reason(user_id, "ServiceNotFound")
    assert provision.status.service_state == "NotFound"
    assert stage.posts() == 1, "never deployed again"


async def test_a_backend_away_does_not_flip_a_ready_resource(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    ready = await stage.until_ready(user_id)
    looks = len(stage.simulator.requests.select("/api/v1/service/"))
    stage.simulator.change(faults=[{"endpoint": "service", "times": None, "status": 500, "body": None}])
    await stage.eventually(
        lambda: len(stage.simulator.requests.select("/api/v1/service/")) >= looks + 2, "it was looked at twice"
    )
    assert (await stage.get(user_id)).metadata.resource_version == ready.metadata.resource_version


async def test_who_waits_for_a_place_says_so(stage: Stage) -> None:
    stage.simulator.change(deploy_seconds=60.0)
    await stage.operate(PDS_MAX_DEPLOYS=1, PDS_DEPLOY_TIMEOUT=60)
    first = await stage.ask("first@a.example")
    await stage.eventually(stage.posts, "the first is being deployed")
    second = await stage.ask("second@a.example")
    await stage.until_reason(second, "Queued")
    stage.simulator.change(deploy_seconds=0.0)
    stage.simulator.interrupt()
    await stage.until_ready(second)
    assert (await stage.get(first)).status.claim, "its outcome is unknown"
