"""What the probe's answer allows: whose a PDS is that exists, and whether a deploy may be sent."""

from pds_contract.conditions import Reason, at_work, needs_person
from pds_contract.deploy import Presence
from pds_contract.phase import Phase
from pds_contract.resource import SERVICE_ID_ANNOTATION
from pds_operator.protocol import awaiting
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.naming import Names
from pds_operator.protocol.policy import PERSON_LOOK, Policy, Redeploy
from pds_operator.protocol.record import stand
from pds_operator.protocol.schedule import jittered, poll_delay
from pds_operator.protocol.steps import Deploy, Step, TryNextName


def is_inherited(facts: Facts, name: Names) -> bool:
    """Whether the hostname was reserved by an earlier resource of this user, and not claimed by this one yet."""
    reservation, provision = facts.reservation, facts.provision
    return (
        reservation is not None
        and reservation.hostname == name.hostname
        and reservation.provision_uid != provision.metadata.uid
        and provision.status.hostname != name.hostname
    )


def follow(facts: Facts, policy: Policy, name: Names) -> Step:
    """Go on once the hostname was probed."""
    claim = facts.provision.status.claim
    presence = facts.presences[name.hostname]
    if presence is Presence.EXISTS:
        return _exists(facts, policy, name)
    lost_probe = presence is Presence.NO_PROBE and claim is not None and claim.hostname_absent
    if lost_probe and policy.redeploy is Redeploy.PROBE and facts.provision.retry is None:
        # The backend has the call: it answered before this claim. A 404 now says nothing of the hostname.
        message = (
            "A deploy may have taken effect, and the backend's check-pds, which answered before, is not there now. It "
            "is asked again; or look at the backend, and give the id in the annotation "
            f"{SERVICE_ID_ANNOTATION}, or ask for a retry if there is no PDS."
        )
        rest = poll_delay(facts.polls, policy, facts.chance)
        return stand(facts, needs_person(Reason.OUTCOME_UNKNOWN, message), rest=rest)
    return _absent(facts, policy, name)


def _exists(facts: Facts, policy: Policy, name: Names) -> Step:
    if not _is_ours(facts, name):
        return awaiting.unknown_owner(facts, name.hostname) if _may_be_ours(facts, name) else TryNextName()
    if policy.redeploy is Redeploy.IDEMPOTENT:
        return _deploy(facts, name)
    return awaiting.begin(facts, name)


def _is_ours(facts: Facts, name: Names) -> bool:
    """Whether a PDS that exists under this hostname is this user's.

    It is where a deploy of it is in doubt, where this resource claimed the hostname when it was absent, and where the
    row says that it was made.
    """
    status = facts.provision.status
    return status.claim is not None or status.hostname == name.hostname or _row_says_made(facts, name)


def _may_be_ours(facts: Facts, name: Names) -> bool:
    """Whether an earlier resource's deploy, or the first product's, may have made it: the row of one that failed.

    A row that mirrors a failure which this resource met itself says nothing: nothing was made then.
    """
    row = facts.lookup.row if facts.lookup else None
    named = row is not None and row.hostname == name.hostname and facts.provision.status.phase is None
    return named or is_inherited(facts, name)


def _row_says_made(facts: Facts, name: Names) -> bool:
    row = facts.lookup.row if facts.lookup else None
    return row is not None and row.hostname == name.hostname and row.status == Phase.DEPLOY_SUCCEEDED_NO_ID


def _absent(facts: Facts, policy: Policy, name: Names) -> Step:
    provision = facts.provision
    row = facts.lookup.row if facts.lookup else None
    if policy.redeploy is Redeploy.HOLD and provision.retry is None:
        lost_id = provision.status.claim is None and row is not None and row.status == Phase.DEPLOY_SUCCEEDED_NO_ID
        if _in_doubt(facts, name) and not lost_id:
            return stand(
                facts,
                needs_person(
                    Reason.OUTCOME_UNKNOWN,
                    "A deploy may have taken effect, and PDS_REDEPLOY=hold leaves the next one to a person. Look at "
                    f"the backend: give the id in the annotation {SERVICE_ID_ANNOTATION}, or ask for a retry.",
                ),
                rest=PERSON_LOOK,
            )
        if row and row.status == Phase.DEPLOY_SUCCEEDED_NO_ID:
            return awaiting.begin(facts, name)
    return _deploy(facts, name)


def _in_doubt(facts: Facts, name: Names) -> bool:
    """Whether an earlier deploy of this user to this hostname may have taken effect, or surely has."""
    status = facts.provision.status
    return (
        status.claim is not None
        or status.phase is Phase.DEPLOY_SUCCEEDED_NO_ID
        or _row_says_made(facts, name)
        or facts.presences.get(name.hostname) is Presence.EXISTS
        or is_inherited(facts, name)
    )


def _deploy(facts: Facts, name: Names) -> Step:
    if facts.held:
        return stand(
            facts,
            at_work(facts.held.reason, facts.held.message),
            rest=jittered(facts.held.retry_in, facts.chance),
            acted=False,
        )
    claim = facts.provision.status.claim
    probed_absent = facts.presences[name.hostname] is Presence.ABSENT
    known_absent = probed_absent or bool(claim and claim.hostname_absent)
    in_doubt = _in_doubt(facts, name)
    return Deploy(name.username, name.hostname, known_absent, in_doubt, probed_absent)
