"""A person who sees to the resources that ask for one: gives ids that were lost, settles what became of a deploy."""

import asyncio
import contextlib
from collections import Counter
from itertools import count

from pds_contract.conditions import STALLED, Reason
from pds_contract.errors import Conflict, DependencyError
from pds_contract.resource import RETRY_ANNOTATION, SERVICE_ID_ANNOTATION, PdsProvision
from pds_contract.service import ServiceState
from soak.arena import Arena, condition_of

EVERY = 2.0
_IN_DOUBT = {Reason.AWAITING_SERVICE_ID, Reason.OUTCOME_UNKNOWN}


class Person:
    """Looks at what is not running, now and then, and at the backend for each that needs it.

    Args:
        arena: Where the resources and the backend are.
    """

    def __init__(self, arena: Arena) -> None:
        self.did: Counter[str] = Counter()
        self._arena = arena
        self._numbers = count(1)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            with contextlib.suppress(DependencyError):
                await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Look once at all that is not running."""
        async for document in self._arena.documents(f"status.serviceState!={ServiceState.RUNNING}"):
            if condition_of(document, STALLED).get("reason") in _IN_DOUBT:
                provision = PdsProvision.model_validate(document)
                if not self._was_seen_to(provision):
                    with contextlib.suppress(Conflict):
                        await self._settle(provision)

    def _was_seen_to(self, provision: PdsProvision) -> bool:
        return provision.retry is not None or SERVICE_ID_ANNOTATION in provision.metadata.annotations

    async def _settle(self, provision: PdsProvision) -> None:
        """Give the id of the PDS that there is; where there is none, ask for a retry."""
        hostname = provision.status.hostname or (provision.status.claim.hostname if provision.status.claim else "")
        services = self._arena.simulator.at_hostname(hostname)
        if services:
            annotation, what = {SERVICE_ID_ANNOTATION: str(services[0].id)}, "gave an id"
        else:
            annotation, what = {RETRY_ANNOTATION: f"person-{next(self._numbers)}"}, "asked for a retry"
        metadata = provision.metadata
        await self._arena.provisions.patch(metadata.name, metadata.resource_version, spec={}, annotations=annotation)
        self.did[what] += 1
