"""The sweep: every row is held against the resources; the other way round each resource's own visits do it."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass

from pds_clients.supabase import Supabase
from pds_contract.errors import DependencyError
from pds_contract.resource import provision_name
from pds_contract.rows import PdsServiceRow
from pds_operator import metrics
from pds_operator.protocol.schedule import jittered
from pds_operator.reconciler.drift import Drift

logger = logging.getLogger(__name__)

BEFORE_ALL_USERS = "00000000-0000-0000-0000-000000000000"
NAMED = 20
"""So many users of each kind are named in the log; ``pds-operator import --dry-run`` names all."""


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
        suspects = await self._rows_beside(await self.names())
        if suspects:
            # The names may be older than a row: a resource is made before its row, so those of now have it.
            names = await self.names()
            suspects = [row for row in suspects if provision_name(row.user_id) not in names]
        with_id = [row.user_id for row in suspects if row.pds_service_id is not None]
        without_id = [row.user_id for row in suspects if row.pds_service_id is None]
        metrics.ROWS_WITHOUT_RESOURCE.labels(has_id="true").set(len(with_id))
        metrics.ROWS_WITHOUT_RESOURCE.labels(has_id="false").set(len(without_id))
        metrics.DRIFT_FOUND.labels(Drift.ROW_WITHOUT_RESOURCE).inc(len(suspects))
        if with_id:
            logger.warning(
                "customers with a PDS have no PdsProvision; pds-operator import makes them one",
                extra={"rows": len(with_id), "first_users": with_id[:NAMED]},
            )
        if without_id:
            logger.warning(
                "rows without an id have no PdsProvision; pds-operator import --dry-run says what to do about each",
                extra={"rows": len(without_id), "first_users": without_id[:NAMED]},
            )

    async def _rows_beside(self, names: Container[str]) -> list[PdsServiceRow]:
        """Return the rows of users who have none of these resources."""
        rows: list[PdsServiceRow] = []
        last = BEFORE_ALL_USERS
        while page := await self.supabase.pds_services_after(last):
            rows += [row for row in page if provision_name(row.user_id) not in names]
            last = page[-1].user_id
        return rows
