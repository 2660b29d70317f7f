"""The sweep: every row is held against the resources; the other way round each resource's own visits do it."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass, field

from pds_clients.supabase import Supabase
from pds_contract.errors import DependencyError
from pds_contract.resource import provision_name
from pds_operator import metrics
from pds_operator.protocol.schedule import jittered
from pds_operator.reconciler.drift import Drift

logger = logging.getLogger(__name__)

BEFORE_ALL_USERS = "00000000-0000-0000-0000-000000000000"
NAMED = 20
"""So many users of each kind are named in the log; ``pds-operator import --dry-run`` names all."""


@dataclass
class _Found:
    """Rows of one kind without a resource: how many, and whose the first are."""

    rows: int = 0
    users: list[str] = field(default_factory=list)

    def add(self, user_id: str) -> None:
        self.rows += 1
        if len(self.users) < NAMED:
            self.users.append(user_id)


@dataclass(frozen=True)
class Sweep:
    """Tells of rows that no resource stands behind. It changes nothing: such customers are a person's to import.

    Args:
        supabase: The rows.
        names: Returns the names of the resources that there are.
        every: Seconds from sweep to sweep.
    """

    supabase: Supabase
    names: Callable[[], Awaitable[Container[str]]]
    every: float

    async def run(self) -> None:
        """Sweep now and then, for ever; the first time once the resources have had time to be listed."""
        while True:
            await asyncio.sleep(jittered(self.every, random.random()))  # noqa: S311 - jitter
            try:
                await self.once()
            except DependencyError as error:
                logger.warning("the sweep was broken off", extra={"error": str(error)})
            except Exception:
                # Of us, not of a dependency. A sweep that ended here would never be missed: nothing waits for its task.
                logger.exception("a fault in the sweep")

    async def once(self) -> None:
        """Go through all rows, page by page."""
        with_id, without_id = _Found(), _Found()
        names = await self.names()
        last = BEFORE_ALL_USERS
        while page := await self.supabase.pds_services_after(last):
            for row in page:
                if provision_name(row.user_id) not in names:
                    (without_id if row.pds_service_id is None else with_id).add(row.user_id)
            last = page[-1].user_id
        metrics.ROWS_WITHOUT_RESOURCE.labels(has_id="true").set(with_id.rows)
        metrics.ROWS_WITHOUT_RESOURCE.labels(has_id="false").set(without_id.rows)
        metrics.DRIFT_FOUND.labels(Drift.ROW_WITHOUT_RESOURCE).inc(with_id.rows + without_id.rows)
        if with_id.rows:
            logger.warning(
                "customers with a PDS have no PdsProvision; pds-operator import makes them one",
                extra={"rows": with_id.rows, "first_users": with_id.users},
            )
        if without_id.rows:
            logger.warning(
                "rows without an id have no PdsProvision; pds-operator import --dry-run says what to do about each",
                extra={"rows": without_id.rows, "first_users": without_id.users},
            )
