"""The protocol as a whole, with all its rules: what is searched for any counterexample."""

from dataclasses import replace
from itertools import combinations

from explorer.promises import TWO_PDSES
from explorer.scenario import FAULTS, ONE, THREE, TWO, Act, Fault, Repeat, Scenario
from explorer.simplest import OTHERS_ROW
from explorer.world import OTHER, STRANGER, Holding, Pds, Row
from pds_contract.conditions import Reason
from pds_operator.protocol.policy import Redeploy

TOLD = frozenset(
    {
        Reason.AWAITING_SERVICE_ID,
        Reason.HOSTNAME_TAKEN,
        Reason.SERVICE_MISMATCH,
        Reason.TWO_SERVICES,
        Reason.OUTCOME_UNKNOWN,
        Reason.ROW_IN_PROGRESS,
        Reason.USER_GONE,
    }
)
"""For which a person may be told in the end, where people and strangers have a hand in it."""
ALL = Scenario(name="all faults", faults=FAULTS)
SETTINGS = (
    ALL,
    replace(ALL, name="all faults, a second deploy is refused", repeat=Repeat.REFUSED),
    replace(ALL, name="all faults, a second deploy is the first", repeat=Repeat.SAME),
    replace(ALL, name="all faults, idempotent", redeploy=Redeploy.IDEMPOTENT, repeat=Repeat.SAME),
    replace(ALL, name="all faults, hold", redeploy=Redeploy.HOLD, ends=TOLD),
    replace(ALL, name="all faults, no check-pds", probe=False, ends=TOLD),
    replace(ALL, name="all faults, no check-pds, hold", probe=False, redeploy=Redeploy.HOLD, ends=TOLD),
    replace(
        ALL, name="all faults, no check-pds, idempotent", probe=False, redeploy=Redeploy.IDEMPOTENT, repeat=Repeat.SAME
    ),
)
PLACES = (
    replace(ALL, name="all faults, a stranger has the name", standing=(Pds(ONE, STRANGER, made=False),), ends=TOLD),
    replace(ALL, name="all faults, a derived name", hostname=None),
    replace(ALL, name="all faults, a row of a failure", row=Row(None, ONE, "deploy_failed")),
    replace(ALL, name="all faults, a row without an id", row=Row(None, ONE, "deploy_succeeded_no_id")),
    replace(ALL, name="all faults, a row in progress", row=Row(None, ONE, "provisioning"), ends=TOLD),
    replace(
        ALL,
        name="all faults, a row with an id",
        row=Row(800, ONE, "provisioning"),
        standing=(Pds(ONE, 0, made=False),),
    ),
    replace(
        ALL,
        name="all faults, a row with an id of another name",
        row=Row(800, TWO, "provisioning"),
        standing=(Pds(TWO, 0, made=False),),
    ),
)
OTHERS = tuple(
    replace(each, standing=(Pds(ONE, OTHER, made=False),), ends=TOLD)
    for each in (
        replace(ALL, name="all faults, another user's row has the derived name", hostname=None, others=(OTHERS_ROW,)),
        replace(
            ALL, name="all faults, another user's row has the name, no check-pds", others=(OTHERS_ROW,), probe=False
        ),
        replace(
            ALL,
            name="all faults, another user's resource has the row's id",
            others=(Holding(OTHER, 800, None),),
            row=Row(800, ONE, "provisioning"),
        ),
    )
)
HOLDS_WITHOUT_TIME = (
    replace(ALL, name="all faults, effects at any time, hold", late=True, redeploy=Redeploy.HOLD, ends=TOLD),
    replace(
        ALL, name="all faults, a pause before the first byte, hold", window=True, redeploy=Redeploy.HOLD, ends=TOLD
    ),
    replace(
        ALL,
        name="all faults, a pause before the first byte, effects at any time, no check-pds, hold",
        window=True,
        late=True,
        probe=False,
        redeploy=Redeploy.HOLD,
        ends=TOLD,
    ),
)
PAIR = Scenario(
    name="two customers, one hostname",
    customers=2,
    fault_budget=0,
    ends=frozenset({Reason.AWAITING_SERVICE_ID, Reason.HOSTNAME_TAKEN}),
)
FEW = (Fault.CRASH, Fault.CUT, Fault.ANSWER_LOST, Fault.REJECTED, Fault.NO_ID, Fault.WRITE)
"""What acts of people are searched together with."""
ACTS = tuple(
    Scenario(
        name=f"people: {act}",
        faults=FEW,
        acts=(act,),
        ends=TOLD if act.startswith(("stranger", "wrong", "row", "user")) else ALL.ends,
        standing=(Pds(THREE, STRANGER, made=False),) if act is Act.GIVE_WRONG_ID else (),
    )
    for act in Act
    if act is not Act.ROW_WRITTEN
)
WRITTEN = replace(
    ALL,
    name="people: the row of a PDS that was there before",
    faults=FEW,
    acts=(Act.ROW_WRITTEN, Act.ROW_DELETED),
    standing=(Pds(ONE, 0, made=False),),
    ends=TOLD,
)
TOGETHER = tuple(
    pair
    for pair in combinations([each for each in ACTS if Act.RECREATE_AS_TWO not in each.acts], 2)
    if {*pair[0].acts, *pair[1].acts} != {Act.EDIT, Act.RECREATE}
)
"""Pairs of acts; made anew under another name is what remains, below."""
REMAINS = (
    (replace(ALL, name="a pause before the first byte", faults=(), window=True), TWO_PDSES),
    (replace(ALL, name="an effect later than any wait", faults=(Fault.CUT,), late=True), TWO_PDSES),
    (
        replace(
            ALL,
            name="made anew under another name, with nothing in the row",
            faults=(),
            acts=(Act.EDIT, Act.RECREATE),
            act_budget=2,
        ),
        TWO_PDSES,
    ),
    (replace(ALL, name="no check-pds", probe=False, redeploy=Redeploy.IDEMPOTENT), TWO_PDSES),
)
"""What no client can close, and what breaks there. The last: a backend that is not what the setting says it is."""


def small() -> list[Scenario]:
    """Return what the tests search: one fault, or one act of a person and one operator's fault."""
    return [
        *SETTINGS,
        *(replace(each, replicas=1) for each in (*PLACES, *OTHERS, *ACTS, WRITTEN)),
        *(replace(each, faults=FEW) for each in HOLDS_WITHOUT_TIME),
        PAIR,
        replace(PAIR, name="two customers, one derived name", hostname=None),
    ]


def large() -> list[Scenario]:
    """Return what takes minutes: two faults, two acts, and operators that fail while people act."""
    failing = replace(PAIR, faults=FAULTS, fault_budget=2)
    return [
        replace(failing, name="two customers, one derived name, two faults", hostname=None),
        replace(ALL, name="all faults, three of them", fault_budget=3),
        replace(ALL, name="all faults, three of them, hold", fault_budget=3, redeploy=Redeploy.HOLD, ends=TOLD),
        *(replace(each, fault_budget=2) for each in (*SETTINGS, *PLACES, *OTHERS, *HOLDS_WITHOUT_TIME)),
        *ACTS,
        WRITTEN,
        *(_both(*pair) for pair in TOGETHER),
        replace(failing, name="two customers, one hostname, two faults"),
    ]


def _both(one: Scenario, two: Scenario) -> Scenario:
    return replace(
        one,
        name=f"{one.name} and {two.name.removeprefix('people: ')}",
        acts=(*one.acts, *two.acts),
        act_budget=2,
        replicas=1,
        ends=TOLD,
        standing=(*one.standing, *two.standing),
    )
