"""One visit of one resource: do what the protocol says, step by step, until it says to rest."""

import logging
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar, assert_never

from aiolimiter import AsyncLimiter

from pds_contract.errors import Conflict, CredentialsRejected, DependencyError, NotFound, Refused, TryLater, UnknownUser
from pds_contract.reservation import Reservation
from pds_contract.resource import PdsProvision, provision_name
from pds_contract.service import ServiceState
from pds_operator import metrics
from pds_operator.limits.circuit import Circuit
from pds_operator.limits.gate import Gate
from pds_operator.limits.recovery import Recovery
from pds_operator.protocol.decide import decide
from pds_operator.protocol.facts import Facts, ServiceSeen
from pds_operator.protocol.failing import failed, reservation_refused
from pds_operator.protocol.policy import Policy
from pds_operator.protocol.queueing import queued
from pds_operator.protocol.record import says_already
from pds_operator.protocol.schedule import is_settled, poll_delay
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
    Step,
    TryNextName,
)
from pds_operator.reconciler import drift
from pds_operator.reconciler.clients import Clients
from pds_operator.reconciler.deployer import Deployer
from pds_operator.reconciler.mirroring import keep_row
from pds_operator.reconciler.sightings import Sightings
from pds_operator.reconciler.status_writer import StatusWriter
from pds_operator.reconciler.watched import Watched
from pds_runtime.logs import also_about

logger = logging.getLogger(__name__)

CONFLICT_REST = 0.5
GATE_FULL = "the gate full"

Answer = TypeVar("Answer")


class _GateFull(Exception):
    """There is no room to begin a deploy; the gate calls the resource when there is."""


@dataclass(frozen=True)
class Visitor:
    """Visits resources.

    Args:
        clients: What it talks to.
        policy: The protocol's settings.
        sightings: What is remembered between visits.
        circuit: Turns calls of the backend away while it rejects our credentials.
        gate: Bounds deploys.
        recovery: Calls those that an outage of the backend kept waiting.
        deployer: Carries deploys out.
        writer: Writes status.
        watched: Told what is gone.
        draining: Whether no deploy may begin any more.
        polls: Bounds the looks at services that were looked at before.
        label_selector: Which resources are this operator's; empty: all.
    """

    clients: Clients
    policy: Policy
    sightings: Sightings
    circuit: Circuit
    gate: Gate
    recovery: Recovery
    deployer: Deployer
    writer: StatusWriter
    watched: Watched
    draining: Callable[[], bool]
    polls: AsyncLimiter
    label_selector: str = ""

    async def visit(self, name: str) -> float | None:
        """Visit a resource.

        Returns:
            In how many seconds to come back; None: when it changes.
        """
        self.gate.visited(name)
        if self._finds_gate_full(name):
            return self.policy.queueing_patience
        called = self.recovery.called(name)
        try:
            provision = await self._read(name)
            return None if provision is None else await self._walk(self._facts(provision))
        except (Conflict, NotFound):
            return CONFLICT_REST
        except DependencyError as error:
            # The API server itself: there is nowhere to write that down.
            self.sightings.polled(name)
            logger.warning("a visit failed", extra={"error": str(error)})
            return poll_delay(self.sightings.polls(name), self.policy, random.random())  # noqa: S311 - jitter
        finally:
            self.gate.leave(name)
            self.circuit.gave_up(name)
            if called and not self.gate.awaits(name):
                self.recovery.took_turn(name)

    def _finds_gate_full(self, name: str) -> bool:
        """Have a new one that meets a full gate wait for its turn, and spare it the read until then."""
        uid = self.watched.unvisited(name)
        if uid is None or self.gate.awaits(name) or self.gate.enter(name):
            return False
        self.sightings.seen_for(name, _beside(uid, GATE_FULL))
        return True

    async def _read(self, name: str) -> PdsProvision | None:
        try:
            provision = await self.clients.provisions.get_selected(name, self.label_selector)
        except NotFound:
            self.sightings.forget(name)
            self.watched.forget(name)
            self.recovery.forget(name)
            return None
        if provision.event_id is not None:
            also_about(event_id=provision.event_id)
        return provision

    async def _walk(self, facts: Facts) -> float | None:
        met_failure = False
        while True:
            step = decide(facts, self.policy)
            try:
                known = await self._take(facts, step)
            except UnknownUser:
                known = replace(facts, user_gone=True)
            except _GateFull:
                # Most are called sooner, and are spared the write.
                if self._seen_for(facts, GATE_FULL) < self.policy.queueing_patience:
                    return self.policy.queueing_patience
                step = queued(facts)
                known = await self._take(facts, step)
            except DependencyError as error:
                met_failure = True
                if isinstance(step, Reserve) and isinstance(error, Refused):
                    step = reservation_refused(facts, error)
                elif error.dependency == "kubernetes":
                    raise
                else:
                    self._met_outage(facts, error)
                    step = failed(facts, error, self.policy)
                known = await self._take(facts, step)
            if known is None:
                return self.policy.takeover_wait()
            facts = known
            rest = step.then if isinstance(step, Record) else step if isinstance(step, Rest) else None
            if rest is not None:
                return self._rest(facts, rest, met_failure=met_failure)

    def _met_outage(self, facts: Facts, error: DependencyError) -> None:
        if error.dependency != "backend" or not isinstance(error, TryLater) or isinstance(error, CredentialsRejected):
            return
        if not is_settled(facts.provision):
            metadata = facts.provision.metadata
            since, asked_to_wait = metadata.creation_timestamp or facts.now, error.retry_after or 0.0
            self.recovery.failed(metadata.name, since, asked_to_wait, had_its_turn=facts.called)

    async def _take(self, facts: Facts, step: Step) -> Facts | None:
        """Take one step; return what is known then, or None where the outcome of a deploy could not be kept."""
        name = facts.provision.metadata.name
        match step:
            case Rest():
                return facts
            case Reserve(hostname):
                return await self._reserve(facts, hostname)
            case TryNextName():
                return replace(facts, candidate=facts.candidate + 1, reservation=None, lookup=None)
            case LookUpRow(hostname):
                return await self._look_up_row(facts, hostname)
            case Probe(hostname):
                presence = await self._call(name, self.clients.backend.presence(hostname))
                return replace(facts, presences={**facts.presences, hostname: presence}, held=self.gate.held())
            case LookAtService(service_id):
                return replace(facts, service=await self._look(facts, service_id))
            case FindHolder(service_id):
                return replace(facts, holder=await self._holder(facts, service_id))
            case Mirror(row):
                return replace(facts, mirrored=await keep_row(self.clients.supabase, facts.provision, row))
            case Record():
                return await self._record(facts, step)
            case Deploy():
                return await self._deploy(facts, step)
        assert_never(step)

    async def _reserve(self, facts: Facts, hostname: str) -> Facts:
        metadata = facts.provision.metadata
        self.circuit.enter(metadata.name)
        if not self.gate.enter(metadata.name):
            raise _GateFull
        self.sightings.unsee(metadata.name, _beside(metadata.uid, GATE_FULL))
        wanted = Reservation.new(hostname, facts.provision.spec.user_id, metadata.uid)
        there = await self.clients.reservations.reserve(wanted)
        older = there.provision_uid != metadata.uid
        seen_for = self._seen_for(facts, f"reservation of {there.provision_uid}") if older else 0.0
        return replace(facts, reservation=there, reservation_seen_for=seen_for)

    async def _look_up_row(self, facts: Facts, hostname: str) -> Facts:
        lookup = await self.clients.supabase.look_up_pds_service(facts.provision.spec.user_id, hostname)
        kept = lookup.row.hostname if lookup.row and lookup.row.pds_service_id is None else None
        seen_for = self._seen_for(facts, f"row of {kept}") if kept else 0.0
        return replace(facts, lookup=lookup, row_seen_for=seen_for)

    def _seen_for(self, facts: Facts, what: str) -> float:
        return self.sightings.seen_for(facts.provision.metadata.name, _beside(facts.provision.metadata.uid, what))

    async def _look(self, facts: Facts, service_id: int) -> ServiceSeen:
        name = facts.provision.metadata.name
        if facts.polls or is_settled(facts.provision):
            await self.polls.acquire()
        try:
            service = await self._call(name, self.clients.backend.service(service_id))
        except NotFound:
            seen = ServiceSeen(None, ServiceState.NOT_FOUND)
        else:
            seen = ServiceSeen(service.hostname, service.state)
        if found := drift.of_service(facts.provision, seen.state):
            metrics.DRIFT_FOUND.labels(found).inc()
        return seen

    async def _holder(self, facts: Facts, service_id: int) -> str:
        metadata, spec = facts.provision.metadata, facts.provision.spec
        async for other in self.clients.provisions.list(f"status.serviceId={service_id}"):
            if other.metadata.name != metadata.name:
                return other.metadata.name
        # One from before the operator may have a row, and no resource yet.
        user_id = await self.clients.supabase.other_holder(service_id, spec.user_id)
        return provision_name(user_id) if user_id else ""

    async def _call(self, name: str, call: Coroutine[None, None, Answer]) -> Answer:
        """Call the backend through the circuit."""
        try:
            self.circuit.enter(name)
        except CredentialsRejected:
            call.close()
            raise
        try:
            answer = await call
        except CredentialsRejected as error:
            self.circuit.rejected(name, error.status or 401)
            raise
        except NotFound:
            self.circuit.accepted(name)
            self.recovery.answered(name)
            raise
        self.circuit.accepted(name)
        self.recovery.answered(name)
        return answer

    async def _record(self, facts: Facts, record: Record) -> Facts:
        provision = facts.provision
        if not says_already(provision, record.status):
            provision = await self.writer.write(provision, record.status, record.events)
        # After a change of what the resource is, the row that it is mirrored in is looked at anew.
        return replace(facts, provision=provision, mirrored=None if record.then is None else facts.mirrored)

    async def _deploy(self, facts: Facts, step: Deploy) -> Facts | None:
        if self.draining():
            return None
        # Others may have begun since the probe: no await between this look and the count.
        held = self.gate.held()
        if held:
            return replace(facts, held=held)
        self.circuit.enter(facts.provision.metadata.name)
        self.gate.begin()
        after = await self.deployer.deploy(facts, step)
        self.sightings.moved(facts.provision.metadata.name)
        return None if after is None else self._facts(after)

    def _facts(self, provision: PdsProvision) -> Facts:
        name, claim = provision.metadata.name, provision.status.claim
        return Facts(
            provision=provision,
            now=datetime.now(UTC),
            chance=random.random(),  # noqa: S311 - jitter
            claim_seen_for=self.sightings.seen_for(name, claim.id) if claim else 0.0,
            polls=self.sightings.polls(name),
            called=self.recovery.called(name),
        )

    def _rest(self, facts: Facts, rest: Rest, *, met_failure: bool) -> float | None:
        name = facts.provision.metadata.name
        if is_settled(facts.provision) and not met_failure:
            self.sightings.forget(name)
        else:
            self.sightings.polled(name)
        return rest.seconds


def _beside(uid: str, what: str) -> str:
    """Name what was seen beside this very resource: one made anew waits anew."""
    return f"{what} by {uid}"
