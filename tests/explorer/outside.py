"""The rules of what stands outside the operators, as pure functions of its parts: SQL, the Secrets, the backend."""

from explorer.scenario import Repeat
from explorer.world import FIRST_ID, Backend, Holding, Orphan, Pds, Row, Secret
from pds_contract.deploy import Deployed, DeployOutcome, Presence, Rejected
from pds_contract.phase import Phase


def mirrored(stored: Row | None, row: Row, *, conditional: bool) -> Row:
    """Write a row as ``mirror_pds_service`` does, and return what is stored then."""
    if conditional and stored and stored.service_id not in {None, row.service_id}:
        return stored
    return row


def hostname_elsewhere(others: tuple[Holding, ...], hostname: str) -> bool:
    """Answer as ``look_up_pds_service`` does whether another user's row has a PDS of a hostname, or may have."""
    rows = [each.row for each in others if each.row is not None and each.row.hostname == hostname]
    return any(row.service_id is not None or row.status != Phase.DEPLOY_FAILED for row in rows)


def holder_of(others: tuple[Holding, ...], service_id: int) -> int | None:
    """Return the other user whose resource has an id, or whose row has it."""
    return next(
        (each.owner for each in others if service_id in {each.service_id, each.row and each.row.service_id}), None
    )


def reservation_of(secrets: tuple[Secret, ...], hostname: str) -> Secret | None:
    """Return a hostname's reservation."""
    return next((each for each in secrets if each.hostname == hostname), None)


def presence(backend: Backend, hostname: str) -> Presence:
    """Answer check-pds."""
    if not backend.probe:
        return Presence.NO_PROBE
    there = any(each.hostname == hostname for each in backend.pdses)
    return Presence.EXISTS if there else Presence.ABSENT


def pds_of(backend: Backend, service_id: int) -> Pds | None:
    """Return the PDS with this id."""
    index = service_id - FIRST_ID
    return backend.pdses[index] if 0 <= index < len(backend.pdses) else None


def made_for(backend: Backend, owner: int) -> list[int]:
    """Return the ids of all PDSes that were made for a customer."""
    return [FIRST_ID + index for index, each in enumerate(backend.pdses) if each.owner == owner]


def deployed(backend: Backend, owner: int, hostname: str, repeat: Repeat) -> tuple[Backend, DeployOutcome]:
    """Let a deploy take effect, and answer it."""
    for index, each in enumerate(backend.pdses):
        if each.hostname != hostname:
            continue
        if repeat is Repeat.SAME and each.owner == owner:
            return backend, Deployed(FIRST_ID + index)
        if repeat is not Repeat.ANOTHER:
            return backend, Rejected(409)
    made = backend._replace(pdses=(*backend.pdses, Pds(hostname, owner)))
    return made, Deployed(FIRST_ID + len(backend.pdses))


def left_behind(backend: Backend, owner: int, hostname: str, age: int) -> Backend:
    """Let a deploy go on that nobody waits for any more."""
    return backend._replace(orphans=tuple(sorted((*backend.orphans, Orphan(owner, hostname, age)))))


def without_orphan(backend: Backend, orphan: Orphan) -> Backend:
    """Take out a deploy whose effect is over."""
    orphans = list(backend.orphans)
    orphans.remove(orphan)
    return backend._replace(orphans=tuple(orphans))
