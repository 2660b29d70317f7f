"""A row that has an id already: never deploy; adopt the id, if it is this user's and nobody else's."""

import re

from pds_contract.conditions import Reason, at_work, needs_person
from pds_contract.names import HOSTNAME_MAX, HOSTNAME_PATTERN
from pds_contract.resource import Phase
from pds_contract.rows import PdsServiceRow
from pds_contract.service import ServiceState
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.policy import PERSON_LOOK
from pds_operator.protocol.record import stand
from pds_operator.protocol.steps import Event, FindHolder, LookAtService, Record, Reserve, Step


def follow(facts: Facts, row: PdsServiceRow, hostname: str) -> Step:
    """Go on with a row that has an id.

    The row's hostname is kept, and reserved as any other: two resources that were to adopt one service would both
    need the reservation of its hostname.

    Args:
        facts: What is known.
        row: The row, with an id.
        hostname: The hostname that the resource would get, for a row that has none.
    """
    service_id = row.pds_service_id
    assert service_id is not None  # noqa: S101 - the caller's condition, for mypy
    kept = row.hostname or hostname
    if len(kept) > HOSTNAME_MAX or re.fullmatch(HOSTNAME_PATTERN, kept) is None:
        return _mismatch(facts, "has a hostname that is no DNS name; correct the row")
    if facts.reservation is None or facts.reservation.hostname != kept:
        return Reserve(kept)
    if facts.reservation.user_id != row.user_id:
        return _mismatch(facts, "names a hostname that is reserved for another user")
    if facts.service is None:
        return LookAtService(service_id)
    if facts.service.state is ServiceState.NOT_FOUND:
        return stand(
            facts,
            needs_person(
                Reason.SERVICE_NOT_FOUND,
                "The user's row in pds_services names a service that the backend does not know. Nothing is deployed "
                "while it does; correct the row.",
            ),
            rest=PERSON_LOOK,
        )
    if facts.service.hostname != kept:
        return _mismatch(facts, "names a service that has another hostname than the row")
    if facts.holder is None:
        return FindHolder(service_id)
    if facts.holder:
        return _mismatch(facts, f"names a service that {facts.holder} has already")
    adopted = stand(
        facts,
        at_work(Reason.PROVISIONING, f"Service {service_id} was adopted from the user's row; looking at its state."),
        ends=False,
        phase=Phase.PROVISIONING.value,
        serviceId=service_id,
        hostname=kept,
        claim=None,
        nextAttemptTime=None,
    )
    event = Event(
        "Normal", "Adopted", f"By the row in pds_services, service {service_id} is {kept}: nothing to deploy."
    )
    return Record(adopted.status, None, (event, *adopted.events))


def _mismatch(facts: Facts, problem: str) -> Record:
    message = f"The user's row in pds_services {problem}. Nothing is deployed while it does."
    return stand(facts, needs_person(Reason.SERVICE_MISMATCH, message), rest=PERSON_LOOK)
