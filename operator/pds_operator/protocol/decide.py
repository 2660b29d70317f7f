"""The protocol's decision: facts in, the next step out.

The order of the looks is the protocol's: resource, reservation, row, probe, claim. ``docs/protocol.md`` gives the
reason of each rule.
"""

from collections.abc import Sequence

from pds_contract.conditions import READY, Reason, Standing, at_work, needs_person
from pds_contract.phase import Phase
from pds_contract.rows import REDEPLOYABLE_STATUSES
from pds_operator.protocol import adopt, awaiting, prior, redeploy, running
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.naming import Names, candidates, objection
from pds_operator.protocol.policy import PERSON_LOOK, SECOND_CHANCE, Policy
from pds_operator.protocol.record import after, stand
from pds_operator.protocol.redeploy import is_inherited
from pds_operator.protocol.schedule import claim_wait, is_asked, jittered, reservation_wait, wait_of
from pds_operator.protocol.steps import LookUpRow, Probe, Reserve, Rest, Step, TryNextName


def decide(facts: Facts, policy: Policy) -> Step:
    """Say what to do next about a resource."""
    provision = facts.provision
    status = provision.status
    if provision.metadata.deletion_timestamp:
        return Rest(None)
    if provision.spec.suspend:
        return _suspended(facts)
    if status.service_id is not None:
        return running.follow(facts, policy)
    if status.claim:
        left = claim_wait(status.claim, facts.claim_seen_for, facts.now, policy)
        if left > 0:
            return Rest(left)
    elif status.phase is Phase.DEPLOY_SUCCEEDED_NO_ID and provision.retry is None:
        return awaiting.follow(facts)
    left = wait_of(status, facts.now)
    if left > 0 and not is_asked(provision) and not facts.called:
        return Rest(left)
    return _before_deploy(facts, policy)


def _suspended(facts: Facts) -> Step:
    ready = facts.provision.status.condition(READY)
    if ready and ready.status == "True":
        return stand(facts, Standing("True", Reason.RUNNING, ready.message), acted=False)
    standing = Standing("False", Reason.SUSPENDED, "Suspended by spec.suspend; set it to false to go on.")
    return stand(facts, standing, acted=False)


def _before_deploy(facts: Facts, policy: Policy) -> Step:
    provision = facts.provision
    names = candidates(provision, policy.hostnames)
    if facts.candidate >= len(names):
        return _taken(facts, names[-1].hostname)
    name = names[facts.candidate]
    if _objection(facts, policy, name) is None:
        if facts.reservation is None:
            return Reserve(name.hostname)
        if facts.reservation.hostname == name.hostname and facts.reservation.user_id != provision.spec.user_id:
            return TryNextName()
    if facts.lookup is None:
        return LookUpRow(name.hostname)
    return _with_row(facts, policy, names)


def _objection(facts: Facts, policy: Policy, name: Names) -> str | None:
    """Say why nothing is deployed under this name; what was sent already, or is frozen, is past objecting."""
    provision = facts.provision
    return None if provision.status.frozen else objection(name, provision, policy.hostnames)


def _wait_for_former_self(facts: Facts, policy: Policy, name: Names) -> Step | None:
    """Where the reservation is an earlier resource's, its deploy may be under way: wait as for an open claim."""
    if not is_inherited(facts, name):
        return None
    left = reservation_wait(facts.provision, facts.reservation_seen_for, facts.now, policy)
    if left <= 0:
        return None
    return stand(
        facts,
        at_work(
            Reason.CLAIM_OPEN,
            "An earlier resource of this user reserved the hostname; waiting until no deploy of it can be under way.",
        ),
        rest=left,
        acted=False,
    )


def _with_row(facts: Facts, policy: Policy, names: Sequence[Names]) -> Step:
    name, provision = names[facts.candidate], facts.provision
    lookup = facts.lookup
    assert lookup is not None  # noqa: S101 - the caller's condition, for mypy
    if not lookup.user_exists:
        return stand(
            facts,
            needs_person(
                Reason.USER_GONE,
                "spec.userId is not in auth.users, so nothing is deployed. Delete this resource, or restore the user.",
            ),
            rest=PERSON_LOOK,
        )
    row = lookup.row
    given = (row and adopt.by_row(row, name.hostname)) or adopt.by_annotation(provision, name.hostname, row)
    if given:
        return adopt.follow(facts, given)
    if row and row.status not in REDEPLOYABLE_STATUSES:
        return stand(
            facts,
            needs_person(
                Reason.ROW_IN_PROGRESS,
                "The user's row in pds_services has no pds_service_id, and a status that forbids a deploy. Write the "
                "id into the row if the PDS exists; else set the row's status to deploy_failed.",
            ),
            rest=PERSON_LOOK,
        )
    if lookup.hostname_elsewhere and not provision.status.frozen and provision.status.hostname != name.hostname:
        return TryNextName()
    waiting = _wait_for_former_self(facts, policy, name) or (row and prior.ask_after(facts, policy, row, names))
    if waiting:
        return waiting
    reason = _objection(facts, policy, name)
    if reason:
        return stand(facts, needs_person(Reason.INVALID_SPEC, reason), rest=PERSON_LOOK, nextAttemptTime=None)
    if name.hostname not in facts.presences:
        return Probe(name.hostname)
    return redeploy.follow(facts, policy, name)


def _taken(facts: Facts, hostname: str) -> Step:
    rest = jittered(SECOND_CHANCE, facts.chance)
    return stand(
        facts,
        needs_person(
            Reason.HOSTNAME_TAKEN, f"{hostname} belongs to somebody else. Ask for another name in spec.hostname."
        ),
        rest=rest,
        nextAttemptTime=after(facts, rest),
    )
