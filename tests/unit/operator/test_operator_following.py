"""A resource that has its id: the row kept true, the service followed, Ready kept while others are away."""

from typing import Any

import pytest

from pds_contract.conditions import READY, STALLED, Reason
from pds_contract.errors import CredentialsRejected, DependencyError, NotFound, Refused, TryLater
from pds_contract.resource import PdsProvision
from pds_contract.rows import PdsServiceRow
from pds_contract.service import ServiceState
from pds_operator.protocol.decide import decide
from pds_operator.protocol.failing import failed
from pds_operator.protocol.policy import PERSON_LOOK, SECOND_CHANCE
from pds_operator.protocol.steps import LookAtService, Mirror, Rest
from stages.protocol_stage import (
    HOLD,
    HOSTNAME,
    PROBE,
    READY_NOW,
    TWO_SERVICES_SAID,
    WAIT,
    condition,
    conditions,
    ends_in,
    facts,
    open_claim,
    provision,
    recorded,
    row,
    seen,
    service,
    stands,
    written,
)

DEPLOYED = {"service_id": 800, "hostname": HOSTNAME, "username": "alice", "phase": "provisioning", "attempts": 1}
MIRRORED = row(800, status="provisioning")
NOT_READY = condition(READY, "False", Reason.PROVISIONING)


def deployed(*conditions: Any, **more: Any) -> PdsProvision:
    return provision(seen(**DEPLOYED, conditions=conditions), **more)


def test_the_row_is_written_then_the_service_is_looked_at() -> None:
    assert decide(facts(deployed()), PROBE) == Mirror(MIRRORED)
    assert decide(facts(deployed(), mirrored=MIRRORED), PROBE) == LookAtService(800)


@pytest.mark.parametrize(
    ("state", "expected", "rest"),
    [
        (ServiceState.SETTING_UP, (Reason.PROVISIONING, "operator"), 1.0),
        (ServiceState.ALMOST_READY, (Reason.PROVISIONING, "operator"), 1.0),
        (ServiceState.RUNNING, (Reason.RUNNING, "nobody"), 1800.0),
        (ServiceState.SUSPENDED, (Reason.SERVICE_SUSPENDED, "person"), PERSON_LOOK),
        (ServiceState.TERMINATED, (Reason.SERVICE_TERMINATED, "person"), PERSON_LOOK),
        (ServiceState.SETUP_FAILED, (Reason.SETUP_FAILED, "person"), PERSON_LOOK),
        (ServiceState.NOT_FOUND, (Reason.SERVICE_NOT_FOUND, "person"), PERSON_LOOK),
    ],
)
@pytest.mark.parametrize("before", [(), (READY_NOW,)], ids=["not ready", "ready"])
def test_what_the_backend_says_of_the_service_is_what_stands(
    state: ServiceState, expected: tuple[str, str], rest: float, before: tuple[Any, ...]
) -> None:
    of = deployed(*before)
    step = decide(facts(of, mirrored=MIRRORED, service=service(state)), PROBE)
    assert (stands(step), ends_in(step)) == (expected, rest)
    after = written(of, recorded(step).status)
    assert after.status.service_state is state
    ready = after.status.condition(READY)
    assert ready is not None
    assert (ready.status == "True") == (state is ServiceState.RUNNING)


@pytest.mark.parametrize(("polls", "rest"), [(0, 1.0), (1, 2.0), (4, 16.0), (6, 60.0), (1000, 60.0)])
def test_a_service_that_is_not_settled_is_polled_with_backoff(polls: int, rest: float) -> None:
    step = decide(facts(deployed(), mirrored=MIRRORED, service=service(ServiceState.SETTING_UP), polls=polls), PROBE)
    assert ends_in(step) == rest


def test_a_hostname_that_was_asked_for_and_is_not_used_is_said() -> None:
    step = decide(facts(deployed(hostname="new.example"), mirrored=MIRRORED, service=service()), PROBE)
    assert "not used" in recorded(step).status["conditions"][0]["message"]


@pytest.mark.parametrize(("before", "ready"), [((), "False"), ((READY_NOW,), "True")])
def test_a_row_with_another_id_is_said_and_neither_is_changed(before: tuple[Any, ...], ready: str) -> None:
    step = decide(facts(deployed(*before), mirrored=row(801)), PROBE)
    found = conditions(recorded(step).status)
    assert found[STALLED].reason == Reason.SERVICE_MISMATCH
    assert found[READY].status == ready, "nothing was learned about the service"
    assert "serviceId" not in recorded(step).status


@pytest.mark.parametrize(("before", "ready"), [((), "False"), ((READY_NOW,), "True")])
def test_a_user_who_is_gone_is_said(before: tuple[Any, ...], ready: str) -> None:
    found = conditions(recorded(decide(facts(deployed(*before), user_gone=True), PROBE)).status)
    assert (found[STALLED].reason, found[READY].status) == (Reason.USER_GONE, ready)


@pytest.mark.parametrize(("seen_for", "kept"), [(0.0, True), (WAIT - 1, True), (WAIT, False)])
def test_a_claim_that_an_id_overtook_ends_once_it_was_waited_out(seen_for: float, *, kept: bool) -> None:
    of = provision(seen(**DEPLOYED, claim=open_claim()))
    step = decide(facts(of, mirrored=MIRRORED, service=service(), claim_seen_for=seen_for), PROBE)
    assert (written(of, recorded(step).status).status.claim is not None) == kept


AWAY = [
    TryLater("supabase", "supabase could not be reached"),
    TryLater("backend", "the backend answered 503", 503, retry_after=40.0),
    CredentialsRejected("backend", "the backend does not accept PDS_API_TOKEN", 401),
    CredentialsRejected("supabase", "the project's key is what no header can hold"),
    Refused("backend", "the backend answered 400", 400),
    Refused("supabase", "supabase answered 400", 400),
]


@pytest.mark.parametrize("error", AWAY)
def test_one_that_is_ready_stays_so_while_supabase_or_the_backend_is_away(error: DependencyError) -> None:
    step = failed(facts(deployed(READY_NOW), polls=3), error, PROBE)
    assert step == Rest(getattr(error, "retry_after", None) or 8.0)


@pytest.mark.parametrize("error", AWAY)
def test_one_that_is_not_ready_says_what_is_missing(error: DependencyError) -> None:
    step = failed(facts(deployed(NOT_READY)), error, PROBE)
    reason = "SupabaseUnavailable" if error.dependency == "supabase" else "BackendUnavailable"
    rejected = isinstance(error, CredentialsRejected) and error.dependency == "backend"
    assert stands(step) == (("CredentialsRejected", "person") if rejected else (reason, "operator"))
    assert "attempts" not in recorded(step).status, "its deploy is over"


@pytest.mark.parametrize("error", [each for each in AWAY if "PDS_API_TOKEN" not in str(each)])
def test_one_that_awaits_its_id_keeps_its_words(error: DependencyError) -> None:
    of = provision(seen(phase="deploy_succeeded_no_id", hostname=HOSTNAME))
    assert isinstance(failed(facts(of), error, PROBE), Rest)


def test_a_failure_of_the_api_server_is_written_nowhere() -> None:
    assert failed(facts(polls=1), NotFound("kubernetes", "gone", 404), PROBE) == Rest(2.0)


@pytest.mark.parametrize(("attempts", "rest"), [(0, 5.0), (1, 10.0), (3, 40.0), (30, 600.0)])
def test_a_look_before_a_deploy_that_fails_is_backed_off_in_status(attempts: int, rest: float) -> None:
    of = provision(seen(attempts=attempts))
    step = failed(facts(of), TryLater("backend", "the backend could not be reached"), PROBE)
    assert (stands(step), ends_in(step)) == ((Reason.BACKEND_UNAVAILABLE, "operator"), rest)
    status = written(of, recorded(step).status).status
    assert status.attempts == attempts + 1
    assert status.next_attempt_time is not None
    assert (status.next_attempt_time - facts().now).total_seconds() == rest


def test_a_dependency_that_asks_to_be_left_alone_is() -> None:
    step = failed(facts(provision(seen())), TryLater("backend", "throttled", 429, retry_after=120.0), PROBE)
    assert ends_in(step) == 120.0


def test_a_refused_look_is_for_a_person_and_tried_again_hourly() -> None:
    step = failed(facts(provision(seen())), Refused("backend", "the backend answered 400", 400), PROBE)
    assert (stands(step), ends_in(step)) == ((Reason.DEPLOY_REJECTED, "person"), SECOND_CHANCE)


@pytest.mark.parametrize(("policy", "answered"), [(PROBE, True), (HOLD, False)])
def test_a_failed_look_answers_a_retry_but_not_a_persons_word_under_hold(policy: Any, *, answered: bool) -> None:
    step = failed(facts(provision(seen(), retry="now")), TryLater("backend", "away"), policy)
    assert ("lastHandledRetry" in recorded(step).status) == answered


def test_under_hold_an_unanswered_retry_is_backed_off_too() -> None:
    step = failed(facts(provision(seen(attempts=4), retry="now")), TryLater("backend", "away"), HOLD)
    assert (recorded(step).status["attempts"], ends_in(step)) == (5, 80.0)


def test_rejected_credentials_answer_no_retry() -> None:
    step = failed(facts(provision(seen(), retry="now")), AWAY[2], PROBE)
    assert "lastHandledRetry" not in recorded(step).status
    assert "attempts" not in recorded(step).status, "nothing was tried"


SAID = deployed(condition(READY, "False", Reason.TWO_SERVICES), TWO_SERVICES_SAID)


@pytest.mark.parametrize(
    "known",
    [
        {"mirrored": MIRRORED, "service": service()},
        {"mirrored": MIRRORED, "service": service(ServiceState.SETTING_UP)},
        {"mirrored": MIRRORED, "service": service(ServiceState.SETUP_FAILED)},
        {"mirrored": row(801)},
        {"user_gone": True},
    ],
)
def test_two_services_stay_said_until_a_retry(known: dict[str, Any]) -> None:
    record = recorded(decide(facts(SAID, **known), PROBE))
    stalled = conditions(record.status)[STALLED]
    assert (stalled.reason, stalled.message) == (Reason.TWO_SERVICES, TWO_SERVICES_SAID.message)
    assert not [event for event in record.events if event.type == "Warning"], "it was told once"
    asked = deployed(*SAID.status.conditions, retry="seen to")
    still = conditions(recorded(decide(facts(asked, **known), PROBE)).status).get(STALLED)
    assert still is None or still.reason != Reason.TWO_SERVICES


@pytest.mark.parametrize("error", AWAY)
def test_two_services_stay_said_while_others_are_away(error: DependencyError) -> None:
    found = conditions(recorded(failed(facts(SAID), error, PROBE)).status)
    assert found[STALLED].reason == Reason.TWO_SERVICES


@pytest.mark.parametrize("retry", [None, "now"])
def test_two_services_stay_said_while_suspended(retry: str | None) -> None:
    of = deployed(*SAID.status.conditions, suspend=True, retry=retry)
    assert conditions(recorded(decide(facts(of), PROBE)).status)[STALLED].reason == Reason.TWO_SERVICES


def test_the_row_that_is_written_says_no_more_than_the_missions_words() -> None:
    step = decide(facts(deployed()), PROBE)
    assert isinstance(step, Mirror)
    assert step.row == PdsServiceRow(
        user_id=MIRRORED.user_id, pds_service_id=800, hostname=HOSTNAME, status="provisioning"
    )
