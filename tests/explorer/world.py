"""The world's parts, all immutable and hashable. A state of the search is one of each, and two processes.

There are no absolute times and no resourceVersions in it, or it would never repeat itself: a process knows whether what
it read is still the newest (``fresh``), and for how many ticks it has seen a thing.
"""

from enum import StrEnum
from typing import NamedTuple

from pds_contract.deploy import DeployOutcome, Presence
from pds_operator.protocol.deploying import Attempt

TICK = 10.0
"""Seconds. A holder's D, a request's T and the settle time S are one tick each, unless a scenario says otherwise."""
STRANGER = -1
OTHER = 1
"""Another user: the second customer of two, or one from before the operator."""
FIRST_ID = 800
"""The id of the first PDS at the backend; the others count on from it."""
NOT_SEEN = -1


class Resource(NamedTuple):
    """A PdsProvision, as far as it can change. ``uid`` counts how often it was made anew; ``retry`` 0 is none."""

    hostname: str | None
    status: int
    uid: int = 1
    generation: int = 1
    retry: int = 0
    given: int | None = None
    claim_age: int = 0
    suspend: bool = False


class Row(NamedTuple):
    """The user's row in pds_services."""

    service_id: int | None
    hostname: str | None
    status: str


class Customer(NamedTuple):
    """What is kept of one user; ``user_exists`` in auth.users."""

    resource: Resource
    row: Row | None
    user_exists: bool = True


class Holding(NamedTuple):
    """What another user has: the id in their resource, where they have both, and their row."""

    owner: int
    service_id: int | None
    row: Row | None


class Secret(NamedTuple):
    """A reservation: of a hostname, for a customer (or a stranger), by the resource of this uid."""

    hostname: str
    owner: int
    uid: int


class Pds(NamedTuple):
    """A PDS at the backend, whose id is its place in the list; ``made`` by a deploy of ours, or there before."""

    hostname: str
    owner: int
    made: bool = True


class Orphan(NamedTuple):
    """A deploy under way that nobody waits for any more; its effect may still show."""

    owner: int
    hostname: str
    age: int


class Backend(NamedTuple):
    """The PDSes, the deploys that nobody waits for, and (bookkeeping) the claims whose holders live."""

    pdses: tuple[Pds, ...] = ()
    orphans: tuple[Orphan, ...] = ()
    holders: tuple[int, ...] = ()
    probe: bool = True


class Budget(NamedTuple):
    """How many faults, acts of people and take-overs from a holder that lives are left (the last where they count).

    ``ambiguous`` is how many PDSes more than one that may have cost.
    """

    faults: int
    acts: int
    pauses: int
    ambiguous: int = 0


class Around(NamedTuple):
    """All that one process can see and change."""

    customer: Customer
    secrets: tuple[Secret, ...]
    backend: Backend
    budget: Budget
    others: tuple[Holding, ...] = ()


class Known(NamedTuple):
    """What a visit has learned, as ``Facts`` has it; None: not asked yet. Times are ticks."""

    resource: Resource
    claim_seen: int = 0
    reservation_seen: int = 0
    row_seen: int = 0
    candidate: int = 0
    reservation: Secret | None = None
    looked_up: bool = False
    row: Row | None = None
    user_exists: bool = True
    hostname_elsewhere: bool = False
    presences: tuple[tuple[str, Presence], ...] = ()
    mirrored: Row | None = None
    user_gone: bool = False
    service_hostname: str | None = None
    holder: str | None = None


class At(StrEnum):
    """Where a process stands: before which exchange."""

    IDLE = "idle"
    VISIT = "in a visit"
    FAILING = "after a look that failed"
    CLAIMED = "before the claim's answer"
    HELD = "holding its claim"
    CHECKED = "after its last look at the clock"
    SENT = "after the deploy's first byte"
    KEEP = "before writing the outcome"
    AWAY = "after an outcome could not be written"
    READ_AGAIN = "before reading the resource again"
    KEPT = "before writing the row of the outcome"
    ORPHANED = "with an outcome that no resource takes"
    ABSENT = "absent"


class Process(NamedTuple):
    """An operator, between two exchanges.

    Args:
        customer: Which customer's resource it visits.
        at: Where it stands.
        due: Whether somebody comes back when this visit, or this rest, is over.
        fresh: Whether the resource is still as it was read.
        known: What this visit has learned.
        claim_seen: For how many ticks it has seen the claim that is open now.
        seen: The same for earlier resources' reservations and rows of other hostnames.
        attempt: The deploy that it carries out.
        clock: Ticks since the claim, or since the deploy's first byte.
        outcome: How the deploy ended.
        failure: Which dependency failed it.
    """

    customer: int = 0
    at: At = At.IDLE
    due: bool = True
    fresh: bool = False
    known: Known | None = None
    claim_seen: int = NOT_SEEN
    seen: tuple[tuple[str, int], ...] = ()
    attempt: Attempt | None = None
    clock: int = 0
    outcome: DeployOutcome | None = None
    failure: str = ""

    def seen_for(self, what: str) -> int | None:
        """Return for how many ticks it has seen something, None where it has not."""
        return dict(self.seen).get(what)

    def sees(self, what: str) -> "Process":
        """Begin to count, unless it has begun."""
        if self.seen_for(what) is not None:
            return self
        return self._replace(seen=tuple(sorted((*self.seen, (what, 0)))))


class Move(NamedTuple):
    """One step of the interleaving.

    Args:
        words: What happens, for a trace.
        process: The process afterwards, where it is a process's step.
        around: What it can see, afterwards.
        fault: Whether it is a fault or an act of a person, which the search may spend, and an end may not need.
        broken: The promise that it breaks.
    """

    words: str
    around: Around
    process: Process | None = None
    fault: bool = False
    broken: str = ""
