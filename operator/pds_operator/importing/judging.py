"""What follows from what was found: pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pds_clients.backend import Service
from pds_contract.checkout import DISK_SIZE_MAX, EMAIL_MAX
from pds_contract.names import EMAIL_PATTERN, HOSTNAME_MAX, HOSTNAME_PATTERN, LABEL_PATTERN, HostnameRules
from pds_contract.phase import Phase
from pds_contract.resource import SERVICE_ID_ANNOTATION, PdsProvision
from pds_contract.rows import PdsServiceRow
from pds_contract.service import ServiceState, positive_whole_number
from pds_operator.importing.verdicts import Kind, Skip, Verdict

_EMAIL = re.compile(EMAIL_PATTERN)
_HOSTNAME = re.compile(HOSTNAME_PATTERN)
_LABEL = re.compile(LABEL_PATTERN)

_WITHOUT_ID = {Phase.DEPLOY_FAILED.value: Skip.DEPLOY_FAILED, Phase.DEPLOY_SUCCEEDED_NO_ID.value: Skip.ID_LOST}
_ENDED = {
    ServiceState.TERMINATED: Skip.SERVICE_TERMINATED,
    ServiceState.NOT_FOUND: Skip.SERVICE_NOT_FOUND,
}


@dataclass(frozen=True)
class Held:
    """What a resource that is there holds.

    Args:
        user_id: Whose it is.
        service_id: Its service, as its status has it, else as its annotation gives it; None: neither does.
        hostname: The hostname in use, if there is one.
    """

    user_id: str
    service_id: int | None
    hostname: str | None

    @classmethod
    def by(cls, provision: PdsProvision) -> "Held":
        """Take from a resource what counts here."""
        given = positive_whole_number(provision.metadata.annotations.get(SERVICE_ID_ANNOTATION))
        return cls(provision.spec.user_id, provision.status.service_id or given, provision.status.hostname)


@dataclass(frozen=True)
class Sorted:
    """All rows: those about which all is said, and those to be looked into."""

    judged: tuple[Verdict, ...]
    left: tuple[PdsServiceRow, ...]


def skipped(row: PdsServiceRow, why: Skip) -> Verdict:
    """Skip a row."""
    return Verdict(row.user_id, row.pds_service_id, Kind.SKIPPED, skip=why)


def failed(row: PdsServiceRow, problem: str) -> Verdict:
    """Give a row up for this time."""
    return Verdict(row.user_id, row.pds_service_id, Kind.FAILED, problem=problem)


def sort_out(rows: Iterable[PdsServiceRow], held: Iterable[Held]) -> Sorted:
    """Judge the rows for which rows and resources are enough."""
    rows, by_user = tuple(rows), {each.user_id: each for each in held}
    holders = {each.service_id: each.user_id for each in by_user.values() if each.service_id is not None}
    ids = Counter(row.pds_service_id for row in rows if row.pds_service_id is not None)
    hostnames = Counter(row.hostname.lower() for row in rows if row.hostname and row.pds_service_id is not None)
    judged: list[Verdict] = []
    left: list[PdsServiceRow] = []
    for row in rows:
        if row.user_id in by_user:
            judged.append(beside(row, by_user[row.user_id]))
            continue
        why = _row_problem(row, ids, hostnames, holders)
        if why:
            judged.append(skipped(row, why))
        else:
            left.append(row)
    return Sorted(tuple(judged), tuple(left))


def beside(row: PdsServiceRow, held: Held) -> Verdict:
    """Judge a row whose user has a resource."""
    agree = held.service_id in {None, row.pds_service_id} and (
        not row.hostname or held.hostname in {None, row.hostname}
    )
    if row.pds_service_id is not None and not agree:
        return skipped(row, Skip.RESOURCE_DIFFERS)
    return Verdict(row.user_id, row.pds_service_id, Kind.ALREADY_THERE)


def _row_problem(
    row: PdsServiceRow, ids: Counter[int], hostnames: Counter[str], holders: Mapping[int, str]
) -> Skip | None:
    if row.pds_service_id is None:
        return _WITHOUT_ID.get(row.status, Skip.ROW_IN_PROGRESS)
    if positive_whole_number(row.pds_service_id) is None:
        return Skip.UNUSABLE_ID
    if ids[row.pds_service_id] > 1:
        return Skip.ID_IN_TWO_ROWS
    if row.pds_service_id in holders:
        return Skip.ID_HELD
    if row.hostname and hostnames[row.hostname.lower()] > 1:
        return Skip.HOSTNAME_IN_TWO_ROWS
    return None


def service_problem(row: PdsServiceRow, service: Service) -> Skip | None:
    """Say why the service at the backend is none to import for this row, or None.

    The operator adopts an id only if the backend gives it the row's hostname, to the letter.
    """
    if service.state in _ENDED:
        return _ENDED[service.state]
    if service.hostname is None or (row.hostname and row.hostname != service.hostname):
        return Skip.HOSTNAME_DIFFERS
    if len(service.hostname) > HOSTNAME_MAX or _HOSTNAME.fullmatch(service.hostname) is None:
        return Skip.HOSTNAME_UNUSABLE
    return None


def is_email(text: str) -> bool:
    """Tell whether a resource can have this as its e-mail address."""
    return len(text) <= EMAIL_MAX and text.isprintable() and _EMAIL.fullmatch(text) is not None


def spec_of(user_id: str, hostname: str, email: str, disksize_gb: int | None, rules: HostnameRules) -> dict[str, Any]:
    """Describe a service that is there as if it had been asked for.

    The username is the hostname's label under the base domain; elsewhere nothing tells it. A disk of which the backend
    says nothing, or too much, is left out.
    """
    spec: dict[str, Any] = {"userId": user_id, "email": email, "hostname": hostname}
    label = hostname.removesuffix(f".{rules.base_domain}")
    if label != hostname and _LABEL.fullmatch(label):
        spec["username"] = label
    if disksize_gb is not None and 0 < disksize_gb <= DISK_SIZE_MAX:
        spec["disksizeGb"] = disksize_gb
    return spec
