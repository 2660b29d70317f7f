"""PdsProvision, the custom resource, as a model of ``crds/pdsprovisions.yaml``; a test holds the two together.

Field names are Python's here and camelCase on the wire. What was asked for is spec; what is in use is status.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from pds_contract.checkout import DISK_SIZE_DEFAULT, DISK_SIZE_MAX, DISK_SIZE_MIN, EMAIL_MAX
from pds_contract.names import (
    EMAIL_PATTERN,
    HOSTNAME_MAX,
    HOSTNAME_PATTERN,
    LABEL_MAX,
    LABEL_PATTERN,
    USER_ID_PATTERN,
)
from pds_contract.phase import Phase
from pds_contract.service import SERVICE_ID_MAX, ServiceState

GROUP = "pds.eny.space"
VERSION = "v1alpha1"
PLURAL = "pdsprovisions"
KIND = "PdsProvision"
API_VERSION = f"{GROUP}/{VERSION}"

RETRY_ANNOTATION = f"{GROUP}/retry"
"""Any new value asks the operator to try now, where nothing is open."""
SERVICE_ID_ANNOTATION = f"{GROUP}/service-id"
"""The id of the user's service, given by a person where it was lost; checked with the backend before it is adopted."""
CHECKOUT_SESSION_ANNOTATION = f"{GROUP}/checkout-session"
"""The id of the newest Checkout Session that asked for this resource."""
CHECKOUT_CREATED_ANNOTATION = f"{GROUP}/checkout-created"
"""When that session was created, in Unix seconds, as Stripe has it: of two sessions the later one counts."""
CHECKOUT_PAID_ANNOTATION = f"{GROUP}/checkout-paid"
"""When that session was paid, in Unix seconds: the time of the event that told so. Of a session that was listed, not
told, the time of its creation."""
STRIPE_EVENT_ANNOTATION = f"{GROUP}/stripe-event"
"""The id of the event that told of that session; the session's own, where it was listed. For the log."""

Label = Annotated[str, StringConstraints(pattern=LABEL_PATTERN, min_length=1, max_length=LABEL_MAX)]
Hostname = Annotated[str, StringConstraints(pattern=HOSTNAME_PATTERN, min_length=3, max_length=HOSTNAME_MAX)]

_UNIX_SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)
_STRIPE_ID = re.compile(r"(?:evt|cs)_[A-Za-z0-9_]{1,128}", re.ASCII)

UNOBSERVED = -1
"""``status.observedGeneration`` of a resource that no operator has looked at."""


def provision_name(user_id: str) -> str:
    """Return ``metadata.name`` of a user's one PdsProvision."""
    return f"pds-{user_id}"


class ClaimOutcome(StrEnum):
    """What became of the deploy that a claim stands for, where the claim outlives it."""

    UNKNOWN = "Unknown"


class _Model(BaseModel):
    # A field that a newer version of the CRD has is no error to an older reader. An error is logged: it must not quote
    # the e-mail.
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )


class ProvisionSpec(_Model):
    """What was asked for."""

    user_id: Annotated[str, StringConstraints(pattern=USER_ID_PATTERN, min_length=36, max_length=36)]
    email: Annotated[str, StringConstraints(pattern=EMAIL_PATTERN, min_length=3, max_length=EMAIL_MAX)]
    username: Label | None = None
    hostname: Hostname | None = None
    disksize_gb: int = Field(default=DISK_SIZE_DEFAULT, ge=DISK_SIZE_MIN, le=DISK_SIZE_MAX)
    suspend: bool = False


class Claim(_Model):
    """The right to send one deploy, held by whoever wrote it; while it is there, what a deploy sends is frozen."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    attempt: int = Field(ge=1, le=2**31 - 1)
    hostname: Hostname
    hostname_absent: bool = False
    start_time: datetime
    duration_seconds: float = Field(ge=0, le=86400)
    timeout_seconds: float = Field(ge=0, le=86400)
    outcome: ClaimOutcome | None = None


class Condition(_Model):
    """A condition as Kubernetes' API conventions have it."""

    type: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    status: Literal["True", "False", "Unknown"]
    observed_generation: int = Field(default=0, ge=0)
    last_transition_time: datetime
    reason: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]*$", min_length=1, max_length=64)]
    message: Annotated[str, StringConstraints(max_length=1024)]


class ProvisionStatus(_Model):
    """What is in use, and how far it has come."""

    observed_generation: int = Field(default=UNOBSERVED, ge=UNOBSERVED)
    phase: Phase | None = None
    service_id: int | None = Field(default=None, ge=1, le=SERVICE_ID_MAX)
    service_state: ServiceState | None = None
    hostname: Hostname | None = None
    username: Label | None = None
    claim: Claim | None = None
    attempts: int = Field(default=0, ge=0, le=2**31 - 1)
    last_attempt_time: datetime | None = None
    next_attempt_time: datetime | None = None
    last_handled_retry: Annotated[str, StringConstraints(max_length=1024)] | None = None
    conditions: tuple[Condition, ...] = Field(default=(), max_length=16)

    def condition(self, kind: str) -> Condition | None:
        """Return the condition of this type, if it is there."""
        return next((condition for condition in self.conditions if condition.type == kind), None)

    def holds(self, kind: str) -> bool:
        """Tell whether the condition of this type is there and True."""
        condition = self.condition(kind)
        return condition is not None and condition.status == "True"

    @property
    def frozen(self) -> bool:
        """Whether what a deploy sends may no longer change: the CRD's rule on spec, in Python."""
        return bool(self.claim or self.service_id) or self.phase is Phase.DEPLOY_SUCCEEDED_NO_ID


class ManagedFields(_Model):
    """Who wrote the object, as the API server keeps it."""

    manager: str = ""
    operation: str = ""
    subresource: str = ""


class Metadata(_Model):
    """The part of ObjectMeta that the product reads."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    annotations: dict[str, str] = Field(default_factory=dict)
    managed_fields: tuple[ManagedFields, ...] = ()


class PdsProvision(_Model):
    """One customer's PDS, wanted and real."""

    metadata: Metadata
    spec: ProvisionSpec
    status: ProvisionStatus = Field(default_factory=ProvisionStatus)

    @property
    def event_id(self) -> str | None:
        """The id under which Stripe's side of this resource is logged; None where nothing of an id's shape is noted."""
        value = self.metadata.annotations.get(STRIPE_EVENT_ANNOTATION, "")
        return value if _STRIPE_ID.fullmatch(value) else None

    @property
    def asked_at(self) -> datetime | None:
        """When the customer paid, as far as that is known; else when the resource was made."""
        for annotation in (CHECKOUT_PAID_ANNOTATION, CHECKOUT_CREATED_ANNOTATION):
            value = self.metadata.annotations.get(annotation, "")
            if _UNIX_SECONDS.fullmatch(value):
                return datetime.fromtimestamp(int(value), UTC)
        return self.metadata.creation_timestamp

    @property
    def retry(self) -> str | None:
        """The value of the retry annotation where it has not been handled yet, else None."""
        value = self.metadata.annotations.get(RETRY_ANNOTATION)
        return value if value and value[:1024] != self.status.last_handled_retry else None

    @property
    def edited(self) -> bool:
        """Whether spec has changed since the operator last decided on it."""
        return self.status.observed_generation != self.metadata.generation
