"""What a participant does about the Lease as it has read it: pure, without I/O.

The rules are those of Kubernetes' own components (client-go's leaderelection), each on the participant's own clock: the
times in the Lease are another machine's and for people to read.

- Whoever has the Lease counts on it for ``renew_deadline`` from before it sent its last renewal, and then gives up.
- Whoever has not waits until it has seen no renewal for the duration that the holder has written, then takes it.
- Each write is a compare-and-swap on what was read.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from pds_clients.leases import Lease, LeaseTerms

LONGEST_RETRY = 1.0
RELEASED_DURATION = 1
"""What is written for nobody; the API server takes no less."""


@dataclass(frozen=True)
class Timing:
    """How long everything takes, all in the proportions of Kubernetes' own components (15, 10 and 2 seconds).

    Args:
        lease_seconds: For how long a holder that is not heard of keeps the others away.
    """

    lease_seconds: float

    @property
    def duration(self) -> int:
        """Whole seconds, as the API wants them: the others wait rather longer than too short."""
        return ceil(self.lease_seconds)

    @property
    def renew_deadline(self) -> float:
        """How long a holder counts on a renewal. The rest of the lease is for clocks of different speed."""
        return self.lease_seconds * 2 / 3

    def counts_until(self, sent: float) -> float:
        """Return until when a holder counts on a write that was sent then.

        From before it was sent: nobody can have seen it earlier, and so nobody waits for less than its duration after.
        """
        return sent + self.renew_deadline

    @property
    def renew_period(self) -> float:
        """How often a holder renews."""
        return self.lease_seconds * 2 / 15

    @property
    def retry_period(self) -> float:
        """How often the others look, so that one that is released is taken up within a second."""
        return min(self.renew_period, LONGEST_RETRY)

    @property
    def call_timeout(self) -> float:
        """How long the API server may take: a second try fits into the renew deadline."""
        return self.lease_seconds / 3


@dataclass(frozen=True)
class Sighting:
    """What a participant knows of the Lease.

    Attributes:
        lease: As it was read last; None: there is none.
        since: When, on the participant's own clock, it was first seen with these terms.
    """

    lease: Lease | None
    since: float


@dataclass(frozen=True)
class Take:
    """Write it: it is free, has run out, or is our own to be renewed."""


@dataclass(frozen=True)
class Wait:
    """It is another's.

    Attributes:
        holder: Whose.
        seconds: When it runs out, if it is not renewed.
    """

    holder: str
    seconds: float


@dataclass(frozen=True)
class Lost:
    """It was ours."""

    why: str


Move = Take | Wait | Lost


def see(before: Sighting | None, lease: Lease | None, now: float) -> Sighting:
    """Return what is known after a read. Only its holder's terms tell of a renewal: anybody may put a label on it."""
    if before is not None and _terms(before.lease) == _terms(lease):
        return Sighting(lease, before.since)
    return Sighting(lease, now)


def decide(sighting: Sighting, identity: str, held_until: float | None, now: float, timing: Timing) -> Move:
    """Decide what to do about the Lease.

    Args:
        sighting: What is known of it.
        identity: Who decides.
        held_until: Until when this participant counts on the Lease by its own clock; None: it does not lead.
        now: Its clock.
        timing: Its settings.
    """
    if held_until is not None and now >= held_until:
        return Lost("the Lease could not be renewed in time")
    lease = sighting.lease
    if lease is None or lease.holder in {"", identity}:
        return Take()
    if held_until is not None:
        return Lost(f"{lease.holder} has taken the Lease")
    left = sighting.since + (lease.duration or timing.duration) - now
    return Take() if left <= 0 else Wait(lease.holder, left)


def terms_of_holder(lease: Lease | None, identity: str, wall_clock: datetime, timing: Timing) -> LeaseTerms:
    """Return what to write to take the Lease, or to renew it."""
    ours = lease is not None and lease.holder == identity
    return LeaseTerms(
        holder=identity,
        duration=timing.duration,
        acquired=None if ours else wall_clock,
        renewed=wall_clock,
        transitions=0 if lease is None else lease.transitions + (not ours),
    )


def terms_of_nobody(lease: Lease, wall_clock: datetime) -> LeaseTerms:
    """Return what to write to release it."""
    return LeaseTerms(
        holder="", duration=RELEASED_DURATION, acquired=None, renewed=wall_clock, transitions=lease.transitions
    )


def _terms(lease: Lease | None) -> Lease | None:
    return lease and replace(lease, resource_version="")
