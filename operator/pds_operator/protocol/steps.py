"""The steps that the protocol can ask for. Each is one call to the outside, or the end of the visit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pds_contract.rows import PdsServiceRow

StatusPatch = Mapping[str, Any]
"""A merge patch of ``status``, as JSON; None removes a field."""


@dataclass(frozen=True)
class Event:
    """A Kubernetes Event, posted once the status that it tells of has been written."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(frozen=True)
class Rest:
    """The visit is over. Come back in so many seconds, or (None) when the resource changes."""

    seconds: float | None


@dataclass(frozen=True)
class Reserve:
    """Reserve this hostname, or find out for whom it is reserved."""

    hostname: str


@dataclass(frozen=True)
class TryNextName:
    """The name being tried belongs to somebody else: forget what was learned about it, try the next."""


@dataclass(frozen=True)
class LookUpRow:
    """Read the user's row, whether the user exists, and whether another user's row has a PDS of this hostname."""

    hostname: str


@dataclass(frozen=True)
class Probe:
    """Ask the backend whether this hostname exists."""

    hostname: str


@dataclass(frozen=True)
class LookAtService:
    """Ask the backend how this service is doing."""

    service_id: int


@dataclass(frozen=True)
class FindHolder:
    """Ask the API server whether another resource has this service id, and Supabase whether another user's row has."""

    service_id: int


@dataclass(frozen=True)
class Deploy:
    """Claim, deploy, write the outcome.

    Args:
        username: What to deploy.
        hostname: The same.
        hostname_absent: Whether the probe said, just now or before a claim that is in doubt, that the hostname does
            not exist.
        in_doubt: Whether an earlier deploy of this user may have taken effect.
        probed_absent: Whether the probe just said that the hostname does not exist.
    """

    username: str
    hostname: str
    hostname_absent: bool
    in_doubt: bool
    probed_absent: bool


@dataclass(frozen=True)
class Mirror:
    """Write this row, unless an id that it would lose is in it."""

    row: PdsServiceRow


@dataclass(frozen=True)
class Record:
    """Write this into status, conditional on the resource as it was read; nothing where it says so already.

    Args:
        status: What to write.
        then: How the visit ends; None: it goes on.
        events: What to tell, once written.
    """

    status: StatusPatch
    then: Rest | None
    events: tuple[Event, ...] = ()


Step = Rest | Reserve | TryNextName | LookUpRow | Probe | LookAtService | FindHolder | Deploy | Mirror | Record
