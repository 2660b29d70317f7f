"""When to look at a resource again, all of it found from its status."""

from datetime import datetime, timedelta

from pds_contract.conditions import READY
from pds_contract.resource import SERVICE_ID_ANNOTATION, Claim, PdsProvision, ProvisionStatus
from pds_operator.protocol.policy import ABANDONED_MARGIN, POLL_BASE, POLL_CAP, RETRY_CAP, SECOND_CHANCE, Policy

JITTER = 0.2
QUIET_START = 30.0
"""For how long, in seconds, one that was just listed is left alone that needs nothing: those who wait come first."""


def jittered(seconds: float, chance: float) -> float:
    """Spread a delay by a fifth either way. ``chance`` is a number from 0 to 1."""
    return seconds * (1 - JITTER + 2 * JITTER * chance)


def retry_delay(attempts: int, policy: Policy, chance: float) -> float:
    """Return the delay after so many tries: doubling from ``PDS_RETRY_BASE``, ten minutes at most, jittered."""
    return jittered(min(policy.retry_base * 2.0 ** min(attempts - 1, 30), RETRY_CAP), chance)


def poll_delay(polls: int, policy: Policy, chance: float) -> float:
    """Return the delay after so many looks at a service that is not settled: a second at first, a minute at most."""
    first = min(policy.retry_base, POLL_BASE)
    return jittered(min(first * 2.0 ** min(polls, 30), POLL_CAP), chance)


def claim_wait(claim: Claim, seen_for: float, now: datetime, policy: Policy) -> float:
    """Return how many more seconds an open claim that is not our own is waited out; 0 or less: no more.

    Measured on our own clock from when we first saw it: the timestamp is of another clock, and serves only to tell a
    claim that is abandoned beyond doubt.
    """
    wait = policy.takeover_wait(claim)
    if now - claim.start_time > timedelta(seconds=wait + ABANDONED_MARGIN):
        return 0.0
    return wait - seen_for


def reservation_wait(provision: PdsProvision, seen_for: float, now: datetime, policy: Policy) -> float:
    """Return the same for a reservation older than the resource, which stands for a claim of unknown age.

    That claim is no younger than the resource.
    """
    wait = policy.takeover_wait()
    made = provision.metadata.creation_timestamp
    if made and now - made > timedelta(seconds=wait + ABANDONED_MARGIN):
        return 0.0
    return wait - seen_for


def wait_of(status: ProvisionStatus, now: datetime) -> float:
    """Return how many seconds are left until ``nextAttemptTime``; 0 or less: none.

    A time further away than any that is ever written is of a clock that was wrong, and counts for nothing.
    """
    if status.next_attempt_time is None:
        return 0.0
    left = (status.next_attempt_time - now).total_seconds()
    return left if left <= jittered(SECOND_CHANCE, 1.0) else 0.0


def is_asked(provision: PdsProvision) -> bool:
    """Tell whether somebody has asked for something that no backoff delays: an edit, a retry, an id that was given."""
    given = provision.status.service_id is None and SERVICE_ID_ANNOTATION in provision.metadata.annotations
    return provision.edited or provision.retry is not None or given


def is_settled(provision: PdsProvision) -> bool:
    """Tell whether a resource needs no more than a look now and then."""
    ready = provision.status.condition(READY)
    return bool(
        ready
        and ready.status == "True"
        and not provision.edited
        and provision.retry is None
        and provision.status.claim is None
    )


def first_look(provision: PdsProvision, now: datetime, policy: Policy, chance: float) -> float | None:
    """Return in how many seconds a resource that was just listed or changed is to be looked at; None: not at all."""
    if provision.metadata.deletion_timestamp:
        return None
    if is_settled(provision):
        quiet = min(QUIET_START, JITTER * policy.poll_ready)
        return quiet + (policy.poll_ready - quiet) * chance
    return 0.0 if is_asked(provision) else max(0.0, wait_of(provision.status, now))
