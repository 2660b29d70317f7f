"""Writing a verdict: the status patch and the Events that follow from how a resource stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pds_contract.conditions import READY, STALLED, Reason, Standing, Trouble, conditions_of
from pds_contract.resource import Condition, PdsProvision, ProvisionStatus
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.schedule import wait_of
from pds_operator.protocol.steps import Event, Record, Rest, StatusPatch

RETRY_MAX = 1024


def after(facts: Facts, seconds: float) -> str:
    """Print the moment so many seconds from now."""
    return timestamp(facts.now + timedelta(seconds=seconds))


def timestamp(moment: datetime) -> str:
    """Print a moment as RFC 3339, in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def conditions_patch(
    provision: PdsProvision, standing: Standing, generation: int, now: datetime
) -> list[dict[str, Any]]:
    """Return the whole list of conditions as JSON; a merge patch replaces lists."""
    conditions = conditions_of(standing, provision.status.conditions, generation, now)
    return [_json(condition) for condition in conditions]


def stand(
    facts: Facts,
    standing: Standing,
    *,
    rest: float | None = None,
    ends: bool = True,
    acted: bool = True,
    **status: object,
) -> Record:
    """Record how a resource stands, with the generation that was read.

    Args:
        facts: What the verdict was reached from.
        standing: The verdict.
        rest: Seconds until the next look, where the visit ends with it.
        ends: Whether the visit ends.
        acted: Whether a request to retry has been answered by this; False where it still waits its turn.
        status: Further fields of status, camelCase.
    """
    provision = facts.provision
    generation = provision.metadata.generation
    said = provision.status.condition(STALLED)
    if said and said.reason == Reason.TWO_SERVICES and not (acted and provision.retry is not None):
        # It stays said until a person has seen to it and asks for a retry.
        standing = replace(standing, stalled=Trouble(Reason.TWO_SERVICES, said.message))
    if provision.edited or provision.retry is not None or wait_of(provision.status, facts.now) <= 0:
        status = {"nextAttemptTime": None, **status}  # what bypassed a date puts an end to it, and so does its coming
    patch: dict[str, Any] = {
        "observedGeneration": generation,
        "conditions": conditions_patch(provision, standing, generation, facts.now),
        **status,
    }
    if acted and provision.retry is not None:
        patch["lastHandledRetry"] = provision.retry[:RETRY_MAX]
    return Record(patch, Rest(rest) if ends else None, transitions(provision, standing))


def says_already(provision: PdsProvision, patch: StatusPatch) -> bool:
    """Tell whether status holds all of a patch, so that writing it would change nothing."""
    status = provision.status
    merged = {**status.model_dump(mode="json", by_alias=True), **patch}
    return ProvisionStatus.model_validate(merged) == status


def transitions(provision: PdsProvision, standing: Standing) -> tuple[Event, ...]:
    """Return the Events that a new standing is worth: it became ready, or a person is needed for something new."""
    events: list[Event] = []
    ready = provision.status.condition(READY)
    if standing.ready == "True" and (ready is None or ready.status != "True"):
        events.append(Event("Normal", Reason.RUNNING, standing.message))
    stalled = provision.status.condition(STALLED)
    if standing.stalled and (stalled is None or stalled.reason != standing.stalled.reason):
        events.append(Event("Warning", standing.stalled.reason, standing.stalled.message))
    return tuple(events)


def _json(condition: Condition) -> dict[str, Any]:
    return {
        "type": condition.type,
        "status": condition.status,
        "observedGeneration": condition.observed_generation,
        "lastTransitionTime": condition.last_transition_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "reason": condition.reason,
        "message": condition.message,
    }
