"""One PDS exists, and its id was lost: nothing is deployed, the row is looked at, a person is told."""

from pds_contract.conditions import Reason, Standing, needs_person
from pds_contract.phase import Phase
from pds_contract.resource import SERVICE_ID_ANNOTATION
from pds_contract.rows import PdsServiceRow
from pds_operator.protocol import adopt, running
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.naming import Names
from pds_operator.protocol.policy import PERSON_LOOK
from pds_operator.protocol.record import stand
from pds_operator.protocol.steps import Mirror, Record, Step


def standing() -> Standing:
    """Return the standing of a resource whose PDS exists and whose id was lost."""
    return needs_person(
        Reason.AWAITING_SERVICE_ID,
        "One PDS exists, and its id was lost with the backend's answer. Find the id at the backend and give it in the "
        f"annotation {SERVICE_ID_ANNOTATION}.",
    )


def unknown_owner(facts: Facts, hostname: str) -> Record:
    """Tell that a PDS exists which may be this user's or a stranger's. Nothing is frozen, nothing deployed."""
    return stand(
        facts,
        needs_person(
            Reason.AWAITING_SERVICE_ID,
            f"A PDS exists as {hostname}, which an earlier deploy of this user may have made. If so, give its id in "
            f"the annotation {SERVICE_ID_ANNOTATION}. If it is a stranger's, delete the Secret of that name "
            "and take that hostname out of the row.",
        ),
        rest=PERSON_LOOK,
    )


def begin(facts: Facts, name: Names) -> Record:
    """Record that a PDS exists under this name without a known id; the visit goes on to the row."""
    return stand(
        facts,
        standing(),
        ends=False,
        phase=Phase.DEPLOY_SUCCEEDED_NO_ID.value,
        hostname=name.hostname,
        username=name.username,
        claim=None,
        nextAttemptTime=None,
    )


def follow(facts: Facts) -> Step:
    """Look whether the row has the id by now; keep the row true meanwhile."""
    provision = facts.provision
    hostname = provision.status.hostname or ""
    if facts.user_gone:
        return stand(facts, running.user_gone(), rest=PERSON_LOOK)
    if facts.mirrored is None:
        return Mirror(
            PdsServiceRow(user_id=provision.spec.user_id, hostname=hostname, status=Phase.DEPLOY_SUCCEEDED_NO_ID)
        )
    given = adopt.by_row(facts.mirrored, hostname) or adopt.by_annotation(provision, hostname)
    if given:
        return adopt.follow(facts, given)
    return stand(facts, standing(), rest=PERSON_LOOK)
