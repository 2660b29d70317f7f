"""An operator's visit, exchange by exchange, as ``reconciler/visit.py`` walks it.

A step that touches nothing which anybody else can see or change (a rest, the next name, a reservation that is there
already) belongs to the exchange before it: apart from it, it could only be delayed, which changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from explorer.decisions import UNKNOWN_SERVICE, USERS, Decisions, Thought, mirrored_by
from explorer.outside import holder_of, hostname_elsewhere, mirrored, pds_of, presence, reservation_of
from explorer.scenario import Fault, Omission, Scenario
from explorer.statuses import Statuses
from explorer.world import NOT_SEEN, Around, At, Customer, Known, Move, Process, Resource, Row, Secret
from pds_contract.deploy import Presence
from pds_contract.phase import Phase
from pds_contract.resource import provision_name
from pds_operator.protocol.steps import (
    Deploy,
    FindHolder,
    LookAtService,
    LookUpRow,
    Mirror,
    Probe,
    Record,
    Reserve,
    Rest,
    TryNextName,
)

MOST_STEPS = 30
"""Of one visit without an exchange; a decision that comes again and again is a fault."""


def spent(around: Around, *, ambiguous: bool = False) -> Around:
    """Take a fault off the budget."""
    budget = around.budget
    return around._replace(budget=budget._replace(faults=budget.faults - 1, ambiguous=budget.ambiguous + ambiguous))


def with_resource(around: Around, resource: Resource) -> Around:
    """Put a resource into the place of the one before."""
    return around._replace(customer=around.customer._replace(resource=resource))


def at_rest(process: Process, *, due: bool) -> Process:
    """End a visit: nothing is remembered but what was seen, and whether somebody comes back."""
    return Process(process.customer, due=due or process.due, claim_seen=process.claim_seen, seen=process.seen)


@dataclass(frozen=True)
class Visits:
    """The moves of a process in a visit, but for its deploy."""

    scenario: Scenario
    statuses: Statuses
    decisions: Decisions

    def begins(self, process: Process, around: Around) -> Iterator[Move]:
        """Read the resource."""
        if process.due:
            reading = process._replace(due=False, fresh=True)
            yield self.anew("reads the resource", reading, around, around.customer.resource)

    def anew(self, words: str, process: Process, around: Around, resource: Resource) -> Move:
        """Begin to gather facts about a resource that was just read or written."""
        seen = 0
        if self.statuses.claim_number(resource.status) is not None and process.fresh:
            seen = max(process.claim_seen, 0)
            process = process._replace(claim_seen=seen)
        process = process._replace(attempt=None, outcome=None, clock=0)
        return self._goes_on(words, process, around, Known(resource, seen))

    def _goes_on(self, words: str, process: Process, around: Around, known: Known, broken: str = "") -> Move:
        """Take the steps that need no exchange, up to the next one that does."""
        for _ in range(MOST_STEPS):
            thought = self.decisions.next(process.customer, known)
            step = thought.step
            if thought.ends and thought.status is None:
                return Move(*self._rests(words, process, around, known, thought), broken=broken)
            if isinstance(step, TryNextName):
                known = known._replace(candidate=known.candidate + 1, reservation=None, looked_up=False, row=None)
                words += ", tries the next name"
            elif isinstance(step, Record) and thought.status is None:
                known = known._replace(mirrored=None)
            elif isinstance(step, Reserve) and (there := reservation_of(around.secrets, step.hostname)):
                process, known = self._reserved(process, known, there)
                words += f", finds {step.hostname} reserved"
            elif isinstance(step, LookAtService) and not self._can_fail(around, Fault.LOOK):
                known = self._looked_at(around, known, step)
            else:
                at = process._replace(at=At.VISIT, known=known)
                return Move(words, around, at, broken=broken or thought.broken)
        raise AssertionError(f"a visit without end: {known}")

    def _rests(
        self, words: str, process: Process, around: Around, known: Known, thought: Thought
    ) -> tuple[str, Around, Process]:
        due = thought.back
        if self.decisions.settled(process.customer, known.resource) and process.fresh:
            process = process._replace(claim_seen=NOT_SEEN, seen=())
        then = "rests" if due else "rests, until the resource changes"
        return f"{words}, {then}", around, at_rest(process, due=due)

    def _reserved(self, process: Process, known: Known, there: Secret) -> tuple[Process, Known]:
        if self.scenario.omitted >= {Omission.RESERVATION}:
            there = there._replace(owner=process.customer, uid=known.resource.uid)
        seen = 0
        if there.uid != known.resource.uid or there.owner != process.customer:
            process, seen = self._sees(process, known.resource, f"reservation {there.owner}.{there.uid}")
        return process, known._replace(reservation=there, reservation_seen=seen)

    def _sees(self, process: Process, resource: Resource, what: str) -> tuple[Process, int]:
        """Return for how long something has been seen, counted anew for a resource that was made anew."""
        if Omission.SIGHTING_OF_RESOURCE not in self.scenario.omitted:
            what = f"{resource.uid}: {what}"
            kept = tuple(each for each in process.seen if each[0].startswith(f"{resource.uid}: "))
            process = process._replace(seen=kept)
        process = process.sees(what)
        return process, process.seen_for(what) or 0

    def _looked_at(self, around: Around, known: Known, step: LookAtService) -> Known:
        there = pds_of(around.backend, step.service_id)
        return known._replace(service_hostname=there.hostname if there else UNKNOWN_SERVICE)

    def comes_to_nothing(self, process: Process) -> bool:
        """Whether a visit of what is not the newest any more can only read on, until its first write meets a 409.

        To go on reading changes nothing that a new visit would not find, so that its end may come at once. One that
        may write the row, which no resourceVersion guards, is not such a visit.
        """
        if process.at not in {At.VISIT, At.FAILING} or self.scenario.customers > 1 or self.scenario.omitted:
            return False
        assert process.known is not None
        status = self.statuses[process.known.resource.status]
        return status.service_id is None and status.phase is not Phase.DEPLOY_SUCCEEDED_NO_ID

    def comes_to_deploy(self, process: Process) -> bool:
        """Whether the visit's next exchange is a claim."""
        if process.at is not At.VISIT or process.known is None:
            return False
        return isinstance(self.decisions.next(process.customer, process.known).step, Deploy)

    def steps(self, process: Process, around: Around) -> Iterator[Move]:
        """Take the exchange that the visit has come to."""
        known = process.known
        assert known is not None
        thought = self.decisions.next(process.customer, known)
        step = thought.step
        match step:
            case Reserve(hostname):
                yield self._reserves(process, around, known, hostname)
            case LookUpRow(hostname):
                yield self._looks_up(process, around, known, hostname)
                yield from self._fails(process, around, "supabase", "asks for the row: no answer")
            case Probe(hostname):
                yield from self._probes(process, around, known, hostname)
                yield from self._fails(process, around, "backend", f"probes {hostname}: no answer")
            case LookAtService():
                words = f"looks at service {step.service_id}"
                yield self._goes_on(words, process, around, self._looked_at(around, known, step))
                yield from self._fails(process, around, "backend", f"{words}: no answer")
            case FindHolder(service_id):
                yield self._looks_who_has(process, around, known, service_id)
                yield from self._fails(process, around, "supabase", f"looks who has {service_id}: no answer")
            case Mirror():
                yield self._mirrors(process, around, known, mirrored_by(step))
                yield from self._fails(process, around, "supabase", "writes the row: no answer, not written")
            case Record():
                yield from self.records(process, around, known, thought)
            case Deploy() | Rest() | TryNextName():
                raise AssertionError(f"no exchange of a visit: {step}")
            case _:
                assert_never(step)

    def _can_fail(self, around: Around, fault: Fault) -> bool:
        return fault in self.scenario.faults and around.budget.faults > 0

    def _fails(self, process: Process, around: Around, dependency: str, words: str) -> Iterator[Move]:
        """Meet a dependency that gives no answer, and do what the product does then."""
        if not self._can_fail(around, Fault.LOOK):
            return
        known = process.known
        assert known is not None
        thought = self.decisions.after_failure(process.customer, known, dependency)
        spending = spent(around)
        if thought.status is None:
            yield Move(*self._rests(words, process, spending, known, thought), fault=True)
        else:
            yield Move(words, spending, process._replace(at=At.FAILING, failure=dependency), fault=True)

    def _reserves(self, process: Process, around: Around, known: Known, hostname: str) -> Move:
        there = reservation_of(around.secrets, hostname)
        words = f"finds {hostname} reserved"
        if there is None:
            there, words = Secret(hostname, process.customer, known.resource.uid), f"reserves {hostname}"
            around = around._replace(secrets=tuple(sorted((*around.secrets, there))))
        process, known = self._reserved(process, known, there)
        return self._goes_on(words, process, around, known)

    def _looks_up(self, process: Process, around: Around, known: Known, hostname: str) -> Move:
        row, seen = around.customer.row, 0
        if row and row.service_id is None and row.hostname and self.scenario.renames:
            process, seen = self._sees(process, known.resource, f"row of {row.hostname}")
        known = known._replace(
            looked_up=True,
            row=row,
            row_seen=seen,
            user_exists=around.customer.user_exists,
            hostname_elsewhere=hostname_elsewhere(around.others, hostname),
        )
        return self._goes_on(f"asks for the row: {row_in_words(row)}", process, around, known)

    def _looks_who_has(self, process: Process, around: Around, known: Known, service_id: int) -> Move:
        owner = holder_of(around.others, service_id)
        holder = "" if owner is None else provision_name(USERS[owner])
        words = f"looks who has {service_id}: {holder or 'nobody'}"
        return self._goes_on(words, process, around, known._replace(holder=holder))

    def _probes(self, process: Process, around: Around, known: Known, hostname: str) -> Iterator[Move]:
        said = presence(around.backend, hostname)

        def with_answer(answer: Presence, at: Around) -> Move:
            presences = tuple(sorted({**dict(known.presences), hostname: answer}.items()))
            return self._goes_on(f"probes {hostname}: {answer}", process, at, known._replace(presences=presences))

        yield with_answer(said, around)
        # Missing before the first deploy of a hostname, it looks like a backend that never had it.
        claim = self.statuses[known.resource.status].claim
        if self._can_fail(around, Fault.PROBE_GONE) and claim and claim.hostname_absent:
            yield with_answer(Presence.NO_PROBE, spent(around))._replace(fault=True)

    def _mirrors(self, process: Process, around: Around, known: Known, row: Row) -> Move:
        stored = self.row_written(around.customer, row)
        around = around._replace(customer=around.customer._replace(row=stored))
        known = known._replace(mirrored=stored, user_gone=stored is None)
        return self._goes_on(f"writes the row: {row_in_words(stored)}", process, around, known)

    def row_written(self, customer: Customer, row: Row) -> Row | None:
        """Return what the row is once this was written to it; there is none of a user who is not there."""
        if not customer.user_exists:
            return None
        return mirrored(customer.row, row, conditional=Omission.ROW_CONDITION not in self.scenario.omitted)

    def records(self, process: Process, around: Around, known: Known, thought: Thought) -> Iterator[Move]:
        """Write a verdict into status, if the resource is still as it was read."""
        assert thought.status is not None
        words = f"writes: {self._verdict(thought.status)}"
        if not process.fresh and Omission.VERDICT_VERSION not in self.scenario.omitted:
            yield self.conflict(words, process, around)
            return
        resource = self._written(process, around, known, thought)
        after = with_resource(around, resource)
        if thought.ends:
            there = known._replace(resource=resource)
            yield Move(*self._rests(words, process, after, there, thought))
        else:
            yield self._goes_on(words, process, after, known._replace(resource=resource, mirrored=None))
        if self._can_fail(around, Fault.WRITE):
            lost = at_rest(process, due=True)
            yield Move(f"{words}: written, no answer", spent(after), lost, fault=True)

    def _written(self, process: Process, around: Around, known: Known, thought: Thought) -> Resource:
        if process.fresh:
            assert thought.status is not None
            return known.resource._replace(status=thought.status)
        # Only where a rule is left out: the patch meets a resource that it was not made for.
        assert isinstance(thought.step, Record)
        there = around.customer.resource
        return there._replace(status=self.statuses.patched(there.status, thought.step.status))

    def conflict(self, words: str, process: Process, around: Around) -> Move:
        """End a visit whose write met a newer resource."""
        return Move(f"{words}: 409, somebody wrote first", around, at_rest(process, due=True))

    def after_failure(self, process: Process, around: Around) -> Iterator[Move]:
        """Write what a failed look makes of the resource."""
        known = process.known
        assert known is not None
        thought = self.decisions.after_failure(process.customer, known, process.failure)
        yield from self.records(process._replace(failure=""), around, known, thought)

    def _verdict(self, number: int) -> str:
        status = self.statuses[number]
        said = "/".join(f"{each.type} {each.reason}" for each in status.conditions)
        more = [f"service {status.service_id}"] if status.service_id else []
        return ", ".join([said, *more])


def row_in_words(row: Row | None) -> str:
    """Say a row, for a trace."""
    return f"({row.service_id}, {row.hostname}, {row.status})" if row else "none"
