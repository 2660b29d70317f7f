"""Rules 4 and 5: the outcome, and what follows an unknown one."""

from dataclasses import replace

from explorer.promises import ANSWER_LOST, ID_LOST, NEVER_MADE, OWN_TAKEN, STRANGERS, STUCK, TWO_PDSES
from explorer.rules import Rule, Switch
from explorer.scenario import ONE, Fault, Omission, Repeat, Scenario
from explorer.simplest import ANEW, CUT, LOST, NO_PROBE, ONCE, STRANGER_COMES, TOLD, WRITE
from explorer.without import (
    always,
    constant,
    ends_at_unknown,
    keeps_hostname,
    lost_probe_is_none,
    not_by_doubt,
    replaces_id,
    row_is_proof,
    silent_of_second,
    whose_ever_claim,
    without_doubt,
)
from explorer.world import STRANGER, Pds, Row
from pds_operator.protocol import deploying, redeploy
from pds_operator.protocol.policy import Redeploy

RULES_OF_OUTCOMES = (
    Rule(
        name="unknown keeps the claim",
        says="an unknown outcome keeps the claim",
        scenario=CUT,
        breaks=TWO_PDSES,
        switches=(Switch(deploying, "conclude", ends_at_unknown),),
    ),
    Rule(
        name="outcome of one's own claim",
        says="an outcome is written only while the claim is one's own",
        scenario=ONCE,
        breaks=TWO_PDSES,
        switches=(Switch(deploying, "conclude", whose_ever_claim),),
    ),
    Rule(
        name="id is added",
        says="an id is added, never replaced",
        scenario=NO_PROBE,
        breaks=ID_LOST,
        switches=(Switch(deploying, "_with_id", replaces_id),),
    ),
    Rule(
        name="second id is said",
        says="a second id is said",
        scenario=NO_PROBE,
        breaks=ANSWER_LOST,
        switches=(Switch(deploying, "_with_id", silent_of_second),),
    ),
    Rule(
        name="until durable",
        says="an outcome is written again and again until it is durable",
        scenario=WRITE,
        breaks=ANSWER_LOST,
        omits=Omission.UNTIL_DURABLE,
    ),
    Rule(
        name="outcome of a resource gone",
        says="where the resource is gone, the id goes into the row",
        scenario=ANEW,
        breaks=ANSWER_LOST,
        omits=Omission.ORPHANS,
    ),
    Rule(
        name="doubt outlives a refusal",
        says="anything short of an answer keeps the claim while an earlier deploy is in doubt",
        scenario=Scenario(
            name="idempotent: the answer is lost, then no connection",
            faults=(Fault.ANSWER_LOST, Fault.REFUSED),
            fault_budget=2,
            redeploy=Redeploy.IDEMPOTENT,
            repeat=Repeat.SAME,
        ),
        breaks=OWN_TAKEN,
        switches=(Switch(deploying, "conclude", without_doubt),),
    ),
    Rule(
        name="409 after an unknown outcome",
        says="409 or 422 to the next deploy means that it exists",
        scenario=replace(LOST, name="no check-pds, a second deploy is refused", probe=False, repeat=Repeat.REFUSED),
        breaks=STUCK,
        switches=(Switch(deploying, "_EXISTS_ALREADY", constant(frozenset())),),
    ),
    Rule(
        name="409 after the probe denied it",
        says="a 409 right after the probe denied the hostname shows no earlier deploy",
        scenario=Scenario(
            name="the request is lost, then a conflict", faults=(Fault.REQUEST_LOST, Fault.CONFLICT), fault_budget=2
        ),
        breaks=NEVER_MADE,
        switches=(
            Switch(
                deploying,
                "_shows_earlier_effect",
                constant(deploying._is_conflict),  # noqa: SLF001 - its part
            ),
        ),
    ),
    Rule(
        name="exists is not ours by itself",
        says="what exists is another's, unless the claim, status, the row or an earlier reservation says otherwise",
        scenario=replace(ONCE, name="a stranger has it", standing=(Pds(ONE, STRANGER, made=False),), ends=TOLD),
        breaks=STRANGERS,
        switches=(Switch(redeploy, "_is_ours", always(answer=True)),),
    ),
    Rule(
        name="exists is ours by the claim",
        says="what exists is ours where a deploy of ours to that hostname is in doubt",
        scenario=LOST,
        breaks=OWN_TAKEN,
        switches=(Switch(redeploy, "_is_ours", not_by_doubt),),
    ),
    Rule(
        name="row of a refusal",
        says="a row that only mirrors a refusal which this resource met says nothing of whose it is",
        scenario=STRANGER_COMES,
        breaks=STRANGERS,
        switches=(Switch(redeploy, "_is_ours", row_is_proof),),
    ),
    Rule(
        name="row of an earlier failure",
        says="what exists where the row tells of a failure before this resource is called nobody else's",
        scenario=replace(
            ONCE,
            name="a row of a failure, and the PDS exists",
            row=Row(None, ONE, "deploy_failed"),
            standing=(Pds(ONE, 0),),
        ),
        breaks=OWN_TAKEN,
        switches=(Switch(redeploy, "_may_be_ours", always(answer=False)),),
    ),
    Rule(
        name="hostname of a refusal",
        says="a hostname that was refused is not in use any more",
        scenario=STRANGER_COMES,
        breaks=STRANGERS,
        switches=(Switch(deploying, "conclude", keeps_hostname),),
    ),
    Rule(
        name="probe gone",
        says="a probe that answered before the claim and is missing now is no answer",
        scenario=replace(
            LOST,
            name="the answer is lost, check-pds is gone for a moment",
            faults=(Fault.ANSWER_LOST, Fault.PROBE_GONE),
            fault_budget=2,
        ),
        breaks=TWO_PDSES,
        switches=(Switch(redeploy, "follow", lost_probe_is_none),),
    ),
)
