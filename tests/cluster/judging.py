"""How it ended for each customer. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from cluster.failed import Failed
from cluster.simulated import Customer, Row
from pds_contract.conditions import READY, STALLED, Reason
from pds_contract.resource import PdsProvision


def is_ready(provision: PdsProvision) -> bool:
    """Tell whether a resource is Ready."""
    ready = provision.status.condition(READY)
    return ready is not None and ready.status == "True"


def awaits_id(provision: PdsProvision) -> bool:
    """Tell whether a resource asks a person for the id of the PDS that was made."""
    stalled = provision.status.condition(STALLED)
    return stalled is not None and stalled.status == "True" and stalled.reason == Reason.AWAITING_SERVICE_ID


def require_served(
    customers: Sequence[Customer],
    provisions: Mapping[str, PdsProvision],
    rows: Mapping[str, Row],
    made: Mapping[str, Sequence[int]],
) -> None:
    """See to it that each customer has one PDS, and resource and row say so, and the backend has no further one.

    Raises:
        Failed: The message has each customer with whom it is otherwise.
    """
    wrong = [
        f"{each.user_id}: {problem}"
        for each in customers
        if (problem := _problem(provisions.get(each.user_id), rows.get(each.user_id), made))
    ]
    known = {provisions[each.user_id].status.hostname for each in customers if each.user_id in provisions}
    wrong += [f"a PDS of nobody: {hostname}" for hostname in sorted(made) if hostname not in known]
    if wrong:
        raise Failed("\n  ".join([f"{len(wrong)} of {len(customers)} customers are wrong:", *wrong]))


def require_untouched(before: Iterable[tuple[str, str]], after: Iterable[tuple[str, str]], what: str) -> None:
    """See to it that the same things are there, each as it was, by name and whatever tells a change.

    Raises:
        Failed: They are not.
    """
    changed = sorted({name for name, _ in set(before) ^ set(after)})
    if changed:
        raise Failed(f"{what} gone, new or changed: {', '.join(changed)}")


def _problem(provision: PdsProvision | None, row: Row | None, made: Mapping[str, Sequence[int]]) -> str | None:
    if provision is None:
        return "lost: no resource"
    status = provision.status
    at_backend = list(made.get(status.hostname or "", []))
    if not is_ready(provision):
        said = ", ".join(f"{each.type}={each.status} {each.reason}" for each in status.conditions)
        return f"not Ready: {said or 'no condition'}; at the backend: {at_backend}"
    if at_backend != [status.service_id]:
        return f"not one PDS: status has {status.service_id}, the backend {at_backend}"
    if row != (status.service_id, status.hostname, "provisioning"):
        return f"its row disagrees: {row}, status has {status.service_id} at {status.hostname}"
    return None
