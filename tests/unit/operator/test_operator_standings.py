"""What status says: valid, the same from try to try, told once, and never personal."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pds_contract.conditions import READY, STALLED, Reason, Standing, at_work, needs_person
from pds_contract.deploy import Deployed, DeployOutcome, NotSent, OutcomeUnknown, Presence, Rejected, Unauthorized
from pds_contract.errors import CredentialsRejected, Refused, TryLater
from pds_contract.phase import Phase
from pds_contract.resource import Condition, PdsProvision
from pds_contract.rows import PdsServiceLookup
from pds_contract.service import ServiceState
from pds_operator.protocol.decide import decide
from pds_operator.protocol.deploying import Attempt, Conclusion, claim, conclude
from pds_operator.protocol.facts import Facts, Held
from pds_operator.protocol.failing import failed
from pds_operator.protocol.record import says_already, stand, timestamp, transitions
from pds_operator.protocol.steps import Record
from stages.protocol_stage import (
    EMAIL,
    FIRST_DEPLOY,
    FORMER_UID,
    HOLD,
    HOSTNAME,
    NOW,
    OTHER_USER,
    PROBE,
    READY_NOW,
    TWO_SERVICES_SAID,
    WAIT,
    after,
    condition,
    facts,
    lookup,
    open_claim,
    provision,
    recorded,
    reservation,
    row,
    seen,
    service,
    written,
)

FRESH = provision()
CLAIMED = provision(seen(hostname=HOSTNAME, username="alice", attempts=1, claim=open_claim(id="mine")))
DEPLOYED = provision(seen(hostname=HOSTNAME, username="alice", phase="provisioning", service_id=800))
NO_ID = provision(seen(hostname=HOSTNAME, username="alice", phase="deploy_succeeded_no_id"))
ASKED = {
    "reservation": reservation(),
    "lookup": lookup(),
    "presences": {HOSTNAME: Presence.ABSENT},
    "row_seen_for": WAIT,
}
ADOPTING = {"reservation": reservation(), "lookup": lookup(row(800))}
MIRRORED = {"mirrored": row(800, status="provisioning")}
Say = Callable[[Facts], Record | Conclusion]


def deciding(policy: Any = PROBE, **known: Any) -> Say:
    return lambda at: recorded(decide(replace(at, **known), policy))


def failing(error: Any, **known: Any) -> Say:
    return lambda at: recorded(failed(replace(at, **known), error, PROBE))


def concluding(outcome: DeployOutcome, *, in_doubt: bool = False) -> Say:
    def say(at: Facts) -> Conclusion:
        # The next try has a claim of its own.
        status = at.provision.status.model_copy(update={"claim": open_claim(id="mine")})
        of = at.provision.model_copy(update={"status": status})
        return conclude(
            replace(at, provision=of), Attempt("mine", HOSTNAME, in_doubt, probed_absent=False), outcome, PROBE
        )

    return say


VERDICTS: dict[str, tuple[PdsProvision, Say]] = {
    "suspended": (provision(suspend=True), deciding()),
    "suspended and ready": (provision(seen(conditions=(READY_NOW,)), suspend=True), deciding()),
    "invalid spec": (provision(hostname="www.eny.example"), deciding(lookup=lookup())),
    "taken": (FRESH, deciding(candidate=2)),
    "former self": (FRESH, deciding(reservation=reservation(uid=FORMER_UID), lookup=lookup())),
    "user gone": (FRESH, deciding(**{**ASKED, "lookup": PdsServiceLookup(user_exists=False)})),
    "row in progress": (FRESH, deciding(**{**ASKED, "lookup": lookup(row(status="provisioning"))})),
    "paused": (FRESH, deciding(**ASKED, held=Held(Reason.DEPLOYS_PAUSED, "Deploys are paused.", 600.0))),
    "hold": (CLAIMED, deciding(HOLD, **ASKED, claim_seen_for=WAIT)),
    "exists": (CLAIMED, deciding(**{**ASKED, "presences": {HOSTNAME: Presence.EXISTS}}, claim_seen_for=WAIT)),
    "claim": (
        FRESH,
        lambda at: claim(at, FIRST_DEPLOY, "i", PROBE),
    ),
    "mismatched reservation": (
        FRESH,
        deciding(**{**ADOPTING, "reservation": reservation(user_id=OTHER_USER)}, candidate=1),
    ),
    "mismatched hostname": (FRESH, deciding(**ADOPTING, service=service(hostname=None))),
    "mismatched holder": (FRESH, deciding(**ADOPTING, service=service(), holder="pds-other")),
    "row's service unknown": (FRESH, deciding(**ADOPTING, service=service(ServiceState.NOT_FOUND, None))),
    "adopted": (FRESH, deciding(**ADOPTING, service=service(), holder="")),
    "awaiting": (NO_ID, deciding(mirrored=row(status="deploy_succeeded_no_id"))),
    "awaiting, user gone": (NO_ID, deciding(user_gone=True)),
    "deployed, user gone": (DEPLOYED, deciding(user_gone=True)),
    "another id in the row": (DEPLOYED, deciding(mirrored=row(801))),
    **{state: (DEPLOYED, deciding(**MIRRORED, service=service(state))) for state in ServiceState},
    "supabase away": (FRESH, failing(TryLater("supabase", "supabase could not be reached"))),
    "backend away": (FRESH, failing(TryLater("backend", "the backend answered 503", 503, 30.0))),
    "backend refuses": (FRESH, failing(Refused("backend", "the backend answered 400", 400))),
    "credentials": (FRESH, failing(CredentialsRejected("backend", "the backend does not accept PDS_API_TOKEN", 401))),
    "deployed, backend away": (DEPLOYED, failing(TryLater("backend", "the backend answered 503", 503))),
    **{
        f"outcome {outcome}": (CLAIMED, concluding(outcome))
        for outcome in (
            Deployed(800),
            Deployed(None),
            NotSent("no connection came about"),
            OutcomeUnknown("the connection was cut"),
            Rejected(400),
            Unauthorized(401),
        )
    },
    "exists already": (CLAIMED, concluding(Rejected(409), in_doubt=True)),
    "two services": (DEPLOYED, concluding(Deployed(801))),
}
every_verdict = pytest.mark.parametrize(("of", "say"), VERDICTS.values(), ids=VERDICTS)


def patch_of(verdict: Record | Conclusion) -> dict[str, Any]:
    assert verdict.status is not None
    return dict(verdict.status)


@every_verdict
def test_a_verdict_merged_into_status_is_a_valid_status_that_says_so(of: PdsProvision, say: Say) -> None:
    patch = patch_of(say(facts(of)))
    after_it = written(of, patch)
    ready = after_it.status.condition(READY)
    assert ready is not None, "Ready is always there"
    if isinstance(patch.get("claim"), dict):  # an outcome marks a claim: a patch within the patch
        return
    assert says_already(after_it, patch)
    assert not says_already(provision(), patch)


@every_verdict
def test_a_verdict_says_the_same_at_any_time_and_is_told_once(of: PdsProvision, say: Say) -> None:
    first = say(facts(of, chance=0.1))
    again_on = written(of, {"conditions": patch_of(first)["conditions"], "attempts": 7})
    again = say(facts(again_on, now=after(60), chance=0.9))
    assert patch_of(again)["conditions"] == patch_of(first)["conditions"], "lastTransitionTime included"
    assert not [event for event in again.events if event.type == "Warning" or event.reason == Reason.RUNNING]


@every_verdict
def test_a_verdict_holds_no_e_mail(of: PdsProvision, say: Say) -> None:
    verdict = say(facts(of))
    assert EMAIL not in repr(verdict)
    for event in verdict.events:
        assert event.message.strip()


def test_a_date_is_printed_in_utc_with_milliseconds() -> None:
    assert timestamp(NOW) == "2026-11-01T12:00:00.000Z"


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({}, True),
        ({"serviceId": 800}, True),
        ({"hostname": HOSTNAME, "claim": None, "nextAttemptTime": None}, True),
        ({"phase": "provisioning"}, True),
        ({"serviceId": 801}, False),
        ({"phase": None}, False),
        ({"nextAttemptTime": timestamp(NOW)}, False),
        ({"conditions": []}, True),
        ({"serviceState": "Running"}, False),
        ({"observedGeneration": 2}, False),
    ],
)
def test_a_patch_that_changes_nothing_is_known(patch: dict[str, Any], *, expected: bool) -> None:
    assert says_already(DEPLOYED, patch) == expected


READY_STANDING = Standing("True", Reason.RUNNING, "It runs.")
WORKING = at_work(Reason.PROVISIONING, "At work.")
STUCK = needs_person(Reason.SETUP_FAILED, "See to it.")
STUCK_SAID = condition(STALLED, "True", Reason.SETUP_FAILED)


@pytest.mark.parametrize(
    ("before", "standing", "reasons"),
    [
        ((), WORKING, []),
        ((), READY_STANDING, ["Running"]),
        ((condition(READY, "False", Reason.PROVISIONING),), READY_STANDING, ["Running"]),
        ((READY_NOW,), READY_STANDING, []),
        ((READY_NOW,), WORKING, []),
        ((), STUCK, ["SetupFailed"]),
        ((READY_NOW,), STUCK, ["SetupFailed"]),
        ((STUCK_SAID,), STUCK, []),
        ((TWO_SERVICES_SAID,), STUCK, ["SetupFailed"]),
        ((STUCK_SAID,), READY_STANDING, ["Running"]),
        ((), replace(READY_STANDING, stalled=STUCK.stalled), ["Running", "SetupFailed"]),
    ],
)
def test_events_are_posted_only_on_transitions(
    before: tuple[Condition, ...], standing: Standing, reasons: list[str]
) -> None:
    events = transitions(provision(seen(conditions=before)), standing)
    assert [event.reason for event in events] == reasons
    assert [event.type for event in events] == ["Normal" if each == "Running" else "Warning" for each in reasons]


def test_a_verdict_carries_the_generation_that_was_read() -> None:
    patch = patch_of(stand(facts(provision(generation=7)), WORKING))
    assert patch["observedGeneration"] == 7
    assert {each["observedGeneration"] for each in patch["conditions"]} == {7}


def test_a_retry_longer_than_its_field_is_answered_all_the_same() -> None:
    of = provision(retry="x" * 5000)
    answered = written(of, patch_of(stand(facts(of), WORKING)))
    assert answered.retry is None


def test_phases_are_the_missions_three_words() -> None:
    assert {*Phase} == {"provisioning", "deploy_failed", "deploy_succeeded_no_id"}
