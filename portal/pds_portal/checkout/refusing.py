"""Why a checkout is refused before anything is paid: pure, each refusal in one sentence for the customer."""

import math
from http import HTTPStatus

from pds_contract.errors import DependencyError, InvalidInput, TryLater
from pds_contract.names import HostnameRules
from pds_contract.phase import Phase
from pds_contract.rows import PdsServiceRow, SubscriptionRow
from pds_portal.checkout.hostname import Asked
from pds_portal.checkout.request import (
    ACCOUNT_FIELD,
    DISK_SIZE_FIELD,
    HOSTNAME_FIELD,
    NONCE_FIELD,
    PLAN_FIELD,
    USERNAME_FIELD,
)
from pds_portal.metrics import CheckoutOutcome
from pds_portal.safety.refusals import Refusal

PAYING_STATUSES = frozenset({"active", "trialing", "past_due"})
"""Of ``subscriptions.status``, in Stripe's words: it is paid for, or Stripe still tries to collect. The webhook writes
``active``; an older table may hold the others."""

_SUBJECTS = {
    PLAN_FIELD: "The plan",
    USERNAME_FIELD: "The username",
    HOSTNAME_FIELD: "The hostname",
    DISK_SIZE_FIELD: "The disk size",
    NONCE_FIELD: "The form",
    ACCOUNT_FIELD: "Your account",
}


ACCOUNT_UNKNOWN = (
    "Whether you have a PDS already cannot be looked up just now. Nothing was charged; try again in a minute."
)
NAME_UNKNOWN = (
    "Whether this name is free cannot be looked up just now. Nothing was charged; try again in a minute, or leave the "
    "name out, and one is made from your e-mail address."
)
NO_PAYMENT_PAGE = "The payment page cannot be opened just now. Nothing was charged; try again in a minute."

_AWAY_SECONDS = 60


class CheckoutRefused(Refusal):
    """A checkout that is not begun.

    Args:
        outcome: The word under which it is counted.
        status: The HTTP status.
        message: One sentence for the customer, that says what to do.
        field: The form's field that has to be changed, where it is one.
        retry_after: Seconds, where waiting helps.
    """

    def __init__(
        self,
        outcome: CheckoutOutcome,
        status: HTTPStatus,
        message: str,
        *,
        field: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        headers = None if retry_after is None else {"Retry-After": str(retry_after)}
        super().__init__(status, message, field=field, headers=headers)
        self.outcome = outcome

    @property
    def has_pds(self) -> bool:
        """Whether the customer needs no checkout at all."""
        return self.outcome is CheckoutOutcome.HAS_PDS


def invalid(error: InvalidInput) -> CheckoutRefused:
    """Return the refusal of a field that cannot be used."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return CheckoutRefused(CheckoutOutcome.INVALID, status, sentence(error), field=error.field)


def sentence(error: InvalidInput) -> str:
    """Say what is wrong with a field of the form."""
    return f"{_SUBJECTS.get(error.field, error.field)} {error.message}."


def objection(asked: Asked, rules: HostnameRules) -> InvalidInput | None:
    """Say why nobody can have this hostname; a username can lead to one that is reserved."""
    reason = rules.objection(asked.hostname)
    if reason is None:
        return None
    message = reason if asked.field == HOSTNAME_FIELD else f"leads to {asked.hostname}, which {reason}"
    return InvalidInput(asked.field, message, f"invalid_{asked.field}")


def taken(asked: Asked) -> CheckoutRefused:
    """Return the refusal of a hostname that is somebody's."""
    message = f"{asked.hostname} is taken. Choose another {asked.field}."
    return CheckoutRefused(CheckoutOutcome.TAKEN, HTTPStatus.CONFLICT, message, field=asked.field)


def has_pds(row: PdsServiceRow | None, subscription: SubscriptionRow | None) -> CheckoutRefused | None:
    """Return the refusal of a customer who would pay twice, or None.

    Args:
        row: The customer's row of ``pds_services``. One of a failed deploy alone stands in nobody's way: who paid for
            it has a subscription, and who did not may.
        subscription: Their row of ``subscriptions``. The status ``incomplete`` is no obstacle: it does not tell whether
            a delayed payment is on its way or has failed.
    """
    if row is not None and row.pds_service_id is not None:
        message = "You have a PDS already. One account has one; see it on the dashboard."
    elif row is not None and row.status != Phase.DEPLOY_FAILED:
        message = "Your PDS is being set up already. Follow it on the dashboard."
    elif subscription is not None and subscription.status in PAYING_STATUSES:
        message = "You have paid already, and nothing more is due. Your PDS is on its way; follow it on the dashboard."
    else:
        return None
    return CheckoutRefused(CheckoutOutcome.HAS_PDS, HTTPStatus.CONFLICT, message)


def sent_before() -> CheckoutRefused:
    """Return the refusal of a form whose nonce stands for another session already."""
    message = "This form was sent before with other values. Reload the page, and send it again."
    return CheckoutRefused(CheckoutOutcome.INVALID, HTTPStatus.CONFLICT, message, field=NONCE_FIELD)


def unavailable(error: DependencyError, message: str) -> CheckoutRefused:
    """Return the refusal that stands for a dependency without a usable answer: 503, and when to try again."""
    wait = error.retry_after if isinstance(error, TryLater) else None
    seconds = _AWAY_SECONDS if wait is None else max(1, math.ceil(wait))
    return CheckoutRefused(CheckoutOutcome.UNAVAILABLE, HTTPStatus.SERVICE_UNAVAILABLE, message, retry_after=seconds)
