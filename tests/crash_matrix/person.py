"""What a person does who reads a resource's conditions and can look at the backend. Pure, but for the look."""

from collections.abc import Sequence
from dataclasses import dataclass

from pds_contract.conditions import STALLED, Reason
from pds_contract.resource import SERVICE_ID_ANNOTATION, PdsProvision
from pds_stack.backend import PdsService


@dataclass(frozen=True)
class GiveId:
    """Give the id of the PDS that is there, in the annotation."""

    service_id: int


@dataclass(frozen=True)
class AskAgain:
    """Ask for a retry: there is no PDS."""


@dataclass(frozen=True)
class EndTheOther:
    """End the PDSes that are not the customer's at the backend, then ask for a retry."""

    kept: int


Act = GiveId | AskAgain | EndTheOther


class NotToldRight(Exception):
    """A resource asks for a person, and says what is not so or what nobody expects here."""


def act_on(provision: PdsProvision, at_backend: Sequence[PdsService], *, holds: bool, lied_to: bool) -> Act | None:
    """Decide what to do about a resource, as its message advises.

    Args:
        provision: As it stands.
        at_backend: The PDSes under its hostname.
        holds: Whether deploys in doubt are left to a person (PDS_REDEPLOY=hold).
        lied_to: Whether something answered the deploy with 200 in the backend's place, and nothing was made.

    Raises:
        NotToldRight: A person could do nothing with it.
    """
    stalled = provision.status.condition(STALLED)
    if stalled is None or stalled.status != "True" or provision.retry is not None:
        return None
    match stalled.reason:
        case Reason.AWAITING_SERVICE_ID:
            if not at_backend and not lied_to:
                raise NotToldRight("it says that one PDS exists, and the backend has none")
        case Reason.OUTCOME_UNKNOWN:
            if not holds:
                raise NotToldRight("it leaves a deploy in doubt to a person, though PDS_REDEPLOY is not hold")
        case Reason.TWO_SERVICES:
            kept = provision.status.service_id
            if kept is None or len(at_backend) < 2:
                raise NotToldRight("it tells of two services, and the backend has not two")
            return EndTheOther(kept)
        case other:
            raise NotToldRight(f"it needs a person for {other}: {stalled.message}")
    if not at_backend:
        return AskAgain()
    service_id = at_backend[0].id
    given = provision.metadata.annotations.get(SERVICE_ID_ANNOTATION)
    return None if given == str(service_id) else GiveId(service_id)
