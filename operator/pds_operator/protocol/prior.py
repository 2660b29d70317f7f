"""A row that names another hostname: an earlier deploy, of which the resource knows nothing, is asked after first.

Such rows are of the first product, or of an earlier resource of the user that asked for another name.
"""

import re
from collections.abc import Sequence

from pds_contract.conditions import Reason, at_work, needs_person
from pds_contract.deploy import Presence
from pds_contract.names import HOSTNAME_MAX, HOSTNAME_PATTERN
from pds_contract.phase import Phase
from pds_contract.rows import PdsServiceRow
from pds_operator.protocol import awaiting
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.naming import Names
from pds_operator.protocol.policy import PERSON_LOOK, Policy
from pds_operator.protocol.record import stand
from pds_operator.protocol.schedule import reservation_wait
from pds_operator.protocol.steps import Probe, Reserve, Step


def ask_after(facts: Facts, policy: Policy, row: PdsServiceRow, names: Sequence[Names]) -> Step | None:
    """Ask whether the row's own hostname exists, before another one is deployed.

    Args:
        facts: What is known.
        policy: The settings.
        row: The row, without an id.
        names: All candidates; those before ``facts.candidate`` were found to be somebody else's.

    Returns:
        The next step, or None where nothing stands under the row's hostname, or it is the one in question.
    """
    status = facts.provision.status
    kept, name = row.hostname, names[facts.candidate]
    if kept is None or status.claim or status.phase is not None:
        return None  # with a phase, the row is the mirror of what this resource itself has met
    surely_made = row.status == Phase.DEPLOY_SUCCEEDED_NO_ID
    if kept == name.hostname:
        return None  # it is the one in question
    if not surely_made and kept in {each.hostname for each in names[: facts.candidate]}:
        return None  # it was found to be somebody else's
    if len(kept) > HOSTNAME_MAX or re.fullmatch(HOSTNAME_PATTERN, kept) is None:
        return None  # the first product made invalid hostnames, under which nothing can stand
    # The row's own age says nothing: an earlier resource's deploy writes it only when it is over.
    left = reservation_wait(facts.provision, facts.row_seen_for, facts.now, policy)
    if left > 0:
        message = "An earlier deploy of this user, under another hostname, may be under way; waiting until it cannot."
        return stand(facts, at_work(Reason.CLAIM_OPEN, message), rest=left, acted=False)
    if kept not in facts.presences:
        return Probe(kept)
    presence = facts.presences[kept]
    if presence is Presence.ABSENT or (presence is Presence.NO_PROBE and not surely_made):
        return None
    if not surely_made:
        return awaiting.unknown_owner(facts, kept)
    if facts.reservation is None or facts.reservation.hostname != kept:
        return Reserve(kept)
    if facts.reservation.user_id != row.user_id:
        message = (
            f"The user's row in pds_services says that a PDS was made as {kept}, which the Secret of that name "
            "reserves for another user. If that user has no PDS there, delete the Secret; else correct the row."
        )
        return stand(facts, needs_person(Reason.SERVICE_MISMATCH, message), rest=PERSON_LOOK)
    return awaiting.begin(facts, Names(name.username, kept))
