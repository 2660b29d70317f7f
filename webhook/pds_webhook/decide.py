"""What a paid checkout does to a PdsProvision that is there already. Pure: from what a GET said to one decision.

Which of two checkouts is newer is decided by the sessions' own times and ids, never by the order of arrival.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from pds_contract.conditions import STALLED
from pds_contract.resource import (
    CHECKOUT_CREATED_ANNOTATION,
    CHECKOUT_SESSION_ANNOTATION,
    RETRY_ANNOTATION,
    PdsProvision,
)
from pds_webhook.answers import Answer, Code
from pds_webhook.wanted import Wanted

MANAGER = "pds-webhook"
"""Field manager of the resources that the webhook makes, and so may change."""
GUEST_MANAGER = "pds-webhook-guest"
"""Field manager where it only annotates somebody else's, so that these never pass for its own later."""

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True)
class Leave:
    """Write nothing."""

    answer: Answer


@dataclass(frozen=True)
class Change:
    """Patch, as this field manager, then answer."""

    answer: Answer
    manager: str
    annotations: dict[str, str]
    spec: dict[str, Any] = field(default_factory=dict)


def decide(existing: PdsProvision, wanted: Wanted) -> Leave | Change:
    """Decide what becomes of a user's resource when another paid checkout of theirs is told."""
    if existing.metadata.deletion_timestamp is not None:
        # Before all else: whatever it records may vanish with it, the intent of this very checkout too.
        return Leave(Answer(Code.RESOURCE_BEING_DELETED, "this user's PdsProvision is being deleted"))
    recorded = _recorded_session(existing)
    if recorded and recorded[1] == wanted.session_id:
        return Leave(Answer(Code.ALREADY_ACCEPTED, "this checkout was accepted before"))
    if recorded and recorded > (wanted.session_created, wanted.session_id):
        return Leave(Answer(Code.SUPERSEDED, "a newer checkout of this user was accepted before", double=True))
    if existing.status.service_id is not None:
        return Leave(Answer(Code.ALREADY_PROVISIONED, "this user has a PDS already", double=True))
    if existing.status.frozen:
        return Leave(Answer(Code.ALREADY_IN_PROGRESS, "a PDS for this user is being made already", double=True))
    double = recorded is not None
    retry = {RETRY_ANNOTATION: wanted.session_id}
    if not _made_by_us(existing):
        answer = Answer(
            Code.RETRY_REQUESTED, "this user's PdsProvision was made by hand: asked for a retry", double=double
        )
        return Change(answer, GUEST_MANAGER, {**wanted.annotations(), **retry})
    answer = Answer(Code.UPDATED, "this user's PdsProvision now asks for what this checkout does", double=double)
    stalled = existing.status.condition(STALLED)
    failed_for_good = stalled is not None and stalled.status == "True"
    return Change(answer, MANAGER, {**wanted.annotations(), **(retry if failed_for_good else {})}, wanted.spec_change())


def _recorded_session(existing: PdsProvision) -> tuple[int, str] | None:
    """Read which checkout was the newest so far. A time that somebody made unreadable counts as the oldest."""
    annotations = existing.metadata.annotations
    session_id = annotations.get(CHECKOUT_SESSION_ANNOTATION)
    if not session_id:
        return None
    created = annotations.get(CHECKOUT_CREATED_ANNOTATION, "")
    return (int(created) if _SECONDS.fullmatch(created) else 0, session_id)


def _made_by_us(existing: PdsProvision) -> bool:
    return any(
        entry.manager == MANAGER and entry.operation == "Update" and not entry.subresource
        for entry in existing.metadata.managed_fields
    )
