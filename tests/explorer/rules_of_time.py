"""Rules 1 to 3 and 6: the claim, the clock, taking over, a resource made anew."""

from dataclasses import replace

from explorer.promises import OWN_TAKEN, STUCK, TWO_AT_ONE_NAME, TWO_PDSES
from explorer.rules import Rule, Switch
from explorer.scenario import Act, Fault, Omission
from explorer.simplest import AGED, ANEW, ANOTHER_NAME, CRASH, CUT, ONCE, RESTLESS
from explorer.without import always, by_timestamp, constant, seen_long_ago, shorter_by
from explorer.world import TICK
from pds_contract.conditions import Reason
from pds_operator.protocol import decide, prior, redeploy, schedule
from pds_operator.protocol.policy import Policy


def _abandoned_after(seconds: float) -> Switch:
    return Switch(schedule, "ABANDONED_MARGIN", constant(seconds))


WAIT = "whoever meets a claim that is not its own waits D + T + S"
WAIT_FOR_D = Rule(
    name="wait for D",
    says=f"{WAIT}: its holder may begin to send as long as D",
    scenario=replace(ONCE, name="no fault, D is longest", begin=3, settle=2),
    breaks=TWO_PDSES,
    switches=(Switch(Policy, "takeover_wait", shorter_by("claim_seconds")),),
)
WAIT_FOR_T = Rule(
    name="wait for T",
    says=f"{WAIT}: what was sent may take as long as T",
    scenario=replace(ONCE, name="no fault, T is longest", timeout=3, settle=2),
    breaks=TWO_PDSES,
    switches=(Switch(Policy, "takeover_wait", shorter_by("deploy_timeout")),),
)
WAIT_FOR_S = Rule(
    name="wait for S",
    says=f"{WAIT}: the effect of what nobody waits for any more may show S later",
    scenario=replace(CUT, name="one connection is cut, S is longest", settle=3),
    breaks=TWO_PDSES,
    # A tick of S is left, past which nothing is under way that took all of D and T: only what was cut shows later.
    switches=(Switch(Policy, "takeover_wait", shorter_by("settle_seconds", but=TICK)),),
)

RULES_OF_TIME = (
    Rule(
        name="reservation",
        says="a Secret named by the hostname lets one user have it",
        scenario=replace(
            ONCE,
            name="two customers, one hostname",
            customers=2,
            ends=frozenset({Reason.HOSTNAME_TAKEN, Reason.AWAITING_SERVICE_ID}),
        ),
        breaks=TWO_AT_ONE_NAME,
        omits=Omission.RESERVATION,
    ),
    Rule(
        name="claim by resourceVersion",
        says="a claim is written only over the resource that was read",
        scenario=ONCE,
        breaks=TWO_PDSES,
        omits=Omission.CLAIM_VERSION,
    ),
    Rule(
        name="verdict by resourceVersion",
        says="a verdict carries the resourceVersion that it was reached from",
        scenario=ONCE,
        breaks=OWN_TAKEN,
        omits=Omission.VERDICT_VERSION,
    ),
    Rule(
        name="claim unanswered",
        says="after an answer to the claim that never came, the resource is read again",
        scenario=replace(ONCE, name="the claim's answer is lost", faults=(Fault.CLAIM,), fault_budget=1),
        breaks=TWO_PDSES,
        omits=Omission.LOST_CLAIM_READ,
    ),
    Rule(
        name="clock before claim",
        says="the holder's D starts before the claim is sent",
        scenario=ONCE,
        breaks=TWO_PDSES,
        omits=Omission.CLOCK_BEFORE_CLAIM,
    ),
    Rule(
        name="last look at the clock",
        says="the clock is looked at right before the first byte, and nothing is sent where D is over",
        scenario=ONCE,
        breaks=TWO_PDSES,
        omits=Omission.LAST_LOOK,
    ),
    Rule(
        name="clock that runs on",
        says="the holder's clock runs on through suspension",
        scenario=ONCE,
        breaks=TWO_PDSES,
        omits=Omission.RUNNING_CLOCK,
    ),
    Rule(
        name="no transport retries",
        says="the transport sends a deploy once",
        scenario=CUT,
        breaks=TWO_PDSES,
        omits=Omission.NO_TRANSPORT_RETRY,
    ),
    WAIT_FOR_D,
    WAIT_FOR_T,
    WAIT_FOR_S,
    Rule(
        name="own sighting",
        says="the wait is measured on one's own clock from when one first saw the claim",
        scenario=AGED,
        breaks=TWO_PDSES,
        switches=(Switch(decide, "claim_wait", by_timestamp),),
    ),
    Rule(
        name="former self",
        says="the claim of one's former self is waited out too",
        scenario=CRASH,
        breaks=TWO_PDSES,
        omits=Omission.FORMER_SELF,
    ),
    Rule(
        name="no bypass by a retry",
        says="a request to retry does not shorten the wait",
        scenario=replace(ONCE, name="a retry is asked for", acts=(Act.RETRY,)),
        breaks=TWO_PDSES,
        switches=(Switch(decide, "decide", seen_long_ago("retry")),),
    ),
    Rule(
        name="no bypass by an edit",
        says="an edit does not shorten the wait",
        scenario=replace(ONCE, name="spec is edited", acts=(Act.TOUCH,)),
        breaks=TWO_PDSES,
        switches=(Switch(decide, "decide", seen_long_ago("edited")),),
    ),
    Rule(
        name="abandoned beyond doubt",
        says="a claim much older than its wait by its own timestamp is abandoned, whoever looks",
        scenario=RESTLESS,
        breaks=STUCK,
        switches=(_abandoned_after(1e6),),
        always=(_abandoned_after(TICK),),
    ),
    Rule(
        name="made anew",
        says="a resource whose reservation is older than itself: as if an open claim of unknown age were there",
        scenario=ANEW,
        breaks=TWO_PDSES,
        switches=(
            Switch(decide, "is_inherited", always(answer=False)),
            Switch(redeploy, "is_inherited", always(answer=False)),
        ),
    ),
    Rule(
        name="made anew: wait",
        says="an earlier resource's reservation is waited out",
        scenario=ANEW,
        breaks=TWO_PDSES,
        switches=(Switch(decide, "_wait_for_former_self", always(answer=None)),),
    ),
    Rule(
        name="made anew: whose",
        says="what exists under an earlier resource's reservation is called nobody else's",
        scenario=ANEW,
        breaks=OWN_TAKEN,
        switches=(Switch(redeploy, "is_inherited", always(answer=False)),),
    ),
    Rule(
        name="row of another hostname",
        says="a row that names another hostname tells of an earlier deploy, which is asked after first",
        scenario=ANOTHER_NAME,
        breaks=TWO_PDSES,
        switches=(Switch(prior, "ask_after", always(answer=None)),),
    ),
    Rule(
        name="sighting of a row",
        says="a row of another hostname is waited out from when it was first seen under this very resource",
        scenario=ANOTHER_NAME,
        breaks=TWO_PDSES,
        omits=Omission.SIGHTING_OF_RESOURCE,
    ),
    Rule(
        name="sighting of a reservation",
        says="an earlier resource's reservation is waited out from when it was first seen under this very resource",
        scenario=replace(CUT, name="made anew twice", acts=(Act.RECREATE,), act_budget=2, replicas=1),
        breaks=TWO_PDSES,
        omits=Omission.SIGHTING_OF_RESOURCE,
    ),
)
