"""Beginning a checkout: read, judge, look the name up, and have Stripe make the session."""

import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from pds_clients.own_rows import OwnRows
from pds_clients.stripe_checkout import CheckoutCreation, CreatedSession
from pds_contract.errors import Conflict, CredentialsRejected, DependencyError, InvalidInput, NotFound, TryLater
from pds_contract.names import HostnameRules
from pds_portal.checkout import refusing
from pds_portal.checkout.availability import Availability
from pds_portal.checkout.hostname import asked_hostname
from pds_portal.checkout.plans import Plan
from pds_portal.checkout.request import CheckoutRequest, read_request
from pds_portal.checkout.session import idempotency_key, session_parameters
from pds_portal.identity.session import SignedIn

_CUSTOMER_ID = re.compile(r"cus_[A-Za-z0-9_]{1,128}", re.ASCII)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkouts:
    """Begins the checkouts of one shop.

    Args:
        plans: What is on sale.
        rules: Which hostnames a customer may have.
        portal_url: Where a customer comes back to from Stripe.
        rows: The customer's own rows.
        availability: Looks hostnames up.
        creation: Makes the sessions.
    """

    plans: tuple[Plan, ...]
    rules: HostnameRules
    portal_url: str
    rows: OwnRows
    availability: Availability
    creation: CheckoutCreation

    async def begin(self, asked: Mapping[str, object], customer: SignedIn) -> CreatedSession:
        """Return the session at whose page the customer pays.

        Args:
            asked: The fields of the form or of the JSON object.
            customer: Who is signed in.

        Raises:
            CheckoutRefused: None was made, or none that is new; the refusal says why.
        """
        try:
            request = read_request(
                asked, user_id=customer.user_id, email=customer.email, plans=self.plans, rules=self.rules
            )
        except InvalidInput as error:
            raise refusing.invalid(error) from None
        customer_id = await self._who_pays(customer)
        await self._look_up(request, customer)
        session = await self._create(request, customer_id)
        _log.info(
            "a checkout session is open",
            extra={"session_id": session.session_id, "user_id": customer.user_id, "plan": request.plan.key},
        )
        return session

    async def _who_pays(self, customer: SignedIn) -> str | None:
        """Return the customer's id at Stripe where one is known, unless they would pay twice."""
        try:
            row = await self.rows.pds_service(customer.user_id, customer.access_token)
            subscription = await self.rows.subscription(customer.user_id, customer.access_token)
        except DependencyError as error:
            _tell(error, customer.user_id)
            raise refusing.unavailable(error, refusing.ACCOUNT_UNKNOWN) from None
        refusal = refusing.has_pds(row, subscription)
        if refusal is not None:
            raise refusal
        known = None if subscription is None else subscription.stripe_customer_id
        return known if known is not None and _CUSTOMER_ID.fullmatch(known) else None

    async def _look_up(self, request: CheckoutRequest, customer: SignedIn) -> None:
        asked = asked_hostname(request.parameters, self.rules)
        if asked is None:
            return
        objection = refusing.objection(asked, self.rules)
        if objection is not None:
            raise refusing.invalid(objection)
        try:
            taken = await self.availability.is_taken(asked.hostname, customer)
        except DependencyError as error:
            _tell(error, customer.user_id)
            raise refusing.unavailable(error, refusing.NAME_UNKNOWN) from None
        if taken:
            raise refusing.taken(asked)

    async def _create(self, request: CheckoutRequest, customer_id: str | None) -> CreatedSession:
        user_id = request.parameters.user_id
        # Who sends no nonce gets a session each time.
        nonce = request.nonce or secrets.token_urlsafe(24)
        try:
            try:
                parameters = session_parameters(request, customer_id, self.portal_url, self.rules)
                return await self.creation.create(parameters, idempotency_key(user_id, nonce))
            except NotFound:
                # The customer was deleted at Stripe, or is of its other mode; the key stands for the refused request.
                parameters = session_parameters(request, None, self.portal_url, self.rules)
                return await self.creation.create(parameters, idempotency_key(user_id, f"{nonce} anew"))
        except Conflict:
            raise refusing.sent_before() from None
        except DependencyError as error:
            _tell(error, user_id)
            raise refusing.unavailable(error, refusing.NO_PAYMENT_PAGE) from None


def _tell(error: DependencyError, user_id: str) -> None:
    """Log what a dependency did; an error where only a person can mend it."""
    mends_itself = isinstance(error, TryLater) and not isinstance(error, CredentialsRejected)
    level = logging.WARNING if mends_itself else logging.ERROR
    _log.log(level, "no checkout: %s", error, extra={"dependency": error.dependency, "user_id": user_id})
