"""What has been gathered about one resource in one visit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pds_contract.conditions import Reason
from pds_contract.deploy import Presence
from pds_contract.reservation import Reservation
from pds_contract.resource import PdsProvision
from pds_contract.rows import PdsServiceLookup, PdsServiceRow
from pds_contract.service import ServiceState


@dataclass(frozen=True)
class ServiceSeen:
    """What the backend said of a service: its hostname, if it said one, and its state."""

    hostname: str | None
    state: ServiceState


@dataclass(frozen=True)
class Held:
    """Why no deploy may begin now, and in how many seconds to ask again."""

    reason: Reason
    message: str
    retry_in: float


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A resource as it was read live, and what was learned since. None: not asked yet.

    Args:
        provision: The resource; every write is conditional on its resourceVersion.
        now: The time by our own clock, for people and for schedules, never for the claim.
        chance: A number from 0 to 1, for jitter.
        claim_seen_for: Seconds for which this process has seen the open claim, by a clock that runs on through
            suspension.
        reservation_seen_for: The same for a reservation that is older than the resource.
        candidate: Which of the names is being tried.
        reservation: The reservation of the hostname being tried, or of the row's hostname.
        lookup: The user's row, whether the user exists, and whether the hostname being tried is another user's.
        presences: What check-pds said, by hostname.
        row_seen_for: Seconds for which this process has seen a row that names another hostname.
        mirrored: The row after it was written.
        user_gone: Whether the row could not be written for want of a user.
        service: What the backend said of the service in question.
        holder: The name of another user's resource that has the id in question, or whose row has it; "" where there
            is none.
        held: Why no deploy may begin now.
        polls: How many times in a row an unsettled service has been looked at.
        called: Whether the backend that it was waiting for is back, and its turn has come.
    """

    provision: PdsProvision
    now: datetime
    chance: float = 0.5
    claim_seen_for: float = 0.0
    reservation_seen_for: float = 0.0
    row_seen_for: float = 0.0
    candidate: int = 0
    reservation: Reservation | None = None
    lookup: PdsServiceLookup | None = None
    presences: Mapping[str, Presence] = field(default_factory=dict)
    mirrored: PdsServiceRow | None = None
    user_gone: bool = False
    service: ServiceSeen | None = None
    holder: str | None = None
    held: Held | None = None
    polls: int = 0
    called: bool = False
