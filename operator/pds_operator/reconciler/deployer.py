"""One deploy: claim, clock, POST, outcome, row. What it has learned it writes until that is durable."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pydantic import ValidationError

from pds_contract.deploy import Deployed, DeployOutcome, DeployRequest, Rejected, Throttled, Unauthorized
from pds_contract.errors import Conflict, DependencyError, NotFound, PdsError, Refused, UnknownUser
from pds_contract.resource import PdsProvision
from pds_operator import metrics
from pds_operator.limits.circuit import Circuit
from pds_operator.protocol.deploying import Attempt, claim, conclude, row_after
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.policy import Policy
from pds_operator.protocol.steps import Deploy
from pds_operator.reconciler.clients import Clients
from pds_operator.reconciler.sightings import Sightings
from pds_operator.reconciler.status_writer import StatusWriter

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
        writer: Writes status.
    """

    clients: Clients
    policy: Policy
    sightings: Sightings
    circuit: Circuit
    clock: Callable[[], float]
    writer: StatusWriter

    async def deploy(self, facts: Facts, step: Deploy) -> PdsProvision | None:
        """Deploy once.

        Returns:
            The resource with the outcome in it, or None where it could not be kept there.

        Raises:
            Conflict: Somebody else wrote first; nothing was sent.
            DependencyError: Whether the claim was written is not known; nothing was sent.
        """
        before = facts.provision
        reservation = facts.reservation
        assert reservation is not None  # noqa: S101 - the protocol reserves before it deploys; for mypy
        attempt = Attempt(uuid.uuid4().hex, step.hostname, step.in_doubt, step.probed_absent)
        record = claim(facts, step, attempt.claim_id, self.policy)
        self.sightings.seen_for(before.metadata.name, attempt.claim_id)
        started = self.clock()
        claimed = await self.writer.write(before, record.status, record.events)
        metrics.DEPLOY_ATTEMPTS.inc()
        logger.info("deploying", extra={"attempt": claimed.status.attempts})
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
        return await self._keep(replace(facts, provision=claimed, now=datetime.now(UTC)), attempt, outcome)

    async def _keep(self, facts: Facts, attempt: Attempt, outcome: DeployOutcome) -> PdsProvision | None:
        """Write an outcome, again and again until it is durable; where it cannot be, into the row."""
        uid, delay, in_row = facts.provision.metadata.uid, FIRST_WRITE_DELAY, not _has_id(outcome)
        while True:
            provision = facts.provision
            try:
                conclusion = conclude(facts, attempt, outcome, self.policy)
                if conclusion.status is None:
                    return provision
                try:
                    written = await self.writer.write(provision, conclusion.status, conclusion.events)
                except Conflict:
                    pass
                else:
                    return await self._kept(written, attempt, outcome)
                provision = await self.clients.provisions.get(provision.metadata.name)
            except NotFound:
                return await self._orphaned(provision, attempt, outcome, "the resource is gone")
            except ValidationError:
                return await self._orphaned(provision, attempt, outcome, "the resource cannot be read")
            except Exception as error:
                # Whatever it is, also a fault of ours: the outcome is known here alone, and no id must be lost for it.
                if isinstance(error, Refused) and error.status == 422:
                    return await self._orphaned(provision, attempt, outcome, str(error))
                logger.warning(
                    "the outcome of a deploy could not be written yet",
                    extra={"error": str(error) or type(error).__name__},
                    exc_info=not isinstance(error, DependencyError),
                )
                # In the row as well, should this process not live to see the API server back.
                in_row = in_row or await self._mirror(provision, attempt, outcome)
                await asyncio.sleep(delay)
                delay = min(delay * 2, LONGEST_WRITE_DELAY)
            if provision.metadata.uid != uid:
                return await self._orphaned(provision, attempt, outcome, "the resource was made anew")
            facts = replace(facts, provision=provision, now=datetime.now(UTC))

    async def _kept(self, written: PdsProvision, attempt: Attempt, outcome: DeployOutcome) -> PdsProvision:
        # The rest of the visit goes on to the row of a success, where there is a rest.
        visit_ends = written.spec.suspend or written.metadata.deletion_timestamp is not None
        failed = not isinstance(outcome, Deployed) and written.status.service_id is None
        if failed or visit_ends:
            await self._mirror(written, attempt, outcome)
        return written

    async def _orphaned(
        self, provision: PdsProvision, attempt: Attempt, outcome: DeployOutcome, why: str
    ) -> PdsProvision | None:
        metrics.ORPHANED_OUTCOMES.inc()
        logger.error(
            "an outcome could not be kept in its resource",
            extra={"service_id": outcome.service_id if isinstance(outcome, Deployed) else None, "why": why},
        )
        delay = FIRST_WRITE_DELAY
        # An id is nowhere else: it has to get into the row.
        while not await self._mirror(provision, attempt, outcome) and _has_id(outcome):
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_WRITE_DELAY)
        return None

    async def _mirror(self, provision: PdsProvision, attempt: Attempt, outcome: DeployOutcome) -> bool:
        """Write the row of an outcome; say whether there is nothing more to do about it."""
        wanted = row_after(provision.spec.user_id, attempt, outcome)
        try:
            row = await self.clients.supabase.mirror_pds_service(wanted)
        except PdsError as error:
            logger.warning("the row of an outcome could not be written", extra={"error": str(error)})
            return isinstance(error, UnknownUser)
        if wanted.pds_service_id is not None and row.pds_service_id != wanted.pds_service_id:
            metrics.SECOND_SERVICES.inc()
            logger.error(
                "the backend made a second service for a user",
                extra={"service_id": wanted.pds_service_id, "service_id_in_row": row.pds_service_id},
            )
        return True

    def _note(self, provision: PdsProvision, outcome: DeployOutcome) -> None:
        name = provision.metadata.name
        metrics.DEPLOYS.labels(outcome=type(outcome).__name__).inc()
        if isinstance(outcome, Unauthorized):
            self.circuit.rejected(name, outcome.status, deploy=True)
        elif isinstance(outcome, Deployed | Throttled | Rejected):
            self.circuit.accepted(name, deploy=True)
        service_id = outcome.service_id if isinstance(outcome, Deployed) else None
        logger.info("a deploy ended", extra={"outcome": type(outcome).__name__, "service_id": service_id})


def _has_id(outcome: DeployOutcome) -> bool:
    return isinstance(outcome, Deployed) and outcome.service_id is not None
