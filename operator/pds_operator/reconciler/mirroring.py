"""Keeping a customer's row of ``pds_services`` true."""

from pds_clients.supabase import Supabase
from pds_contract.resource import PdsProvision
from pds_contract.rows import PdsServiceRow
from pds_operator import metrics
from pds_operator.reconciler import drift


async def keep_row(supabase: Supabase, provision: PdsProvision, wanted: PdsServiceRow) -> PdsServiceRow:
    """Write a row, unless an id that it would lose is in it; return it as it is then.

    The row of a resource that was left in order is read first, and written only where it has drifted: a look at a
    customer in order writes nothing.

    Raises:
        UnknownUser, TryLater.
    """
    if not drift.is_ready(provision):
        return await supabase.mirror_pds_service(wanted)
    found = drift.of_row(await supabase.look_up_pds_service(wanted.user_id), wanted)
    if found is None:
        return wanted
    metrics.DRIFT_FOUND.labels(found).inc()
    row = await supabase.mirror_pds_service(wanted)
    if row == wanted:
        metrics.DRIFT_REPAIRED.labels(found).inc()
    return row
