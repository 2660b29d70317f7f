"""The parameters of the Checkout Session that buys what was asked for: pure, as Stripe's API has them.

https://docs.stripe.com/api/checkout/sessions/create
"""

import hashlib
from typing import TYPE_CHECKING

from pds_contract.checkout import USER_ID
from pds_portal.checkout.context import PlanContext
from pds_portal.checkout.request import CheckoutRequest, metadata_of

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

RETURN_PATH = "/dashboard"
RETURNED = "checkout"
"""The query's key by which the dashboard knows that the customer comes back from Stripe."""


def session_parameters(request: CheckoutRequest, customer_id: str | None, portal_url: str) -> "SessionCreateParams":
    """Return the parameters of the session.

    Args:
        request: What was asked for, judged.
        customer_id: The user's customer at Stripe, where one is known: no second one is made.
        portal_url: Where the customer comes back to, without a slash at the end.
    """
    wanted = request.parameters
    parameters: SessionCreateParams = {
        "mode": "subscription",
        "line_items": [{"price": request.plan.price_id, "quantity": 1}],
        "success_url": f"{portal_url}{RETURN_PATH}?{RETURNED}=success",
        "cancel_url": f"{portal_url}{RETURN_PATH}?{RETURNED}=cancelled&{_context(request).query()}",
        "client_reference_id": wanted.user_id,
        "metadata": metadata_of(wanted),
        # Events of the subscription tell its own metadata, not the session's.
        "subscription_data": {"metadata": {USER_ID: wanted.user_id}},
    }
    if customer_id is None:
        parameters["customer_email"] = wanted.email
    else:
        parameters["customer"] = customer_id
    return parameters


def idempotency_key(user_id: str, nonce: str) -> str:
    """Return the key under which Stripe makes one session, however often one form is sent.

    Hashed with the user's id, so that nobody comes by another's session with a nonce that was seen.
    """
    return hashlib.sha256(f"{user_id}\n{nonce}".encode()).hexdigest()


def _context(request: CheckoutRequest) -> PlanContext:
    wanted = request.parameters
    return PlanContext(
        plan=request.plan.key,
        disksize_gb=wanted.disksize_gb if wanted.disksize_gb != request.plan.disksize_gb else None,
        username=wanted.username,
        hostname=wanted.hostname,
    )
