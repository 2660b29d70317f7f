"""A row that names another hostname: an earlier deploy, of which the resource knows nothing, is asked after first.

Such rows are of the first product, or of an earlier resource of the user that asked for another name.
"""

import re
from collections.abc import Sequence
from datetime import timedelta

from pds_contract.conditions import Reason, at_work, needs_person
from pds_contract.deploy import Presence
from pds_contract.names import HOSTNAME_MAX, HOSTNAME_PATTERN
from pds_contract.resource import Phase
from pds_contract.rows import PdsServiceRow
from pds_operator.protocol import awaiting
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.naming import Names
from pds_operator.protocol.policy import ABANDONED_MARGIN, PERSON_LOOK, Policy
from pds_operator.protocol.record import stand
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
    if kept in {each.hostname for each in names[: facts.candidate + 1]}:
        return None  # it is the one in question, or somebody else's
    if len(kept) > HOSTNAME_MAX or re.fullmatch(HOSTNAME_PATTERN, kept) is None:
        return None  # the first product made invalid hostnames, under which nothing can stand
    left = _wait(facts, policy)
    if left > 0:
        message = "An earlier deploy of this user, under another hostname, may be under way; waiting until it cannot."
        return stand(facts, at_work(Reason.CLAIM_OPEN, message), rest=left, acted=False)
    if kept not in facts.presences:
        return Probe(kept)
    presence = facts.presences[kept]
    surely_made = row.status == Phase.DEPLOY_SUCCEEDED_NO_ID
    if presence is Presence.ABSENT or (presence is Presence.NO_PROBE and not surely_made):
        return None
    if not surely_made:
        return awaiting.unknown_owner(facts, kept)
    if facts.reservation is None or facts.reservation.hostname != kept:
        return Reserve(kept)
    if facts.reservation.user_id != row.user_id:
        message = "The user's row in pds_services names a hostname that is reserved for another user. Correct the row."
        return stand(facts, needs_person(Reason.SERVICE_MISMATCH, message), rest=PERSON_LOOK)
    return awaiting.begin(facts, Names(name.username, kept))


def _wait(facts: Facts, policy: Policy) -> float:
    """Wait as for a claim of unknown age, unless the row is older than any."""
    wait = policy.takeover_wait()
    written = facts.lookup.row_updated_at if facts.lookup else None
    if written and facts.now - written > timedelta(seconds=wait + ABANDONED_MARGIN):
        return 0.0
    return wait - facts.row_seen_for
