"""An id that is there already, in the row or given by a person: never deploy; adopt it, if it is this user's alone."""

import re
from dataclasses import dataclass

from pds_contract.conditions import Reason, at_work, needs_person
from pds_contract.names import HOSTNAME_MAX, HOSTNAME_PATTERN
from pds_contract.phase import Phase
from pds_contract.resource import SERVICE_ID_ANNOTATION, PdsProvision
from pds_contract.rows import PdsServiceRow
from pds_contract.service import ServiceState, positive_whole_number
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.policy import PERSON_LOOK
from pds_operator.protocol.record import stand
from pds_operator.protocol.steps import Event, FindHolder, LookAtService, Record, Reserve, Step

ROW = "The user's row in pds_services"
ANNOTATION = f"The annotation {SERVICE_ID_ANNOTATION}"


@dataclass(frozen=True)
class Given:
    """A service that somebody says is this user's.

    Args:
        service_id: Its id; None where what they said is none.
        hostname: The hostname that it has to have.
        by: Who says so, to begin a sentence with.
        former: Another hostname that it may have instead: that of an earlier deploy.
    """

    service_id: int | None
    hostname: str
    by: str
    former: str | None = None


def by_row(row: PdsServiceRow, hostname: str) -> Given | None:
    """Return what a row says; its own hostname is kept, where it has one."""
    if row.pds_service_id is None:
        return None
    return Given(row.pds_service_id, row.hostname or hostname, ROW)


def by_annotation(provision: PdsProvision, hostname: str, row: PdsServiceRow | None = None) -> Given | None:
    """Return what a person says of the hostname in use, or of that which the row tells of."""
    said = provision.metadata.annotations.get(SERVICE_ID_ANNOTATION)
    former = row.hostname if row else None
    return None if said is None else Given(positive_whole_number(said), hostname, ANNOTATION, former)


def follow(facts: Facts, given: Given) -> Step:
    """Check a given service, and adopt it.

    Its hostname is reserved as any other: two resources that were to adopt one service would both need the
    reservation of its hostname.
    """
    found = facts.service.hostname if facts.service else None
    kept = found if found is not None and found == given.former else given.hostname
    if given.service_id is None:
        return _mismatch(facts, given, "is no id (a positive whole number)")
    if len(kept) > HOSTNAME_MAX or re.fullmatch(HOSTNAME_PATTERN, kept) is None:
        return _mismatch(facts, given, "has a hostname that is no DNS name")
    if facts.reservation is None or facts.reservation.hostname != kept:
        return Reserve(kept)
    if facts.reservation.user_id != facts.provision.spec.user_id:
        return _mismatch(
            facts,
            given,
            f"names {kept}, which the Secret of that name reserves for another user. If that user has no PDS there, "
            "delete the Secret",
        )
    if facts.service is None:
        return LookAtService(given.service_id)
    if facts.service.state is ServiceState.NOT_FOUND:
        message = f"{given.by} names a service that the backend does not know. Nothing is deployed while it does."
        return stand(facts, needs_person(Reason.SERVICE_NOT_FOUND, message), rest=PERSON_LOOK)
    if facts.service.hostname != kept:
        return _mismatch(facts, given, f"names a service whose hostname is not {kept}")
    if facts.holder is None:
        return FindHolder(given.service_id)
    if facts.holder:
        return _mismatch(facts, given, f"names a service that {facts.holder} has already")
    adopted = stand(
        facts,
        at_work(Reason.PROVISIONING, f"Service {given.service_id} was adopted; looking at its state."),
        ends=False,
        phase=Phase.PROVISIONING.value,
        serviceId=given.service_id,
        hostname=kept,
        claim=None,
        nextAttemptTime=None,
    )
    event = Event("Normal", "Adopted", f"{given.by} says that {kept} is service {given.service_id}: nothing to deploy.")
    return Record(adopted.status, None, (event, *adopted.events))


def _mismatch(facts: Facts, given: Given, problem: str) -> Record:
    message = f"{given.by} {problem}. Nothing is deployed while it does; correct it."
    return stand(facts, needs_person(Reason.SERVICE_MISMATCH, message), rest=PERSON_LOOK)
