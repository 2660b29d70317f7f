"""How far a customer's PDS has come, from their own rows and what the backend says: a pure function.

A row in ``pds_services`` goes before the payment: a PDS may have been made without a checkout, and it stays there when
a subscription ends, until the backend says otherwise. An id in it goes before its status, which tells of the deploy
alone.
"""

from dataclasses import dataclass
from enum import StrEnum

from pds_contract.phase import Phase
from pds_contract.rows import PdsServiceRow, SubscriptionRow
from pds_contract.service import ServiceState

# Stripe's statuses of a subscription that nobody pays for, and of one whose first payment is still to come.
_ENDED = frozenset({"canceled", "incomplete_expired", "unpaid", "paused"})
_PENDING = frozenset({"incomplete", None})


class Step(StrEnum):
    """Where a PDS is on its way; the word is that of the API."""

    NONE = "none"
    PAID = "paid"
    REQUESTED = "requested"
    SETTING_UP = "setting_up"
    ALMOST_READY = "almost_ready"
    RUNNING = "running"
    FAILED = "failed"
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True)
class Progress:
    """How far it is.

    Args:
        step: The step that it is at.
        hostname: Its hostname, once one is in use.
        message: A sentence or two for the customer.
        settled: Whether it stays so unless somebody does something: there is no need to look again soon.
    """

    step: Step
    hostname: str | None
    message: str
    settled: bool

    def document(self) -> dict[str, object]:
        """Return the JSON of ``GET /api/pds/progress``."""
        return {
            "step": self.step.value,
            "hostname": self.hostname,
            "message": self.message,
            "settled": self.settled,
        }


_STATES: dict[ServiceState, tuple[Step, str, bool]] = {
    ServiceState.SETTING_UP: (Step.SETTING_UP, "Your PDS is being set up.", False),
    ServiceState.ALMOST_READY: (Step.ALMOST_READY, "Your PDS is almost ready.", False),
    ServiceState.RUNNING: (Step.RUNNING, "Your PDS is running.", True),
    ServiceState.SUSPENDED: (
        Step.SUSPENDED,
        "Your PDS is suspended: it is switched off, and its data is kept. Write to us to have it switched on again.",
        True,
    ),
    ServiceState.TERMINATED: (
        Step.ENDED,
        "Your PDS has been ended and is switched off. If you want it back, write to us before its data is deleted.",
        True,
    ),
    ServiceState.SETUP_FAILED: (
        Step.FAILED,
        "Setting up your PDS did not work. We have been told and look into it. You need not do or pay anything.",
        True,
    ),
    ServiceState.NOT_FOUND: (
        Step.FAILED,
        "Your PDS is not where it should be. We have been told and look into it. You need not do or pay anything.",
        True,
    ),
}


def progress_of(subscription: SubscriptionRow | None, row: PdsServiceRow | None, seen: ServiceState | None) -> Progress:
    """Say how far a PDS has come.

    Args:
        subscription: The customer's row in ``subscriptions``; not looked at where there is a ``row``.
        row: The customer's row in ``pds_services``.
        seen: The state that the backend tells of the row's id; None where it gave no usable answer.
    """
    if row is None:
        return _before_the_row(subscription)
    if row.pds_service_id is not None:
        if seen is None:
            return Progress(
                Step.SETTING_UP,
                row.hostname,
                "We cannot see just now how your PDS is doing. Nothing is lost: this page keeps asking.",
                settled=False,
            )
        step, message, settled = _STATES[seen]
        return Progress(step, row.hostname, message, settled)
    if row.status == Phase.DEPLOY_FAILED:
        return Progress(
            Step.FAILED,
            row.hostname,
            "Making your PDS did not work yet. It is tried again by itself. You need not do or pay anything.",
            settled=False,
        )
    if row.status == Phase.DEPLOY_SUCCEEDED_NO_ID:
        message = "Your PDS has been ordered, and we wait for word of it. You need not do anything."
        return Progress(Step.REQUESTED, row.hostname, message, settled=False)
    return Progress(Step.REQUESTED, row.hostname, "Your PDS has been ordered.", settled=False)


def _before_the_row(subscription: SubscriptionRow | None) -> Progress:
    if subscription is None:
        message = "There is no PDS for this account yet. If you have just paid, it shows here once Stripe has told us."
        return Progress(Step.NONE, None, message, settled=True)
    if subscription.status in _ENDED:
        message = "There is no PDS for this account, and its subscription has ended. Choose a plan to get one."
        return Progress(Step.NONE, None, message, settled=True)
    if subscription.status in _PENDING:
        message = "Your payment has not been confirmed yet. Your PDS is made as soon as it is."
        return Progress(Step.NONE, None, message, settled=False)
    return Progress(Step.PAID, None, "Your payment has arrived. Your PDS is ordered now.", settled=False)
