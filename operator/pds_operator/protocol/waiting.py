"""How long customers wait for their PDS: since when one has been waiting, and for how long one had. Pure.

Nothing but status is asked, so that a restart or another leader changes no answer.
"""

from datetime import datetime

from pds_contract.conditions import READY, STALLED
from pds_contract.resource import PdsProvision


def waiting_since(provision: PdsProvision) -> datetime | None:
    """Return since when a resource has been on its way to Ready, or back to it.

    None where it is Ready, or nobody expects it to become so by itself: it is suspended, being deleted, or a person is
    needed.
    """
    if provision.spec.suspend or provision.metadata.deletion_timestamp is not None:
        return None
    if provision.status.holds(READY) or provision.status.holds(STALLED):
        return None
    ready = provision.status.condition(READY)
    return ready.last_transition_time if ready and _was_ready(provision) else provision.asked_at


def first_wait(before: PdsProvision, now: datetime) -> float | None:
    """Return for how many seconds the customer had waited whose resource turns Ready now.

    Args:
        before: The resource as it was until now.
        now: The time by our own clock; the customer's payment is of Stripe's.

    Returns:
        None where nobody waited for a deploy: the resource was Ready already, now or before; or its service was
        adopted, so that it has no username of a claim, or no try.
    """
    status = before.status
    deployed = status.username is not None and status.last_attempt_time is not None
    if before.asked_at is None or not deployed or status.holds(READY) or _was_ready(before):
        return None
    return max(0.0, (now - before.asked_at).total_seconds())


def _was_ready(provision: PdsProvision) -> bool:
    """Whether it was Ready once, and is not now.

    Ready is False from the first look on, and with an id there are no tries any more: a transition that is younger than
    the last try is one from True.
    """
    status, ready = provision.status, provision.status.condition(READY)
    if ready is None or ready.status == "True" or status.service_id is None:
        return False
    return status.last_attempt_time is None or ready.last_transition_time > status.last_attempt_time
