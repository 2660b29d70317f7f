"""Rules 7 and 8, and people's part: rows, ids that are given, frozen and suspended spec, hold, who comes back."""

from dataclasses import replace

from explorer.decisions import ROW_FORBIDS, ROW_HAS_ID, USER_IS_GONE
from explorer.promises import ANOTHERS, ROW_ID_LOST, STUCK, TWO_AT_ONE_NAME, TWO_PDSES, WHILE_SUSPENDED
from explorer.rules import Rule, Switch
from explorer.scenario import ONE, TWO, Act, Fault, Omission
from explorer.simplest import CRASH, CUT, LOST, NO_ID, NO_PROBE, ONCE, OTHERS_ROW, TOLD
from explorer.without import (
    always,
    any_hostname,
    blind_to_row,
    by_generation,
    constant,
    deploys_again,
    for_good,
    names_of_spec,
    nobody_has_it,
    not_suspended,
    row_says_so,
    with_lookup,
)
from explorer.world import OTHER, STRANGER, Holding, Pds, Row
from pds_contract.conditions import Reason
from pds_contract.resource import ProvisionStatus
from pds_contract.rows import REDEPLOYABLE_STATUSES
from pds_operator.protocol import adopt, awaiting, decide, prior, running, schedule
from pds_operator.protocol.policy import Redeploy

OTHERS_SERVICE = replace(
    ONCE, row=Row(800, ONE, "provisioning"), standing=(Pds(ONE, OTHER, made=False),), ends=TOLD, name="another's id"
)

RULES_OF_ROWS = (
    Rule(
        name="row with an id",
        says="a row with an id is adopted, and nothing deployed",
        scenario=replace(
            ONCE,
            name="a row with an id, no check-pds",
            row=Row(800, ONE, "deploy_failed"),
            standing=(Pds(ONE, 0, made=False),),
            probe=False,
        ),
        breaks=ROW_HAS_ID,
        switches=(Switch(adopt, "by_row", always(answer=None)),),
    ),
    Rule(
        name="row in progress",
        says="a row without an id deploys only from two statuses",
        scenario=replace(
            ONCE,
            name="a row in progress",
            row=Row(None, ONE, "provisioning"),
            ends=frozenset({Reason.ROW_IN_PROGRESS}),
        ),
        breaks=ROW_FORBIDS,
        switches=(Switch(decide, "REDEPLOYABLE_STATUSES", constant(REDEPLOYABLE_STATUSES | {"provisioning"})),),
    ),
    Rule(
        name="hostname of a given id",
        says="an id in the row is adopted only if the backend says that it has this hostname",
        scenario=replace(
            ONCE,
            name="the row has a stranger's id",
            row=Row(800, ONE, "provisioning"),
            standing=(Pds(TWO, STRANGER, made=False),),
            ends=TOLD,
        ),
        breaks=ANOTHERS,
        switches=(Switch(adopt, "follow", any_hostname),),
    ),
    Rule(
        name="hostname of an id from a person",
        says="the same of an id in the annotation",
        scenario=replace(
            NO_ID,
            name="a person gives a stranger's id",
            acts=(Act.GIVE_WRONG_ID,),
            standing=(Pds(TWO, STRANGER, made=False),),
            ends=TOLD,
        ),
        breaks=ANOTHERS,
        switches=(Switch(adopt, "follow", any_hostname),),
    ),
    Rule(
        name="id of another's row",
        says="an id is adopted only if no other user's row has it",
        scenario=replace(OTHERS_SERVICE, name="another user's row has the row's id", others=(OTHERS_ROW,)),
        breaks=ANOTHERS,
        switches=(Switch(adopt, "follow", nobody_has_it),),
    ),
    Rule(
        name="id of another's resource",
        says="an id is adopted only if no other resource has it",
        scenario=replace(
            OTHERS_SERVICE, name="another user's resource has the row's id", others=(Holding(OTHER, 800, None),)
        ),
        breaks=ANOTHERS,
        switches=(Switch(adopt, "follow", nobody_has_it),),
    ),
    Rule(
        name="hostname of another's row",
        says="a hostname that another user's row has is that user's, also where they have no resource",
        scenario=replace(
            ONCE,
            name="another user's row has the hostname, no check-pds",
            standing=(Pds(ONE, OTHER, made=False),),
            others=(OTHERS_ROW,),
            probe=False,
            ends=TOLD,
        ),
        breaks=TWO_AT_ONE_NAME,
        switches=(Switch(decide, "_with_row", with_lookup(hostname_elsewhere=False)),),
    ),
    Rule(
        name="user gone",
        says="nothing is deployed for a user who is not in auth.users",
        scenario=replace(ONCE, name="no such user", user_exists=False, ends=frozenset({Reason.USER_GONE})),
        breaks=USER_IS_GONE,
        switches=(Switch(decide, "_with_row", with_lookup(user_exists=True)),),
    ),
    Rule(
        name="suspend",
        says="nothing is deployed while the resource is suspended",
        scenario=replace(ONCE, name="suspended", acts=(Act.SUSPEND,)),
        breaks=WHILE_SUSPENDED,
        switches=(Switch(decide, "decide", not_suspended),),
    ),
    Rule(
        name="row without overwriting",
        says="the row is written conditionally: never null or another id over an id",
        scenario=ONCE,
        breaks=ROW_ID_LOST,
        omits=Omission.ROW_CONDITION,
    ),
    Rule(
        name="row while an id is awaited",
        says="while an id is awaited the row is looked at",
        scenario=replace(NO_ID, name="an answer without an id, then the id in the row", acts=(Act.ROW_GIVEN,)),
        breaks=STUCK,
        switches=(Switch(awaiting, "follow", blind_to_row),),
    ),
    Rule(
        name="row is repaired",
        says="the row is a mirror that the operator repairs",
        scenario=replace(ONCE, name="the row is deleted", acts=(Act.ROW_DELETED,)),
        breaks=STUCK,
        switches=(Switch(running, "follow", row_says_so),),
    ),
    Rule(
        name="no deploy after an answer without id",
        says="after an answer without id nothing is deployed unless somebody asks",
        scenario=replace(NO_PROBE, name="no check-pds, an answer without an id", faults=(Fault.NO_ID,), fault_budget=1),
        breaks=TWO_PDSES,
        switches=(Switch(awaiting, "follow", deploys_again(NO_PROBE.policy)),),
    ),
    Rule(
        name="frozen",
        says="while a claim or an id is there, what a deploy sends and the names asked after cannot change",
        scenario=replace(LOST, name="the answer is lost, and spec edited", acts=(Act.EDIT,), replicas=1),
        breaks=TWO_PDSES,
        switches=(
            Switch(ProvisionStatus, "frozen", constant(property(lambda _: False))),
            Switch(decide, "candidates", names_of_spec),
            Switch(prior, "ask_after", always(answer=None)),
        ),
    ),
    Rule(
        name="hold",
        says="under hold a deploy in doubt is repeated by nobody but a person",
        scenario=replace(CUT, name="effects later than any wait, hold", late=True, redeploy=Redeploy.HOLD, ends=TOLD),
        without=replace(CUT, name="effects later than any wait, probe", late=True, lively=False),
        breaks=TWO_PDSES,
    ),
    Rule(
        name="hold and the window",
        says="hold also closes the window between the last look at the clock and the first byte",
        scenario=replace(
            ONCE, name="a pause before the first byte, hold", window=True, redeploy=Redeploy.HOLD, ends=TOLD
        ),
        without=replace(ONCE, name="a pause before the first byte, probe", window=True, lively=False),
        breaks=TWO_PDSES,
    ),
    Rule(
        name="somebody comes back",
        says="who meets an open claim comes back",
        scenario=CRASH,
        breaks=STUCK,
        switches=(Switch(decide, "decide", for_good),),
    ),
    Rule(
        name="unsettled by status",
        says="what is not settled is found from status, never from observedGeneration alone",
        scenario=replace(CRASH, name="one operator, one crash", replicas=1),
        breaks=STUCK,
        switches=(Switch(schedule, "first_look", by_generation),),
    ),
)
