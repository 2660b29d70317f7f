"""A look at a dependency failed: what that makes of the resource, and when to look again."""

from pds_contract.conditions import READY, Reason, at_work, needs_person
from pds_contract.errors import CredentialsRejected, DependencyError, Refused, TryLater
from pds_contract.phase import Phase
from pds_operator.protocol.deploying import attempts_after, credentials_rejected
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.policy import PERSON_LOOK, SECOND_CHANCE, Policy, Redeploy
from pds_operator.protocol.record import after, stand, timestamp
from pds_operator.protocol.schedule import jittered, poll_delay, retry_delay
from pds_operator.protocol.steps import Record, Rest

_REASONS = {"backend": Reason.BACKEND_UNAVAILABLE, "supabase": Reason.SUPABASE_UNAVAILABLE}


def reservation_refused(facts: Facts, error: Refused) -> Record:
    """Say what becomes of a resource whose hostname's Secret the API server would not make or show."""
    text = f"The Secret that reserves the hostname was refused ({error}). Mend the operator's rights, or the quota."
    return stand(facts, needs_person(Reason.RESERVATION_REFUSED, text), rest=PERSON_LOOK, acted=False)


def failed(facts: Facts, error: DependencyError, policy: Policy) -> Record | Rest:
    """Say what becomes of a resource whose visit met this error.

    A resource that is ready stays so, and one that awaits its id or follows its service keeps its words; the backoff
    of those is in memory. The backoff of a deploy is kept in status.
    """
    status = facts.provision.status
    ready = status.condition(READY)
    follows = status.service_id is not None or status.phase is Phase.DEPLOY_SUCCEEDED_NO_ID
    asked_to_wait = error.retry_after if isinstance(error, TryLater) else None
    in_memory = max(poll_delay(facts.polls, policy, facts.chance), asked_to_wait or 0.0)
    if error.dependency not in _REASONS or (follows and ready and ready.status == "True"):
        return Rest(in_memory)
    message = f"{str(error)[:1].upper()}{str(error)[1:]}."
    if isinstance(error, CredentialsRejected) and error.dependency == "backend":
        return stand(facts, credentials_rejected(), rest=in_memory, acted=False)
    if status.phase is Phase.DEPLOY_SUCCEEDED_NO_ID and status.service_id is None:
        return Rest(in_memory)
    if follows:
        return stand(facts, at_work(_REASONS[error.dependency], message), rest=in_memory)
    # A person's word that a deploy in doubt may be repeated holds until the deploy is really tried.
    acted = policy.redeploy is not Redeploy.HOLD
    attempts = attempts_after(facts.provision) if acted else status.attempts + 1
    if isinstance(error, TryLater):
        wait = max(retry_delay(attempts, policy, facts.chance), asked_to_wait or 0.0)
        standing = at_work(_REASONS[error.dependency], message)
    else:
        wait = jittered(SECOND_CHANCE, facts.chance)
        text = f"{message} It is tried again hourly; see its log for why, then edit spec or ask for a retry."
        standing = needs_person(Reason.DEPLOY_REJECTED, text)
    return stand(
        facts,
        standing,
        rest=wait,
        acted=acted,
        attempts=attempts,
        lastAttemptTime=timestamp(facts.now),
        nextAttemptTime=after(facts, wait),
    )
