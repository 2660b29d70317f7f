"""The sweep: every row is held against the resources; the other way round each resource's own visits do it."""

import asyncio
import logging
import random
from collections import Counter
from dataclasses import dataclass

from pds_clients.supabase import Supabase
from pds_contract.errors import DependencyError
from pds_contract.resource import provision_name
from pds_operator import metrics
from pds_operator.protocol.schedule import jittered
from pds_operator.reconciler.watched import Watched

logger = logging.getLogger(__name__)

BEFORE_ALL_USERS = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Sweep:
    """Tells of rows that no resource stands behind. It changes nothing: such customers are a person's to import.

    Args:
        supabase: The rows.
        watched: Which resources there are.
        every: Seconds from sweep to sweep.
    """

    supabase: Supabase
    watched: Watched
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
                # One that ends here would never be missed.
                logger.exception("a fault in the sweep")

    async def once(self) -> None:
        """Go through all rows, page by page."""
        found: Counter[bool] = Counter()
        last = BEFORE_ALL_USERS
        while page := await self.supabase.pds_services_after(last):
            for row in page:
                if provision_name(row.user_id) not in self.watched:
                    found[row.pds_service_id is not None] += 1
            last = page[-1].user_id
        for has_id in (True, False):
            metrics.ROWS_WITHOUT_RESOURCE.labels(has_id=str(has_id).lower()).set(found[has_id])
        if found.total():
            logger.warning("rows of pds_services have no PdsProvision", extra={"rows": found.total()})
