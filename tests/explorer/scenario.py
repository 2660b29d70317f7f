"""What a search is about: the settings, the backend's manners, what may go wrong and how often."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from explorer.world import TICK, Holding, Pds, Row
from pds_contract.conditions import Reason
from pds_operator.protocol.policy import Policy, Redeploy
from stages.protocol_stage import PROBE

ONE, TWO, THREE = "one.eny.example", "two.eny.example", "three.eny.example"


class Repeat(StrEnum):
    """What the backend makes of a second deploy of one hostname."""

    ANOTHER = "makes another"
    SAME = "answers with the same"
    REFUSED = "refuses"


class Fault(StrEnum):
    """What can go wrong, by itself."""

    CRASH = "crash"
    REQUEST_LOST = "request lost"
    ANSWER_LOST = "answer lost"
    CUT = "cut"
    SLOW = "time-out"
    REFUSED = "no connection"
    REJECTED = "rejected"
    CONFLICT = "conflict"
    THROTTLED = "throttled"
    UNAUTHORIZED = "unauthorized"
    NO_ID = "no id"
    CLAIM = "claim unanswered"
    WRITE = "write unanswered"
    LOOK = "look fails"
    PROBE_GONE = "probe gone"


class Act(StrEnum):
    """What people, and other programs, can do."""

    EDIT = "edit"
    TOUCH = "suspended and resumed at once"
    SUSPEND = "suspended, or resumed"
    USER_GONE = "user gone"
    RETRY = "retry"
    GIVE_ID = "id given"
    GIVE_WRONG_ID = "wrong id given"
    RECREATE = "made anew"
    RECREATE_AS_TWO = "made anew as two"
    ROW_DELETED = "row deleted"
    ROW_WRITTEN = "row written"
    ROW_GIVEN = "id in row"
    STRANGER_DEPLOYS = "stranger deploys"
    STRANGER_RESERVES = "stranger reserves"


class Omission(StrEnum):
    """A rule that is kept not by a pure function but by the glue, SQL or etcd, left out in the world."""

    RESERVATION = "the reservation is not looked at"
    CLAIM_VERSION = "the claim is written without a resourceVersion"
    VERDICT_VERSION = "verdicts are written without a resourceVersion"
    LOST_CLAIM_READ = "a claim without an answer is held to be written"
    CLOCK_BEFORE_CLAIM = "the clock starts at the claim's answer"
    LAST_LOOK = "the clock is not looked at before the first byte"
    RUNNING_CLOCK = "the holder's clock stands still"
    NO_TRANSPORT_RETRY = "the transport sends again after a cut"
    FORMER_SELF = "a restarted process takes its former self's claim for dead"
    SIGHTING_OF_RESOURCE = "what was seen under an earlier resource counts for a later one"
    UNTIL_DURABLE = "an outcome is written once"
    ORPHANS = "an outcome that no resource takes is dropped"
    ROW_CONDITION = "the row is overwritten"


LOST_ANSWERS = (Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.CUT, Fault.SLOW)
"""The deploy was sent, and no answer came. A 5xx looks like one of them: before the effect, or after it."""
FAULTS = tuple(each for each in Fault if each is not Fault.PROBE_GONE)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One search.

    Args:
        name: What it is called in the output.
        faults: What may go wrong.
        fault_budget: How often, altogether.
        acts: What people may do.
        act_budget: How often.
        pause_budget: How often a holder may be paused until its claim is taken over, where each time may cost a PDS.
        redeploy: ``PDS_REDEPLOY``.
        probe: Whether the backend has check-pds.
        repeat: What it makes of a second deploy of one hostname.
        standing: The PDSes that stand there at first.
        hostname: What spec asks for; None: nothing, so that it is derived.
        row: What pds_services has at first.
        user_exists: Whether the user is in auth.users at first.
        others: What other users have, from before the operator.
        customers: One with two operators, or two who ask for one hostname, with an operator each.
        replicas: How many operators, with one customer.
        begin: D, in ticks.
        timeout: T, in ticks.
        settle: S, in ticks.
        late: Whether an effect may show at any time later.
        window: Whether a pause may come between the last look at the clock and the first byte.
        skew: By how many ticks the holder's clock differs from the others'.
        ages: Whether claims have an age by their timestamp.
        restless: Whether no process lives from one tick to the next.
        ends: For which reasons a person may be told in a good end, besides Ready.
        lively: Whether to ask that a good end can be reached from everywhere.
        omitted: Rules that are left out.
    """

    name: str
    faults: Iterable[Fault] = ()
    fault_budget: int = 1
    acts: Iterable[Act] = ()
    act_budget: int = 1
    pause_budget: int = 1
    redeploy: Redeploy = Redeploy.PROBE
    probe: bool = True
    repeat: Repeat = Repeat.ANOTHER
    standing: tuple[Pds, ...] = ()
    hostname: str | None = ONE
    row: Row | None = None
    user_exists: bool = True
    others: tuple[Holding, ...] = ()
    customers: int = 1
    replicas: int = 2
    begin: int = 1
    timeout: int = 1
    settle: int = 1
    late: bool = False
    window: bool = False
    skew: int = 0
    ages: bool = False
    restless: bool = False
    ends: frozenset[Reason] = frozenset({Reason.AWAITING_SERVICE_ID})
    lively: bool = True
    omitted: frozenset[Omission] = field(default=frozenset())

    @property
    def policy(self) -> Policy:
        """The product's settings."""
        return replace(
            PROBE,
            redeploy=self.redeploy,
            claim_seconds=TICK * self.begin,
            deploy_timeout=TICK * self.timeout,
            settle_seconds=TICK * self.settle,
            retry_base=TICK,
            poll_ready=TICK,
        )

    @property
    def wait(self) -> int:
        """D + T + S in ticks, which is as far as sightings have to be counted."""
        return self.begin + self.timeout + self.settle

    @property
    def renames(self) -> bool:
        """Whether a row may ever name another hostname than the resource, so that it matters how long it was seen."""
        return self.row is not None or bool({Act.EDIT, Act.RECREATE_AS_TWO} & {*self.acts})

    @property
    def believes_the_probe(self) -> bool:
        """Whether nothing but a PDS that exists may be awaited; a row from before may tell of one that is gone."""
        return self.probe and self.row is None and self.redeploy is not Redeploy.HOLD

    @property
    def extra_for_ambiguous(self) -> bool:
        """Whether each deploy of which nobody knows may cost one more PDS: there is no probe, and hold is not set."""
        return not self.probe and self.redeploy is Redeploy.PROBE
