"""The one place that writes status: once a write is durable, it is counted, logged and told."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pds_clients.kubernetes import Provisions
from pds_contract.conditions import READY, Reason
from pds_contract.resource import PdsProvision
from pds_operator import metrics
from pds_operator.protocol.steps import Event, StatusPatch
from pds_operator.protocol.waiting import first_wait
from pds_operator.reconciler.watched import Watched

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StatusWriter:
    """Writes status.

    What follows a write is lost where its answer is, or where the process ends in between: a wait is counted once at
    most, and an Event posted once at most.

    Args:
        provisions: The customers' resources.
        announce: Posts a Kubernetes Event about a resource; returns at once.
        watched: Told what our own writes leave.
    """

    provisions: Provisions
    announce: Callable[[PdsProvision, Event], None]
    watched: Watched

    async def write(self, before: PdsProvision, status: StatusPatch, events: tuple[Event, ...]) -> PdsProvision:
        """Merge into the status of a resource as it was read, and tell what that is worth telling.

        Raises:
            DependencyError: It may not be written; Conflict: it is not, for what was read is stale.
        """
        metadata = before.metadata
        written = await self.provisions.patch_status(metadata.name, metadata.resource_version, dict(status))
        self.watched.wrote(written)
        _count_wait(before, written)
        for event in events:
            self.announce(written, event)
            _log(event)
        return written


def _count_wait(before: PdsProvision, written: PdsProvision) -> None:
    waited = first_wait(before, datetime.now(UTC)) if written.status.holds(READY) else None
    if waited is not None:
        metrics.CHECKOUT_TO_READY.observe(waited)


def _log(event: Event) -> None:
    """Say what came of a resource; the message stays in the resource, for hostnames may tell who somebody is."""
    if event.type == "Warning":
        logger.warning("stalled: a person is needed", extra={"reason": event.reason})
    elif event.reason == Reason.RUNNING:
        logger.info("ready")
