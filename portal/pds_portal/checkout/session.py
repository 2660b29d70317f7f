"""The parameters of the Checkout Session that buys what was asked for: pure, as Stripe's API has them.

https://docs.stripe.com/api/checkout/sessions/create
"""

import hashlib
from typing import TYPE_CHECKING

from pds_contract.checkout import DISK_SIZE, HOSTNAME, USER_EMAIL, USER_ID, USERNAME, CheckoutParameters
from pds_contract.names import HostnameRules
from pds_portal.checkout.context import PlanContext
from pds_portal.checkout.hostname import asked_hostname
from pds_portal.checkout.request import CheckoutRequest

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

RETURN_PATH = "/dashboard"
RETURNED = "checkout"
"""The query's key by which the dashboard knows that the customer comes back from Stripe."""


def session_parameters(
    request: CheckoutRequest, customer_id: str | None, portal_url: str, rules: HostnameRules
) -> "SessionCreateParams":
    """Return the parameters of the session.

    Args:
        request: What was asked for, judged.
        customer_id: The user's customer at Stripe, where one is known: no second one is made.
        portal_url: Where the customer comes back to, without a slash at the end.
        rules: Tell the hostname that a username alone asks for.
    """
    wanted = request.parameters
    parameters: SessionCreateParams = {
        "mode": "subscription",
        "line_items": [{"price": request.plan.price_id, "quantity": 1}],
        "success_url": f"{portal_url}{RETURN_PATH}?{RETURNED}=success",
        "cancel_url": f"{portal_url}{RETURN_PATH}?{RETURNED}=cancelled&{_context(request).query()}",
        "client_reference_id": wanted.user_id,
        "metadata": metadata_of(wanted, rules),
        # Events of the subscription tell its own metadata, not the session's.
        "subscription_data": {"metadata": {USER_ID: wanted.user_id}},
    }
    if customer_id is None:
        parameters["customer_email"] = wanted.email
    else:
        parameters["customer"] = customer_id
    return parameters


def metadata_of(parameters: CheckoutParameters, rules: HostnameRules) -> dict[str, str]:
    """Return the metadata from which the webhook reads these parameters: the mission's five keys, all of them.

    A username alone asks for ``<username>.<base domain>``, which was shown and looked up, so it stands there. What was
    not asked for is the empty string, which Stripe drops: the choice stays the operator's.
    """
    asked = asked_hostname(parameters, rules)
    return {
        USER_ID: parameters.user_id,
        USER_EMAIL: parameters.email,
        USERNAME: parameters.username or "",
        HOSTNAME: asked.hostname if asked else "",
        DISK_SIZE: str(parameters.disksize_gb),
    }


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
