"""A resource that has its service's id: keep the row true, follow the service."""

from typing import Any

from pds_contract.conditions import READY, Reason, Standing, at_work, needs_person
from pds_contract.phase import Phase
from pds_contract.rows import PdsServiceRow
from pds_contract.service import ServiceState
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.policy import PERSON_LOOK, Policy
from pds_operator.protocol.record import stand
from pds_operator.protocol.schedule import claim_wait, jittered, poll_delay
from pds_operator.protocol.steps import LookAtService, Mirror, Record, Step

_PERSON_NEEDED = {
    ServiceState.SETUP_FAILED: (
        Reason.SETUP_FAILED,
        "The backend failed to set the service up (state 9). Have that mended there; it is not deployed a second time.",
    ),
    ServiceState.SUSPENDED: (Reason.SERVICE_SUSPENDED, "The backend has suspended the service (state 4)."),
    ServiceState.TERMINATED: (Reason.SERVICE_TERMINATED, "The backend has terminated the service (state 5)."),
    ServiceState.NOT_FOUND: (
        Reason.SERVICE_NOT_FOUND,
        "The backend does not know the service any more (404). It is not deployed a second time.",
    ),
}


def user_gone() -> Standing:
    """Return the standing of a deployed resource whose user was removed."""
    return needs_person(
        Reason.USER_GONE,
        "The user is not in auth.users any more, so the row in pds_services cannot be kept. End the service at the "
        "backend and delete this resource, or restore the user.",
    )


def follow(facts: Facts, policy: Policy) -> Step:
    """Mirror, then look at the service, then record both."""
    provision = facts.provision
    service_id = provision.status.service_id
    assert service_id is not None  # noqa: S101 - the caller's condition, for mypy
    if facts.user_gone:
        return _record(facts, policy, user_gone(), rest=PERSON_LOOK)
    if facts.mirrored is None:
        return Mirror(
            PdsServiceRow(
                user_id=provision.spec.user_id,
                pds_service_id=service_id,
                hostname=provision.status.hostname,
                status=Phase.PROVISIONING,
            )
        )
    if facts.mirrored.pds_service_id != service_id:
        message = (
            "The user's row in pds_services has another id than status.serviceId. Neither is changed: find out which "
            "service is the customer's, and correct the row."
        )
        return _record(facts, policy, needs_person(Reason.SERVICE_MISMATCH, message), rest=PERSON_LOOK)
    if facts.service is None:
        return LookAtService(service_id)
    return _state(facts, policy, facts.service.state)


def _state(facts: Facts, policy: Policy, state: ServiceState) -> Record:
    provision = facts.provision
    if state is ServiceState.RUNNING:
        in_use, asked = provision.status.hostname, provision.spec.hostname
        message = f"The PDS runs as {in_use}."
        if asked and asked != in_use:
            message += " It was there before this resource; the hostname that spec asks for is not used."
        standing = Standing("True", Reason.RUNNING, message)
        return _record(facts, policy, standing, rest=jittered(policy.poll_ready, facts.chance), state=state)
    if state in _PERSON_NEEDED:
        return _record(facts, policy, needs_person(*_PERSON_NEEDED[state]), rest=PERSON_LOOK, state=state)
    words = "almost ready" if state is ServiceState.ALMOST_READY else "setting the service up"
    standing = at_work(Reason.PROVISIONING, f"Deployed; the backend is {words}.")
    return _record(facts, policy, standing, rest=poll_delay(facts.polls, policy, facts.chance), state=state)


def _record(
    facts: Facts, policy: Policy, standing: Standing, *, rest: float, state: ServiceState | None = None
) -> Record:
    status = facts.provision.status
    more: dict[str, Any] = {}
    if state is not None:
        more["serviceState"] = state.value
    else:
        standing = _still_ready(facts, standing)
    if status.claim and claim_wait(status.claim, facts.claim_seen_for, facts.now, policy) <= 0:
        more["claim"] = None  # of a holder that an id from elsewhere overtook; its deploy is over or never was
    return stand(facts, standing, rest=rest, **more)


def _still_ready(facts: Facts, standing: Standing) -> Standing:
    """Keep Ready while nothing was learned about the service itself: it was mirrored once, and runs."""
    ready = facts.provision.status.condition(READY)
    if ready and ready.status == "True":
        return Standing("True", Reason.RUNNING, ready.message, stalled=standing.stalled)
    return standing
