"""A person who sees to the resources that ask for one, and finds out whether what they say is so."""

import asyncio
import contextlib
from collections import Counter
from itertools import count

from crash_matrix.person import AskAgain, GiveId, NotToldRight, act_on
from faults.fault import Fault
from faults.journal import Journal
from pds_contract.conditions import STALLED
from pds_contract.errors import Conflict, DependencyError
from pds_contract.resource import RETRY_ANNOTATION, SERVICE_ID_ANNOTATION, PdsProvision
from pds_contract.service import ServiceState
from soak.arena import Arena, condition_of

EVERY = 2.0
DEPLOY = "POST deploy"


class Person:
    """Looks at what is not running, now and then, and at the backend for each that needs it.

    Args:
        arena: Where the resources and the backend are.
        journal: What was answered to whom.
    """

    def __init__(self, arena: Arena, journal: Journal) -> None:
        self.did: Counter[str] = Counter()
        self.told_wrong: dict[str, str] = {}
        """Of the customers whose resource has ever said what was not so: what that was, by user id."""
        self._arena = arena
        self._journal = journal
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
            if condition_of(document, STALLED).get("status") == "True":
                await self._see_to(PdsProvision.model_validate(document))

    async def _see_to(self, provision: PdsProvision) -> None:
        user_id = provision.spec.user_id
        try:
            annotations, what = self._advised(provision)
        except NotToldRight as error:
            self.told_wrong.setdefault(user_id, f"not told right: {error}")
            return
        if annotations:
            metadata = provision.metadata
            with contextlib.suppress(Conflict):
                await self._arena.provisions.patch(
                    metadata.name, metadata.resource_version, spec={}, annotations=annotations
                )
                self.did[what] += 1

    def _advised(self, provision: PdsProvision) -> tuple[dict[str, str], str]:
        """Return the annotations to set, and what that is; none where it was seen to already.

        Raises:
            NotToldRight: What it says is not so, or can never be here.
        """
        services = self._arena.simulator.at_hostname(provision.status.hostname or "")
        if len(services) > 1:
            raise NotToldRight(f"it needs a person, and the backend has {len(services)} PDSes of its hostname")
        match act_on(provision, services, holds=False, lied_to=self._was_lied_to(provision.spec.user_id)):
            case GiveId(service_id):
                return {SERVICE_ID_ANNOTATION: str(service_id)}, "gave an id"
            case AskAgain():
                return {RETRY_ANNOTATION: f"person-{next(self._numbers)}"}, "asked for a retry"
        return {}, ""

    def _was_lied_to(self, user_id: str) -> bool:
        """Whether a gateway answered a deploy of theirs in the backend's place."""
        history = self._journal.history(user_id)
        return any(each.what == DEPLOY and each.fault is Fault.HTML_BEFORE for each in history)
