"""An operator's deploy, exchange by exchange, as ``reconciler/deployer.py`` carries it out."""

from collections.abc import Iterator
from dataclasses import dataclass

from explorer.decisions import Decisions
from explorer.outside import deployed, left_behind
from explorer.scenario import LOST_ANSWERS, Fault, Omission, Scenario
from explorer.statuses import Statuses
from explorer.visiting import Visits, at_rest, row_in_words, spent, with_resource
from explorer.world import NOT_SEEN, Around, At, Budget, Known, Move, Process, Resource
from pds_contract.conditions import STALLED, Reason
from pds_contract.deploy import (
    Deployed,
    DeployOutcome,
    NotSent,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Unauthorized,
)
from pds_operator.protocol.deploying import Attempt
from pds_operator.protocol.steps import Deploy

UNKNOWN = OutcomeUnknown("the deploy was sent and got no answer")
TOO_LATE = NotSent("the time to send the deploy was over")
NO_CONNECTION = NotSent("the backend could not be reached")
REFUSALS: dict[Fault, DeployOutcome] = {
    Fault.REJECTED: Rejected(400),
    Fault.CONFLICT: Rejected(409),
    Fault.THROTTLED: Throttled(None),
    Fault.UNAUTHORIZED: Unauthorized(401),
}


def free_number(around: Around, statuses: Statuses) -> int:
    """Return the smallest number that no claim has."""
    used = {*around.backend.holders, statuses.claim_number(around.customer.resource.status)}
    return next(number for number in range(1, len(used) + 2) if number not in used)


def _paused(budget: Budget) -> Budget:
    return budget._replace(pauses=budget.pauses - 1, ambiguous=budget.ambiguous + 1)


@dataclass(frozen=True)
class Deploys:
    """The moves of a process in a deploy."""

    scenario: Scenario
    statuses: Statuses
    decisions: Decisions
    visits: Visits

    def claims(self, process: Process, around: Around) -> Iterator[Move]:
        """Write the claim, if the resource is still as it was read."""
        known = process.known
        assert known is not None
        step = self.decisions.next(process.customer, known).step
        assert isinstance(step, Deploy)
        words = f"claims {step.hostname}"
        if not process.fresh and Omission.CLAIM_VERSION not in self.scenario.omitted:
            yield self.visits.conflict(words, process, around)
            return
        taking_over = self.statuses.claim_number(known.resource.status) in around.backend.holders
        blind = taking_over and self.scenario.extra_for_ambiguous
        if blind and not around.budget.pauses:
            return  # the bound of the search: no holder is paused that long any more
        number = free_number(around, self.statuses)
        status = self.decisions.claimed(process.customer, known, step, number)
        resource = known.resource._replace(status=status, claim_age=0)
        holders = tuple(sorted((*around.backend.holders, number)))
        # Nobody can tell a holder that is paused from one that is dead.
        budget = _paused(around.budget) if blind else around.budget
        claimed = with_resource(around, resource)._replace(budget=budget)
        held = claimed._replace(backend=around.backend._replace(holders=holders))
        attempt = Attempt(str(number), step.hostname, step.in_doubt, step.probed_absent)
        before = Omission.CLOCK_BEFORE_CLAIM not in self.scenario.omitted
        holder = process._replace(
            # Of all that it knows only the resource matters from here on; and it looks again after its deploy.
            at=At.HELD if before else At.CLAIMED,
            due=True,
            fresh=True,
            known=Known(resource),
            claim_seen=0,
            attempt=attempt,
            clock=0,
        )
        yield Move(words, held, holder)
        if self._can(around, Fault.CLAIM):
            # It counts as seen from before it was sent.
            dazed = at_rest(process, due=True)
            yield Move(f"{words}: written, no answer", spent(claimed), dazed._replace(claim_seen=0), fault=True)
            if Omission.LOST_CLAIM_READ in self.scenario.omitted:
                unwritten = held._replace(customer=around.customer)
                yield Move(f"{words}: not written, no answer", spent(unwritten), self.behind(holder), fault=True)
            else:
                yield Move(f"{words}: not written, no answer", spent(around), dazed, fault=True)

    def sends(self, process: Process, around: Around) -> Iterator[Move]:
        """Look at the clock for the last time, and send the first byte."""
        looks = Omission.LAST_LOOK not in self.scenario.omitted
        if looks and process.clock > self.scenario.begin:
            yield self._with(process, around, "finds its time over, sends nothing", TOO_LATE)
        elif self.scenario.window:
            yield Move("looks at the clock: in time", around, process._replace(at=At.CHECKED, clock=0))
        else:
            yield from self.first_byte(process, around)
        if self._can(around, Fault.REFUSED):
            words = "gets no connection, nothing was sent"
            yield self._with(process, spent(around), words, NO_CONNECTION)._replace(fault=True)

    def answered_claim(self, process: Process, around: Around) -> Iterator[Move]:
        """Start the clock only now; where a rule is left out."""
        yield Move("gets the claim's answer, starts its clock", around, process._replace(at=At.HELD, clock=0))

    def first_byte(self, process: Process, around: Around) -> Iterator[Move]:
        """Send it."""
        assert process.attempt is not None
        words = f"sends the deploy of {process.attempt.hostname}"
        yield Move(words, around, process._replace(at=At.SENT, clock=0))

    def answers(self, process: Process, around: Around) -> Iterator[Move]:
        """Let the deploy take effect and be answered, or not.

        The answer touches nobody but its receiver, so that it comes with the effect; that it is lost, or comes to a
        process that has crashed, are moves of their own.
        """
        hostname = self._attempt(process).hostname
        after, answer = deployed(around.backend, process.customer, hostname, self.scenario.repeat)
        effect = around._replace(backend=after)
        yield self._with(process, effect, f"the backend: {_told(answer)}", answer)
        if not around.budget.faults:
            return
        if Fault.NO_ID in self.scenario.faults and isinstance(answer, Deployed):
            words = "the backend: takes effect, answers without an id"
            yield self._with(process, spent(effect), words, Deployed(None))._replace(fault=True)
        for fault, refusal in REFUSALS.items():
            if fault in self.scenario.faults:
                words = f"the backend: {_told(refusal)}"
                yield self._with(process, spent(around), words, refusal)._replace(fault=True)
        for fault in LOST_ANSWERS:
            if fault in self.scenario.faults and (fault is not Fault.SLOW or process.clock >= self.scenario.timeout):
                yield self._lost(process, around, effect, fault)

    def _lost(self, process: Process, around: Around, effect: Around, fault: Fault) -> Move:
        hostname = self._attempt(process).hostname
        match fault:
            case Fault.REQUEST_LOST:
                after, words = around, "the request is lost (or a 5xx)"
            case Fault.ANSWER_LOST:
                after, words = effect, f"the backend: {hostname} takes effect, the answer is lost (or a 5xx)"
            case _:
                left = left_behind(around.backend, process.customer, hostname, process.clock)
                after, words = around._replace(backend=left), f"the connection ends ({fault}), the request lives on"
        after = spent(after, ambiguous=self.scenario.extra_for_ambiguous)
        if Omission.NO_TRANSPORT_RETRY in self.scenario.omitted:
            return Move(f"{words}; the transport sends it again", after, process._replace(clock=0), fault=True)
        return self._with(process, after, words, UNKNOWN)._replace(fault=True)

    def keeps(self, process: Process, around: Around) -> Iterator[Move]:
        """Write the outcome into the resource, which is still as it was last read."""
        known, outcome = process.known, process.outcome
        assert known is not None
        assert outcome is not None
        status = self.decisions.concluded(process.customer, known.resource, self._attempt(process), outcome)
        assert status is not None
        words = f"writes the outcome: {_told(outcome)}"
        written = known.resource._replace(status=status)
        after = with_resource(around, written)
        failed = not isinstance(outcome, Deployed) and self.statuses[status].service_id is None
        if failed or written.suspend:
            yield Move(words, after, process._replace(at=At.KEPT, known=Known(written)))
        else:
            yield self._continues(words, process, after, written)
        if not self._can(around, Fault.WRITE):
            return
        if Omission.UNTIL_DURABLE in self.scenario.omitted:
            yield self._gives_up(f"{words}: not written, no answer", process, spent(around))._replace(fault=True)
            return
        has_id = isinstance(outcome, Deployed) and outcome.service_id is not None
        away = self.behind(process._replace(at=At.AWAY if has_id else At.READ_AGAIN))
        yield Move(f"{words}: written, no answer", spent(after), away, fault=True)
        yield Move(f"{words}: not written, no answer", spent(around), away, fault=True)

    def behind(self, process: Process) -> Process:
        """Return a holder whose resource is not the newest any more: what it read is of no use but for the uid.

        An outcome that is to be written then meets a 409, which changes nothing, so that it is read again at once.
        """
        assert process.known is not None
        bare = Resource(None, self.statuses.empty, uid=process.known.resource.uid)
        at = At.READ_AGAIN if process.at is At.KEEP else process.at
        return process._replace(at=at, fresh=False, known=Known(bare))

    def reads_again(self, process: Process, around: Around) -> Iterator[Move]:
        """Read the resource again, to write the outcome into it."""
        known, there = process.known, around.customer.resource
        assert known is not None
        if there.uid != known.resource.uid:
            if Omission.ORPHANS in self.scenario.omitted:
                yield self._gives_up("finds another resource of that name", process, around)
            else:
                yield Move("finds another resource of that name", around, process._replace(at=At.ORPHANED))
            return
        read = process._replace(fresh=True, known=Known(there))
        assert process.outcome is not None
        words = "reads the resource again"
        if self.decisions.concluded(process.customer, there, self._attempt(process), process.outcome) is None:
            yield self._continues(f"{words}, has nothing to write of the outcome", read, around, there)
        else:
            yield Move(words, around, read._replace(at=At.KEEP))

    def writes_row(self, process: Process, around: Around) -> Iterator[Move]:
        """Write the row of an outcome: one that was kept, one that could not be yet, or one that no resource takes."""
        known, outcome = process.known, process.outcome
        assert known is not None
        assert outcome is not None
        row = self.decisions.row_after(process.customer, self._attempt(process), outcome)
        stored = self.visits.row_written(around.customer, row)
        words = f"writes the row of the outcome: {row_in_words(stored)}"
        after = around._replace(customer=around.customer._replace(row=stored))
        if process.at is At.AWAY:
            yield Move(words, after, process._replace(at=At.READ_AGAIN))
        elif process.at is At.KEPT:
            yield self._continues(words, process, after, known.resource)
        else:
            yield Move(words, self._released(process, after), at_rest(process, due=True))

    def crashes(self, process: Process, around: Around) -> Move:
        """Start anew with nothing but what is outside; a deploy that was sent goes on."""
        spending = spent(around)
        seen = NOT_SEEN
        if process.attempt:
            released = self._released(process, around)
            if process.at is At.SENT:
                left = left_behind(released.backend, process.customer, process.attempt.hostname, process.clock)
                released = released._replace(backend=left)
            unsure = process.at in {At.SENT, At.KEEP, At.AWAY, At.READ_AGAIN}
            spending = spent(released, ambiguous=unsure and self.scenario.extra_for_ambiguous)
            own = self.statuses.claim_number(around.customer.resource.status) == int(process.attempt.claim_id)
            if own and Omission.FORMER_SELF in self.scenario.omitted:
                seen = self.scenario.wait
        due = self.decisions.taken_up(process.customer, around.customer.resource)
        restarted = Process(process.customer, due=due, claim_seen=seen)
        return Move(f"crashes ({process.at}), starts again", spending, restarted, fault=True)

    def _can(self, around: Around, fault: Fault) -> bool:
        return fault in self.scenario.faults and around.budget.faults > 0

    def _attempt(self, process: Process) -> Attempt:
        assert process.attempt is not None
        return process.attempt

    def _with(self, process: Process, around: Around, words: str, outcome: DeployOutcome) -> Move:
        ended = process._replace(at=At.KEEP, outcome=outcome, clock=0)
        return Move(words, around, ended if process.fresh else self.behind(ended))

    def _released(self, process: Process, around: Around) -> Around:
        holders = tuple(each for each in around.backend.holders if each != int(self._attempt(process).claim_id))
        return around._replace(backend=around.backend._replace(holders=holders))

    def _continues(self, words: str, process: Process, around: Around, resource: Resource) -> Move:
        """Go on with the visit: the outcome is where it belongs."""
        broken = self._dropped(process, around, resource)
        move = self.visits.anew(words, process, self._released(process, around), resource)
        return move._replace(broken=move.broken or broken)

    def _gives_up(self, words: str, process: Process, around: Around) -> Move:
        broken = self._dropped(process, around, around.customer.resource)
        return Move(words, self._released(process, around), at_rest(process, due=True), broken=broken)

    def _dropped(self, process: Process, around: Around, resource: Resource) -> str:
        """Say that an id which was answered is nowhere."""
        outcome, row = process.outcome, around.customer.row
        if not isinstance(outcome, Deployed) or outcome.service_id is None:
            return ""
        status, found = self.statuses[resource.status], outcome.service_id
        stalled = status.condition(STALLED)
        told = stalled is not None and stalled.reason == Reason.TWO_SERVICES and str(found) in stalled.message
        kept = status.service_id == found or (row is not None and row.service_id == found)
        return "" if kept or told else "an id that was answered is lost"


def _told(outcome: DeployOutcome) -> str:
    match outcome:
        case Deployed(service_id):
            return f"takes effect, answers {service_id}" if service_id else "takes effect, answers without an id"
        case Rejected(status) | Unauthorized(status):
            return f"answers {status}, makes nothing"
        case Throttled():
            return "answers 429, makes nothing"
        case NotSent():
            return "nothing was sent"
        case OutcomeUnknown():
            return "unknown"
