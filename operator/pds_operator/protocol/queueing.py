"""What a resource says while it waits for its turn to be deployed."""

from pds_contract.conditions import Reason, at_work
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.policy import PERSON_LOOK
from pds_operator.protocol.record import stand
from pds_operator.protocol.steps import Record


def queued(facts: Facts) -> Record:
    """Say that others are deployed first. Whoever waits is called; the next look is for a call that got lost."""
    message = "As many deploys as PDS_MAX_DEPLOYS allows are under way; this one waits for its turn."
    return stand(facts, at_work(Reason.QUEUED, message), rest=PERSON_LOOK, acted=False)
