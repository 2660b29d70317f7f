"""One deploy: claim, clock, POST, outcome, row. What it has learned it writes until that is durable."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pds_contract.deploy import Deployed, DeployOutcome, DeployRequest, Rejected, Throttled, Unauthorized
from pds_contract.errors import Conflict, DependencyError, NotFound, PdsError, Refused
from pds_contract.resource import PdsProvision
from pds_operator import metrics
from pds_operator.limits.circuit import Circuit
from pds_operator.protocol.deploying import Attempt, claim, conclude, row_after
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.policy import Policy
from pds_operator.protocol.steps import Deploy, Event
from pds_operator.reconciler.clients import Clients
from pds_operator.reconciler.sightings import Sightings

logger = logging.getLogger(__name__)

FIRST_WRITE_DELAY = 0.2
LONGEST_WRITE_DELAY = 5.0


@dataclass(frozen=True)
class Deployer:
    """Carries deploys out.

    Args:
        clients: What it talks to.
        policy: The protocol's settings.
        sightings: Where a claim of our own counts as seen from before it was sent.
        circuit: Told how the backend takes our credentials.
        clock: Seconds, on a clock that runs on through suspension.
        wrote: Told each resource as our own write left it.
    """

    clients: Clients
    policy: Policy
    sightings: Sightings
    circuit: Circuit
    clock: Callable[[], float]
    wrote: Callable[[PdsProvision], None]

    async def deploy(self, facts: Facts, step: Deploy) -> PdsProvision | None:
        """Deploy once.

        Returns:
            The resource with the outcome in it, or None where it is gone.

        Raises:
            Conflict: Somebody else wrote first; nothing was sent.
            DependencyError: Whether the claim was written is not known; nothing was sent.
        """
        before = facts.provision
        reservation = facts.reservation
        assert reservation is not None  # noqa: S101 - the protocol reserves before it deploys; for mypy
        attempt = Attempt(uuid.uuid4().hex, step.hostname, step.in_doubt)
        record = claim(facts, step, attempt.claim_id, self.policy)
        self.sightings.seen_for(before.metadata.name, attempt.claim_id)
        started = self.clock()
        claimed = await self._write(before, record.status, record.events)
        request = DeployRequest(
            username=step.username,
            password=reservation.password,
            email=before.spec.email,
            hostname=step.hostname,
            disksize=before.spec.disksize_gb,
        )
        outcome = await self.clients.backend.deploy(
            request,
            request.idempotency_key(reservation.key),
            in_time=lambda: self.clock() - started <= self.policy.claim_seconds,
        )
        self._note(before, outcome)
        after = await self._keep(replace(facts, provision=claimed), attempt, outcome)
        # Where the deploy succeeded and the resource is there, the visit goes on to the row.
        if after is None or not (isinstance(outcome, Deployed) or after.status.service_id):
            await self._mirror(before, attempt, outcome)
        return after

    async def _keep(self, facts: Facts, attempt: Attempt, outcome: DeployOutcome) -> PdsProvision | None:
        """Write an outcome, again and again until it is durable or the resource is gone."""
        delay = FIRST_WRITE_DELAY
        while True:
            provision = facts.provision
            conclusion = conclude(facts, attempt, outcome, self.policy)
            if conclusion.status is None:
                return provision
            try:
                return await self._write(provision, conclusion.status, conclusion.events)
            except Refused as error:
                self._orphaned(provision, outcome, str(error))
                return None
            except Conflict:
                pass
            except NotFound:
                self._orphaned(provision, outcome, "the resource is gone")
                return None
            except DependencyError as error:
                logger.warning(
                    "the outcome of a deploy could not be written yet",
                    extra={"provision": provision.metadata.name, "error": str(error)},
                )
                await asyncio.sleep(delay)
                delay = min(delay * 2, LONGEST_WRITE_DELAY)
            newest = await self._read_again(provision, delay)
            if newest is None or newest.metadata.uid != provision.metadata.uid:
                self._orphaned(provision, outcome, "the resource is gone")
                return None
            facts = replace(facts, provision=newest, now=datetime.now(UTC))

    async def _read_again(self, provision: PdsProvision, delay: float) -> PdsProvision | None:
        while True:
            try:
                return await self.clients.provisions.get(provision.metadata.name)
            except NotFound:
                return None
            except DependencyError:
                await asyncio.sleep(delay)

    async def _write(self, provision: PdsProvision, status: object, events: tuple[Event, ...]) -> PdsProvision:
        assert isinstance(status, dict)  # noqa: S101 - for mypy
        written = await self.clients.provisions.patch_status(
            provision.metadata.name, provision.metadata.resource_version, status
        )
        self.wrote(written)
        for event in events:
            self.clients.announce(written, event)
        return written

    def _orphaned(self, provision: PdsProvision, outcome: DeployOutcome, why: str) -> None:
        metrics.ORPHANED_OUTCOMES.inc()
        logger.error(
            "an outcome could not be kept in its resource",
            extra={
                "provision": provision.metadata.name,
                "service_id": outcome.service_id if isinstance(outcome, Deployed) else None,
                "why": why,
            },
        )

    async def _mirror(self, provision: PdsProvision, attempt: Attempt, outcome: DeployOutcome) -> None:
        """Write the row of an outcome, as far as it goes: the next try repeats it."""
        try:
            await self.clients.supabase.mirror_pds_service(row_after(provision.spec.user_id, attempt, outcome))
        except PdsError as error:
            logger.warning(
                "the row of an outcome could not be written",
                extra={"provision": provision.metadata.name, "error": str(error)},
            )

    def _note(self, provision: PdsProvision, outcome: DeployOutcome) -> None:
        name = provision.metadata.name
        metrics.DEPLOYS.labels(outcome=type(outcome).__name__).inc()
        if isinstance(outcome, Unauthorized):
            self.circuit.rejected(name, outcome.status)
        elif isinstance(outcome, Deployed | Throttled | Rejected):
            self.circuit.accepted(name)
        logger.info("deployed", extra={"provision": name, "outcome": type(outcome).__name__})
