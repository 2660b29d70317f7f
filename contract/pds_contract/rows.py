"""The two Supabase tables as the product sees them: ``pds_services`` (the mission's) and ``subscriptions``."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from pds_contract.phase import Phase

REDEPLOYABLE_STATUSES = frozenset({Phase.DEPLOY_FAILED.value, Phase.DEPLOY_SUCCEEDED_NO_ID.value})
"""The mission: a row without an id deploys again only from one of these."""


class PdsServiceRow(BaseModel):
    """A row of ``pds_services``. ``status`` is any text that was ever written there."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    user_id: str
    pds_service_id: int | None = None
    hostname: str | None = None
    status: str


class SubscriptionRow(BaseModel):
    """A customer's own row of ``subscriptions``, as far as they are told of it; ``status`` is any text or none."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    user_id: str
    status: str | None = None
    stripe_customer_id: str | None = None


class PdsServiceLookup(BaseModel):
    """What Supabase knows of a user and of a hostname.

    Args:
        user_exists: Whether the user is in ``auth.users``.
        row: Their row, if there is one.
        hostname_elsewhere: Whether another user's row has a PDS of that hostname, or may have.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    user_exists: bool
    row: PdsServiceRow | None = None
    hostname_elsewhere: bool = False


@dataclass(frozen=True)
class SubscriptionMapping:
    """Who the customer is: a user's row in ``subscriptions``, as one Stripe event tells it."""

    user_id: str
    stripe_customer_id: str | None
    stripe_subscription_id: str | None
    status: str
    checkout_session_id: str
    checkout_created_at: datetime
    event_created_at: datetime
