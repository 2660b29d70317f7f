"""Drift: what of a customer's PDS is not as it was left, beside what the operator itself has under way."""

from enum import StrEnum

from pds_contract.conditions import READY
from pds_contract.resource import PdsProvision
from pds_contract.rows import PdsServiceLookup, PdsServiceRow
from pds_contract.service import ServiceState


class Drift(StrEnum):
    """Every kind there is."""

    ROW_MISSING = "row_missing"
    """A Ready resource's row in ``pds_services`` is gone."""
    ROW_DIFFERS = "row_differs"
    """It says something else, or lacks the id."""
    ROW_OF_OTHER_SERVICE = "row_of_other_service"
    """It has another service's id; a person finds out whose."""
    USER_GONE = "user_gone"
    """The user of a Ready resource is not in ``auth.users`` any more, and the row went with them; a person decides."""
    SERVICE_NOT_RUNNING = "service_not_running"
    """The backend says of a Ready resource's service that it does not run; the backend has to mend that."""
    ROW_WITHOUT_RESOURCE = "row_without_resource"
    """A row's user has no resource; a person imports it."""


REPAIRED = (Drift.ROW_MISSING, Drift.ROW_DIFFERS)
"""What the operator mends by itself."""


def is_ready(provision: PdsProvision) -> bool:
    """Tell whether a resource was left in order: then whatever is otherwise now has drifted."""
    return provision.status.holds(READY)


def of_row(found: PdsServiceLookup, wanted: PdsServiceRow) -> Drift | None:
    """Hold a Ready resource's row against what it should say; None: it says so."""
    if found.row == wanted:
        return None
    if not found.user_exists:
        return Drift.USER_GONE
    if found.row is None:
        return Drift.ROW_MISSING
    if found.row.pds_service_id not in {None, wanted.pds_service_id}:
        return Drift.ROW_OF_OTHER_SERVICE
    return Drift.ROW_DIFFERS


def of_service(provision: PdsProvision, state: ServiceState) -> Drift | None:
    """Hold what the backend says of a resource's service against the resource; None: it runs, or was not said to."""
    return Drift.SERVICE_NOT_RUNNING if is_ready(provision) and state is not ServiceState.RUNNING else None
