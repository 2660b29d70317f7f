"""What can become of a row in an import, and what a person can do about it. No e-mail and no hostname is in it."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How it ended for one row."""

    IMPORTED = "imported"
    ALREADY_THERE = "already_there"
    SKIPPED = "skipped"
    FAILED = "failed"


class Skip(StrEnum):
    """Why a row was skipped; another import finds the same until somebody acts."""

    DEPLOY_FAILED = "deploy_failed"
    ID_LOST = "id_lost"
    ROW_IN_PROGRESS = "row_in_progress"
    UNUSABLE_ID = "unusable_id"
    RESOURCE_DIFFERS = "resource_differs"
    ID_IN_TWO_ROWS = "id_in_two_rows"
    ID_HELD = "id_held"
    HOSTNAME_IN_TWO_ROWS = "hostname_in_two_rows"
    HOSTNAME_RESERVED = "hostname_reserved"
    HOSTNAME_DIFFERS = "hostname_differs"
    HOSTNAME_UNUSABLE = "hostname_unusable"
    SERVICE_TERMINATED = "service_terminated"
    SERVICE_NOT_FOUND = "service_not_found"
    USER_GONE = "user_gone"
    NO_EMAIL = "no_email"


ADVICE = {
    Skip.DEPLOY_FAILED: "no PDS was made. Who paid gets one by pds-webhook backfill, or by a new checkout",
    Skip.ID_LOST: (
        "one PDS was made and its id was lost. Find the id at the backend, write it into pds_service_id of the row, "
        "and import again"
    ),
    Skip.ROW_IN_PROGRESS: (
        "the row has no id, and a status that does not say how its deploy ended. Look at the backend: write the id "
        "into the row and import again, or set the row's status to deploy_failed if there is no PDS"
    ),
    Skip.UNUSABLE_ID: "pds_service_id is no positive number. Correct the row",
    Skip.RESOURCE_DIFFERS: (
        "the user's PdsProvision has another service or hostname than the row. Find out which is the customer's, and "
        "correct the row, or the annotation pds.eny.space/service-id"
    ),
    Skip.ID_IN_TWO_ROWS: "several rows have this id. Find out whose service it is, and correct the others",
    Skip.ID_HELD: "another user's PdsProvision has this service. Find out whose it is, and correct the row",
    Skip.HOSTNAME_IN_TWO_ROWS: "several rows have this hostname. Find out whose it is, and correct the others",
    Skip.HOSTNAME_RESERVED: (
        "the Secret named by the row's hostname reserves it for somebody else. If they have no PDS there, delete the "
        "Secret and import again"
    ),
    Skip.HOSTNAME_DIFFERS: (
        "the backend gives the service another hostname than the row, or none: the id may be a stranger's. Correct "
        "the row"
    ),
    Skip.HOSTNAME_UNUSABLE: "the service's hostname is no DNS name that a resource can have. Have it mended there",
    Skip.SERVICE_TERMINATED: "the backend has terminated the service (state 5). There is nothing to take over",
    Skip.SERVICE_NOT_FOUND: (
        "the backend does not know the service (404). Correct the id; or remove the row, if there is no PDS"
    ),
    Skip.USER_GONE: "the user was removed from auth.users. End the service at the backend, or restore the user",
    Skip.NO_EMAIL: "the user has no usable e-mail address in auth.users. Give them one, and import again",
}
"""What each reason means, and what to do."""


@dataclass(frozen=True)
class Verdict:
    """What became of one row.

    Args:
        user_id: Whose it is.
        service_id: The row's id, where it has one.
        kind: How it ended.
        skip: Why it was skipped, if it was.
        problem: Why it failed, if it did; without personal data.
        disksize_gb: The disk of what was imported, in GiB; None where the backend does not say.
    """

    user_id: str
    service_id: int | None
    kind: Kind
    skip: Skip | None = None
    problem: str | None = None
    disksize_gb: int | None = None
