"""A deploy at the PDS backend: what is sent, and every way it can end."""

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum


class Presence(StrEnum):
    """What ``check-pds`` says of a hostname."""

    EXISTS = "exists"
    ABSENT = "absent"
    NO_PROBE = "no-probe"
    """This backend has no such call."""


@dataclass(frozen=True)
class DeployRequest:
    """The body of ``POST /deploy``, field names as the mission has them. ``disksize`` is in GiB."""

    username: str
    password: str = field(repr=False)
    email: str = field(repr=False)
    hostname: str
    disksize: int

    def idempotency_key(self, reservation_key: str) -> str:
        """Return the Idempotency-Key: the same for the same reservation and body, another for any other."""
        body = json.dumps([self.username, self.password, self.email, self.hostname, self.disksize])
        return f"{reservation_key}-{hashlib.sha256(body.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Deployed:
    """2xx: a PDS was made. ``service_id`` is None where the answer held no usable id."""

    service_id: int | None


@dataclass(frozen=True)
class NotSent:
    """Nothing was sent: no connection came about, or the time to send was over."""

    message: str


@dataclass(frozen=True)
class Throttled:
    """429: nothing was made. ``retry_after`` in seconds, where the backend said."""

    retry_after: float | None


@dataclass(frozen=True)
class Rejected:
    """Another 3xx or 4xx: nothing was made, and the same request will be answered the same."""

    status: int


@dataclass(frozen=True)
class Unauthorized:
    """401 or 403: nothing was made, the token is not accepted."""

    status: int


@dataclass(frozen=True)
class OutcomeUnknown:
    """The request was sent and may have taken effect: no answer, 5xx, 408 or 425."""

    message: str
    retry_after: float | None = None


DeployOutcome = Deployed | NotSent | Throttled | Rejected | Unauthorized | OutcomeUnknown
