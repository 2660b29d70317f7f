"""The smallest scenarios, one of which each rule needs."""

from dataclasses import replace

from explorer.scenario import ONE, Act, Fault, Scenario
from explorer.world import OTHER, Holding, Row
from pds_contract.conditions import Reason

ONCE = Scenario(name="no fault", fault_budget=0)
CRASH = Scenario(name="one crash", faults=(Fault.CRASH,))
CUT = Scenario(name="one connection is cut", faults=(Fault.CUT,))
ANOTHER_NAME = Scenario(
    name="made anew under another name", faults=(Fault.CUT,), acts=(Act.RECREATE_AS_TWO,), replicas=1
)
ANEW = Scenario(name="made anew", fault_budget=0, acts=(Act.RECREATE,))
AGED = replace(ONCE, name="no fault, clocks differ", ages=True, skew=1)
RESTLESS = replace(CRASH, name="processes that never live long", ages=True, restless=True)
WRITE = Scenario(name="a status write is not answered", faults=(Fault.WRITE,))
LOST = Scenario(name="the answer is lost", faults=(Fault.ANSWER_LOST,))
NO_ID = Scenario(name="an answer without an id", faults=(Fault.NO_ID,))
TOLD = frozenset({Reason.AWAITING_SERVICE_ID, Reason.HOSTNAME_TAKEN, Reason.SERVICE_MISMATCH, Reason.OUTCOME_UNKNOWN})
OTHERS_ROW = Holding(OTHER, None, Row(800, ONE, "provisioning"))
"""Of one whose PDS was there before the operator: a row, and no resource."""
NO_PROBE = replace(
    ONCE, name="no check-pds", probe=False, ends=frozenset({Reason.AWAITING_SERVICE_ID, Reason.TWO_SERVICES})
)
STRANGER_COMES = Scenario(
    name="rejected, then a stranger has the hostname",
    faults=(Fault.REJECTED,),
    acts=(Act.STRANGER_DEPLOYS,),
    ends=TOLD,
)
