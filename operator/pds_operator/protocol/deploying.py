"""A deploy around its POST: the claim before it, and what each outcome makes of the resource and the row."""

from dataclasses import dataclass
from typing import Any

from pds_contract.conditions import Reason, Standing, Trouble, at_work, needs_person
from pds_contract.deploy import Deployed, DeployOutcome, NotSent, OutcomeUnknown, Rejected, Throttled, Unauthorized
from pds_contract.phase import Phase
from pds_contract.resource import ClaimOutcome, PdsProvision
from pds_contract.rows import PdsServiceRow
from pds_operator.protocol import awaiting
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.policy import SECOND_CHANCE, Policy
from pds_operator.protocol.record import after, conditions_patch, stand, timestamp, transitions
from pds_operator.protocol.schedule import jittered, retry_delay
from pds_operator.protocol.steps import Deploy, Event, Record, StatusPatch

_EXISTS_ALREADY = {409, 422}


def attempts_after(provision: PdsProvision) -> int:
    """Count one more try; an edit or a request to retry begins anew."""
    asked = provision.edited or provision.retry is not None
    return 1 if asked else provision.status.attempts + 1


def claim(facts: Facts, step: Deploy, claim_id: str, policy: Policy) -> Record:
    """Return the claim, to be written under the resourceVersion that was read."""
    attempts = attempts_after(facts.provision)
    record = stand(
        facts,
        at_work(Reason.DEPLOYING, f"Deploying {step.hostname}.", ready="False"),
        ends=False,
        hostname=step.hostname,
        username=step.username,
        attempts=attempts,
        lastAttemptTime=timestamp(facts.now),
        nextAttemptTime=None,
        claim={
            "id": claim_id,
            "attempt": attempts,
            "hostname": step.hostname,
            "hostnameAbsent": step.hostname_absent,
            "startTime": timestamp(facts.now),
            "durationSeconds": policy.claim_seconds,
            "timeoutSeconds": policy.deploy_timeout,
            "outcome": None,
        },
    )
    first = facts.provision.status.phase is None and facts.provision.status.claim is None
    events = (Event("Normal", Reason.DEPLOYING, f"Deploying {step.hostname}."),) if first else ()
    return Record(record.status, None, (*events, *record.events))


@dataclass(frozen=True)
class Attempt:
    """One deploy, as its holder knows it.

    Args:
        claim_id: The claim under which it was sent.
        hostname: What it deployed.
        in_doubt: Whether an earlier deploy may have taken effect; then only an answer to that ends the claim.
        probed_absent: Whether the probe said, right before this one, that the hostname does not exist.
    """

    claim_id: str
    hostname: str
    in_doubt: bool
    probed_absent: bool


@dataclass(frozen=True)
class Conclusion:
    """What an outcome makes of the resource.

    Args:
        status: What to write; None: nothing, for the claim is somebody else's by now and nothing was learned.
        events: What to tell, once written.
    """

    status: StatusPatch | None
    events: tuple[Event, ...] = ()


def row_after(user_id: str, attempt: Attempt, outcome: DeployOutcome) -> PdsServiceRow:
    """Return the row that an outcome makes, by the mission's three words."""
    service_id = outcome.service_id if isinstance(outcome, Deployed) else None
    return PdsServiceRow(
        user_id=user_id,
        pds_service_id=service_id,
        hostname=attempt.hostname,
        status=_phase(outcome, attempt),
    )


def conclude(facts: Facts, attempt: Attempt, outcome: DeployOutcome, policy: Policy) -> Conclusion:
    """Say what to write of an outcome, into the resource as ``facts`` has it from the last read or write."""
    provision = facts.provision
    mine = provision.status.claim is not None and provision.status.claim.id == attempt.claim_id
    if isinstance(outcome, Deployed) and outcome.service_id is not None:
        return _with_id(facts, attempt, outcome.service_id, mine=mine)
    if not mine:
        return Conclusion(None)
    if provision.status.service_id is not None:
        return Conclusion({"claim": None})
    generation = max(provision.status.observed_generation, 0)
    standing, ends, wait = _without_id(facts, attempt, outcome, policy)
    status: dict[str, Any] = {
        "phase": _phase(outcome, attempt).value,
        "conditions": conditions_patch(provision, standing, generation, facts.now),
        "nextAttemptTime": None if wait is None else after(facts, wait),
        "claim": None if ends else {"outcome": ClaimOutcome.UNKNOWN.value},
    }
    if ends and status["phase"] == Phase.DEPLOY_FAILED:
        # Nothing was made: whoever turns out to have the hostname, it is not by this deploy.
        status |= {"hostname": None, "username": None}
    return Conclusion(status, transitions(provision, standing))


def _with_id(facts: Facts, attempt: Attempt, service_id: int, *, mine: bool) -> Conclusion:
    provision = facts.provision
    known = provision.status.service_id
    generation = max(provision.status.observed_generation, 0)
    if known == service_id:
        return Conclusion({"claim": None} if mine else None)
    if known is not None:
        message = (
            f"The backend made services {known} and {service_id} for this user. Service {known} is the customer's; end "
            "the other one at the backend, then ask for a retry."
        )
        standing = Standing("False", Reason.TWO_SERVICES, message, stalled=Trouble(Reason.TWO_SERVICES, message))
        status: dict[str, Any] = {"conditions": conditions_patch(provision, standing, generation, facts.now)}
        if mine:
            status["claim"] = None
        return Conclusion(status, transitions(provision, standing))
    standing = at_work(Reason.PROVISIONING, "Deployed; looking at the service's state.")
    status = {
        "phase": Phase.PROVISIONING.value,
        "serviceId": service_id,
        "hostname": attempt.hostname,
        "conditions": conditions_patch(provision, standing, generation, facts.now),
        "nextAttemptTime": None,
    }
    if mine:
        status["claim"] = None
    return Conclusion(
        status, (Event("Normal", "Deployed", f"{attempt.hostname} was deployed as service {service_id}."),)
    )


def _phase(outcome: DeployOutcome, attempt: Attempt) -> Phase:
    if isinstance(outcome, Deployed):
        return Phase.PROVISIONING if outcome.service_id is not None else Phase.DEPLOY_SUCCEEDED_NO_ID
    if _shows_earlier_effect(outcome, attempt):
        return Phase.DEPLOY_SUCCEEDED_NO_ID
    return Phase.DEPLOY_FAILED


def _is_conflict(outcome: DeployOutcome, attempt: Attempt) -> bool:
    return attempt.in_doubt and isinstance(outcome, Rejected) and outcome.status in _EXISTS_ALREADY


def _shows_earlier_effect(outcome: DeployOutcome, attempt: Attempt) -> bool:
    """Whether the answer means that the earlier deploy took effect; where the probe denied it, the next one decides."""
    return _is_conflict(outcome, attempt) and not attempt.probed_absent


def _without_id(
    facts: Facts, attempt: Attempt, outcome: DeployOutcome, policy: Policy
) -> tuple[Standing, bool, float | None]:
    """Return the standing, whether the claim ends, and the seconds until the next try."""
    in_doubt = attempt.in_doubt
    delay = retry_delay(facts.provision.status.attempts, policy, facts.chance)
    match outcome:
        case Deployed():
            return awaiting.standing(), True, None
        case Rejected() if _shows_earlier_effect(outcome, attempt):
            return awaiting.standing(), True, None
        case Rejected(status) if _is_conflict(outcome, attempt):
            text = (
                f"The backend refused the deploy ({status}) after one whose outcome is unknown. spec stays frozen "
                "until that is cleared up: the hostname is probed again hourly, or when a retry is asked for."
            )
            return needs_person(Reason.DEPLOY_REJECTED, text), False, jittered(SECOND_CHANCE, facts.chance)
        case OutcomeUnknown(message, retry_after):
            text = f"{_sentence(message)} Whether it took effect is looked up before anything is sent again."
            wait = max(policy.takeover_wait(), delay, retry_after or 0.0)
            return at_work(Reason.OUTCOME_UNKNOWN, text), False, wait
        case Rejected(status):
            text = (
                f"The backend refused the deploy ({status}). It is tried again hourly; see the backend's log for why, "
                "then edit spec or ask for a retry."
            )
            # A doubt that the probe has settled ends with this answer.
            ends = not in_doubt or attempt.probed_absent
            return needs_person(Reason.DEPLOY_REJECTED, text), ends, jittered(SECOND_CHANCE, facts.chance)
        case Unauthorized():
            return credentials_rejected(), not in_doubt, delay
        case Throttled(retry_after):
            text = "The backend asks to send deploys later (429)."
            return at_work(Reason.BACKEND_UNAVAILABLE, text), not in_doubt, retry_after or delay
        case NotSent(message):
            text = f"{_sentence(message)} Nothing was sent."
            return at_work(Reason.BACKEND_UNAVAILABLE, text), not in_doubt, delay


def credentials_rejected() -> Standing:
    """Return the standing of everybody while the backend rejects our token."""
    return needs_person(
        Reason.CREDENTIALS_REJECTED, "The backend does not accept PDS_API_TOKEN. Put a valid one in place."
    )


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}."
