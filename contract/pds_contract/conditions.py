"""Conditions as kstatus and ``kubectl wait`` read them: Ready always, Reconciling and Stalled only while True.

``lastTransitionTime`` moves only when ``status`` moves; messages stay the same from try to try.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal

from pds_contract.resource import Condition

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"
_OURS = (READY, RECONCILING, STALLED)


class Reason(StrEnum):
    """Why a PdsProvision stands as it stands."""

    RUNNING = "Running"
    DEPLOYING = "Deploying"
    PROVISIONING = "Provisioning"
    # Waiting, by itself
    CLAIM_OPEN = "ClaimOpen"
    OUTCOME_UNKNOWN = "OutcomeUnknown"
    BACKEND_UNAVAILABLE = "BackendUnavailable"
    SUPABASE_UNAVAILABLE = "SupabaseUnavailable"
    QUEUED = "Queued"
    DEPLOYS_PAUSED = "DeploysPaused"
    DEPLOY_LIMIT_REACHED = "DeployLimitReached"
    SUSPENDED = "Suspended"
    # For a person
    INVALID_SPEC = "InvalidSpec"
    HOSTNAME_TAKEN = "HostnameTaken"
    RESERVATION_REFUSED = "ReservationRefused"
    ROW_IN_PROGRESS = "RowInProgress"
    AWAITING_SERVICE_ID = "AwaitingServiceId"
    SERVICE_MISMATCH = "ServiceMismatch"
    TWO_SERVICES = "TwoServices"
    USER_GONE = "UserGone"
    DEPLOY_REJECTED = "DeployRejected"
    CREDENTIALS_REJECTED = "CredentialsRejected"
    SETUP_FAILED = "SetupFailed"
    SERVICE_SUSPENDED = "ServiceSuspended"
    SERVICE_TERMINATED = "ServiceTerminated"
    SERVICE_NOT_FOUND = "ServiceNotFound"


@dataclass(frozen=True)
class Trouble:
    """What a person is needed for. The message says what to do, and stays the same from try to try."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Standing:
    """How a resource stands, from which its conditions follow.

    Args:
        ready: Ready's status.
        reason: Ready's reason, and Reconciling's.
        message: For a person; no id or time that changes from try to try, no personal data.
        reconciling: Whether the operator is at work on it, or will be by itself.
        stalled: What a person is needed for, if one is.
    """

    ready: Literal["True", "False", "Unknown"]
    reason: Reason
    message: str
    reconciling: bool = False
    stalled: Trouble | None = None


def at_work(reason: Reason, message: str, ready: Literal["False", "Unknown"] = "False") -> Standing:
    """Not ready yet; the operator goes on by itself."""
    return Standing(ready, reason, message, reconciling=True)


def needs_person(reason: Reason, message: str) -> Standing:
    """Not ready, and not going to be without a person."""
    return Standing("False", reason, message, stalled=Trouble(reason, message))


def conditions_of(
    standing: Standing, before: tuple[Condition, ...], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Write a standing as conditions.

    Args:
        standing: How the resource stands now.
        before: Its conditions so far; those of types that are not ours stay as they are.
        generation: The generation that was read before the standing was found.
        now: The time, for transitions.
    """
    known = {condition.type: condition for condition in before}

    def condition(kind: str, status: Literal["True", "False", "Unknown"], reason: Reason, message: str) -> Condition:
        same = kind in known and known[kind].status == status
        return Condition(
            type=kind,
            status=status,
            observed_generation=generation,
            last_transition_time=known[kind].last_transition_time
            if same
            else now.astimezone(UTC).replace(microsecond=0),
            reason=reason,
            message=message,
        )

    ours = [condition(READY, standing.ready, standing.reason, standing.message)]
    if standing.reconciling:
        ours.append(condition(RECONCILING, "True", standing.reason, standing.message))
    if standing.stalled:
        ours.append(condition(STALLED, "True", standing.stalled.reason, standing.stalled.message))
    return (*ours, *(condition for condition in before if condition.type not in _OURS))
