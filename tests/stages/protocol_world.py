"""A world in memory around the protocol's decisions: whatever is asked is answered as somebody chooses.

It holds the protocol's promises against every step: no status that the API server would refuse, no id that is lost, no
deploy that a rule forbids. It keeps its own books (when a claim was first seen, what was reserved) for that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol, TypeVar, assert_never

from pds_contract.conditions import Reason
from pds_contract.deploy import Deployed, DeployOutcome, NotSent, OutcomeUnknown, Presence, Rejected, Throttled
from pds_contract.deploy import Unauthorized as DeployUnauthorized
from pds_contract.errors import CredentialsRejected, DependencyError, Refused, TryLater
from pds_contract.reservation import Reservation
from pds_contract.resource import Claim, PdsProvision
from pds_contract.rows import PdsServiceLookup, PdsServiceRow
from pds_contract.service import ServiceState
from pds_operator.protocol.decide import decide
from pds_operator.protocol.deploying import Attempt, claim, conclude
from pds_operator.protocol.facts import Facts, Held, ServiceSeen
from pds_operator.protocol.failing import failed
from pds_operator.protocol.policy import ABANDONED_MARGIN, Policy
from pds_operator.protocol.record import says_already
from pds_operator.protocol.steps import (
    Deploy,
    Event,
    FindHolder,
    LookAtService,
    LookUpRow,
    Mirror,
    Probe,
    Record,
    Reserve,
    Rest,
    StatusPatch,
    Step,
    TryNextName,
)
from stages.protocol_stage import EMAIL, NOW, WAIT, merged, written

T = TypeVar("T")
MOST_STEPS = 40
"""Of one visit; the longest road (two names, a deploy, the row, the service) needs about twenty."""

ONE_IN_TEN = (*(False,) * 9, True)
ERRORS: tuple[DependencyError, ...] = (
    TryLater("backend", "the backend could not be reached"),
    TryLater("backend", "the backend asks for patience", 429, 90.0),
    TryLater("supabase", "supabase could not be reached"),
    TryLater("kubernetes", "the API server could not be reached"),
    CredentialsRejected("backend", "the backend does not accept PDS_API_TOKEN", 401),
    Refused("supabase", "supabase answered 400", 400),
)
OUTCOMES: tuple[DeployOutcome, ...] = (
    Deployed(800),
    Deployed(801),
    Deployed(None),
    NotSent("no connection came about"),
    Throttled(30.0),
    Rejected(400),
    Rejected(409),
    DeployUnauthorized(401),
    OutcomeUnknown("the connection was cut"),
)
HELD = Held(Reason.DEPLOY_LIMIT_REACHED, "As many deploys as are allowed have begun within an hour.", 600.0)


class Chooser(Protocol):
    """Chooses one of several answers."""

    def __call__(self, options: Sequence[T], /) -> T: ...


@dataclass
class World:
    """One resource and everything around it."""

    provision: PdsProvision
    policy: Policy
    choose: Chooser
    row: PdsServiceRow | None = None
    reservations: dict[str, Reservation] = field(default_factory=dict)
    clock: float = 0.0
    seen: dict[str, float] = field(default_factory=dict)
    polls: int = 0
    deploys: int = 0

    def visit(self) -> Rest:
        """Walk from a fresh read until the protocol rests; fail where it does not, or breaks a promise."""
        known, trail = self._read(), list[Step]()
        while len(trail) < MOST_STEPS:
            step = decide(known, self.policy)
            trail.append(step)
            error = self._error(step)
            if error is not None:
                if error.dependency == "kubernetes":
                    return Rest(1.0)
                step = failed(known, error, self.policy)
                trail.append(step)
            if isinstance(step, Rest):
                return step
            known = self._take(known, step)
            if isinstance(step, Record) and step.then is not None:
                return step.then
        raise AssertionError(f"a visit without end: {trail}")

    def restart(self) -> None:
        """Another process takes over: what was seen is forgotten."""
        self.seen.clear()
        self.polls = 0

    def _read(self) -> Facts:
        self.polls += 1
        held = self.provision.status.claim
        return Facts(
            provision=self.provision,
            now=NOW + timedelta(seconds=self.clock),
            chance=self.choose((0.0, 0.5, 1.0)),
            claim_seen_for=self._seen_for(held.id) if held else 0.0,
            polls=self.polls,
        )

    def _seen_for(self, what: str) -> float:
        return self.clock - self.seen.setdefault(what, self.clock)

    def _error(self, step: Step) -> DependencyError | None:
        if isinstance(step, Record | Rest | TryNextName | Deploy):
            return None
        return self.choose(ERRORS) if self.choose(ONE_IN_TEN) else None

    def _take(self, known: Facts, step: Step) -> Facts:
        match step:
            case Reserve(hostname):
                return self._reserve(known, hostname)
            case TryNextName():
                return replace(known, candidate=known.candidate + 1, reservation=None, lookup=None)
            case LookUpRow():
                gone = self.choose(ONE_IN_TEN)
                kept = self.row.hostname if self.row and self.row.pds_service_id is None else None
                seen_for = self._seen_for(f"row of {kept}") if kept else 0.0
                found = PdsServiceLookup(user_exists=not gone, row=self.row)
                return replace(known, lookup=found, row_seen_for=seen_for)
            case Probe(hostname):
                held = HELD if self.choose(ONE_IN_TEN) else None
                said = {**known.presences, hostname: self.choose(tuple(Presence))}
                return replace(known, presences=said, held=held)
            case LookAtService():
                named = self.choose((self.row.hostname if self.row else None, "another.example"))
                return replace(known, service=ServiceSeen(named, self.choose(tuple(ServiceState))))
            case FindHolder():
                return replace(known, holder=self.choose(("", "", "pds-other")))
            case Mirror(row):
                if self.choose(ONE_IN_TEN):
                    return replace(known, user_gone=True)
                return replace(known, mirrored=self._mirror(row))
            case Record():
                return self._record(known, step)
            case Deploy():
                return self._deploy(known, step)
            case Rest():
                return known
        assert_never(step)

    def _reserve(self, known: Facts, hostname: str) -> Facts:
        uid = self.provision.metadata.uid
        there = self.reservations.setdefault(
            hostname, Reservation(hostname, self.provision.spec.user_id, uid, "p", "k")
        )
        older = there.provision_uid != uid
        return replace(
            known, reservation=there, reservation_seen_for=self._seen_for(there.provision_uid) if older else 0.0
        )

    def _mirror(self, row: PdsServiceRow) -> PdsServiceRow:
        """Write the row unless an id that it would lose is in it."""
        if self.row is None or self.row.pds_service_id in {None, row.pds_service_id}:
            self.row = row
        return self.row

    def _record(self, known: Facts, record: Record) -> Facts:
        assert says_already(self.provision, record.status) in {True, False}, "the patch is a valid status"
        self._write(record.status, record.events)
        return replace(known, provision=self.provision, mirrored=None if record.then is None else known.mirrored)

    def _write(self, patch: StatusPatch, events: tuple[Event, ...]) -> None:
        assert EMAIL not in repr((patch, events)), "personal data"
        before, after = self.provision.status, merged(self.provision.status, patch)
        assert before.service_id in {None, after.service_id}, f"an id was lost or replaced by {patch}"
        for each in after.conditions:
            assert each.last_transition_time <= NOW + timedelta(seconds=self.clock)
        self.provision = written(self.provision, patch)

    def _deploy(self, known: Facts, step: Deploy) -> Facts:
        self._promise(known, step)
        self.deploys += 1
        attempt = Attempt(f"claim-{self.deploys}", step.hostname, step.in_doubt, step.probed_absent)
        record = claim(known, step, attempt.claim_id, self.policy)
        if self.choose((False, False, False, True)):
            self._write(record.status, record.events)
            self.restart()  # the holder died; nobody knows whether it had sent anything
            return self._read()
        self._seen_for(attempt.claim_id)
        self._write(record.status, record.events)
        at = replace(known, provision=self.provision)
        conclusion = conclude(at, attempt, self.choose(OUTCOMES), self.policy)
        assert conclusion.status is not None, "the claim is its own, so the outcome is kept"
        self._write(conclusion.status, conclusion.events)
        return self._read()

    def _promise(self, known: Facts, step: Deploy) -> None:
        """Hold the protocol's promises against a deploy."""
        provision, status = self.provision, self.provision.status
        assert status.service_id is None, "its id is known"
        assert not provision.spec.suspend
        assert provision.metadata.deletion_timestamp is None
        assert known.held is None, "no deploy may begin now"
        assert step.hostname in known.presences, "the backend was not asked"
        said_before = status.claim is not None and status.claim.hostname_absent
        assert step.hostname_absent == (known.presences[step.hostname] is Presence.ABSENT or said_before)
        assert known.lookup is not None, "the row was not looked at"
        assert known.lookup.user_exists
        row = known.lookup.row
        assert row is None or row.pds_service_id is None, "the row has an id"
        assert row is None or row.status in {"deploy_failed", "deploy_succeeded_no_id"}
        reservation = self.reservations.get(step.hostname)
        assert reservation is not None, "nothing is reserved"
        assert reservation == known.reservation, "the password is another reservation's"
        assert reservation.user_id == provision.spec.user_id, "the hostname is somebody else's"
        if status.claim is not None:
            assert status.claim.hostname == step.hostname, "what was in doubt is another hostname"
            assert self._waited_out(status.claim), "an earlier deploy may be under way"
            assert step.in_doubt
        if reservation.provision_uid != provision.metadata.uid and status.hostname != step.hostname:
            made = provision.metadata.creation_timestamp
            assert made is not None
            age = self.clock - (made - NOW).total_seconds()
            waited = self.clock - self.seen[reservation.provision_uid] >= WAIT
            assert waited or age > WAIT + ABANDONED_MARGIN, "an earlier resource's deploy may be under way"
            assert step.in_doubt

    def _waited_out(self, open_claim: Claim) -> bool:
        wait = open_claim.duration_seconds + open_claim.timeout_seconds + self.policy.settle_seconds
        age = self.clock - (open_claim.start_time - NOW).total_seconds()
        return self.clock - self.seen[open_claim.id] >= wait or age > wait + ABANDONED_MARGIN
