"""What the webhook does with a checkout: the customer's mapping in Supabase, then the PdsProvision, then the answer."""

from datetime import UTC, datetime
from enum import Enum, auto
from typing import Protocol

from pds_contract.checkout import parameters_of
from pds_contract.errors import InvalidInput, TryLater, UnknownUser
from pds_contract.names import HostnameRules
from pds_contract.rows import SubscriptionMapping
from pds_webhook.answers import Answer, Code
from pds_webhook.events import Checkout
from pds_webhook.triage import settled_by_itself
from pds_webhook.wanted import Wanted

STATUS_PAID = "active"
STATUS_UNPAID = "incomplete"


class Subscriptions(Protocol):
    """Where the customers' mapping is stored."""

    async def record_subscription(self, mapping: SubscriptionMapping) -> bool:
        """Store who the customer is.

        Raises:
            UnknownUser: The user is not in auth.users.
            TryLater: It may not be stored.
        """
        ...


class Provisioner(Protocol):
    """What brings a paid checkout to a PdsProvision."""

    async def ensure(self, wanted: Wanted) -> Answer:
        """Make the user's resource ask for what this checkout wants, as far as it may."""
        ...


class Mapped(Enum):
    """What became of the customer's row in ``subscriptions``."""

    STORED = auto()
    NO_USER_ID = auto()
    UNKNOWN_USER = auto()
    UNAVAILABLE = auto()


class Intake:
    """Takes in the checkouts of one product, in one mode of Stripe's.

    Args:
        provisioning: The way to the PdsProvisions.
        subscriptions: The way to the mapping.
        rules: Which hostnames customers may have.
        livemode: Whether it serves Stripe's live mode.
    """

    def __init__(
        self, provisioning: Provisioner, subscriptions: Subscriptions, rules: HostnameRules, *, livemode: bool
    ) -> None:
        self._provisioning = provisioning
        self._subscriptions = subscriptions
        self._rules = rules
        self._livemode = livemode

    async def take(self, checkout: Checkout) -> Answer:
        """Do all that this checkout asks for; a 2xx answer means that all of it is durable."""
        settled = settled_by_itself(checkout, livemode=self._livemode)
        if settled is not None:
            return settled
        # First, since it is wanted whatever becomes of the rest, and tells whether the user exists.
        mapped = await self._map(checkout)
        return await self._paid(checkout, mapped) if checkout.paid else _unpaid(mapped)

    async def _paid(self, checkout: Checkout, mapped: Mapped) -> Answer:
        try:
            parameters = parameters_of(checkout.metadata, checkout.email, self._rules)
        except InvalidInput as error:
            # Stripe repeats the event as it was: a correction of the session's metadata would not reach us.
            message = f"paid, but {error}. Apply a PdsProvision with a usable value by hand, or refund"
            return Answer(Code(error.code), message, error.field)
        if mapped is Mapped.UNKNOWN_USER:
            return Answer(
                Code.UNKNOWN_USER, "paid, but the user is not in auth.users; make the user, or refund", "user_id"
            )
        wanted = Wanted(parameters, checkout.session_id, checkout.session_created, checkout.event_id, checkout.paid_at)
        answer = await self._provisioning.ensure(wanted)
        if answer.code.status == 200 and mapped is Mapped.UNAVAILABLE:
            message = (
                f"the PdsProvision is in order ({answer.code}), but the mapping in subscriptions is not stored yet"
            )
            return Answer(Code.SUPABASE_UNAVAILABLE, message, double=answer.double)
        return answer

    async def _map(self, checkout: Checkout) -> Mapped:
        if checkout.user_id is None:
            return Mapped.NO_USER_ID
        try:
            await self._subscriptions.record_subscription(
                SubscriptionMapping(
                    user_id=checkout.user_id,
                    stripe_customer_id=checkout.customer_id,
                    stripe_subscription_id=checkout.subscription_id,
                    status=STATUS_PAID if checkout.paid else STATUS_UNPAID,
                    checkout_session_id=checkout.session_id,
                    checkout_created_at=datetime.fromtimestamp(checkout.session_created, UTC),
                    event_created_at=datetime.fromtimestamp(checkout.event_created, UTC),
                )
            )
        except UnknownUser:
            return Mapped.UNKNOWN_USER
        except TryLater:
            return Mapped.UNAVAILABLE
        return Mapped.STORED


def _unpaid(mapped: Mapped) -> Answer:
    match mapped:
        case Mapped.STORED:
            return Answer(Code.PAYMENT_PENDING, "not paid yet; the mapping is stored")
        case Mapped.UNAVAILABLE:
            return Answer(Code.SUPABASE_UNAVAILABLE, "not paid yet; the mapping in subscriptions is not stored yet")
        case Mapped.NO_USER_ID:
            message = "not paid yet; the metadata's user_id is missing or no UUID, so there is nothing to store"
        case Mapped.UNKNOWN_USER:
            message = "not paid yet; the user is not in auth.users, so there is nothing to store"
    return Answer(Code.PAYMENT_PENDING, message, "user_id", warn=True)
