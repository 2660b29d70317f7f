"""How far a PDS has come: every pair of payment, row and the backend's word."""

import itertools

import pytest

from pds_contract.rows import PdsServiceRow, SubscriptionRow
from pds_contract.service import ServiceState
from pds_portal.service.progress import Progress, Step, progress_of

USER = "3f0c5bbd-6f0a-4d5c-9d7e-0a4f3c1b2a10"
HOSTNAME = "alice.example.org"
STATUSES = ["provisioning", "deploy_failed", "deploy_succeeded_no_id", "by hand", ""]
PAYMENTS = [None, "active", "incomplete", "canceled"]


def subscription(status: str | None) -> SubscriptionRow:
    return SubscriptionRow(user_id=USER, status=status)


def row(status: str, service_id: int | None = None) -> PdsServiceRow:
    return PdsServiceRow(user_id=USER, pds_service_id=service_id, hostname=HOSTNAME, status=status)


def brief(progress: Progress) -> tuple[Step, bool]:
    return progress.step, progress.settled


def test_nobody_has_paid() -> None:
    assert brief(progress_of(None, None, None)) == (Step.NONE, True)


@pytest.mark.parametrize(
    ("status", "step", "settled"),
    [
        *[("active", Step.PAID, False), ("trialing", Step.PAID, False), ("past_due", Step.PAID, False)],
        *[("incomplete", Step.NONE, False), (None, Step.NONE, False)],
        *[("canceled", Step.NONE, True), ("incomplete_expired", Step.NONE, True), ("unpaid", Step.NONE, True)],
        ("paused", Step.NONE, True),
    ],
)
def test_a_payment_without_a_row(status: str | None, step: Step, *, settled: bool) -> None:
    progress = progress_of(subscription(status), None, None)
    assert (brief(progress), progress.hostname) == ((step, settled), None)


@pytest.mark.parametrize(
    ("status", "step"),
    [
        *[("provisioning", Step.REQUESTED), ("deploy_succeeded_no_id", Step.REQUESTED), ("by hand", Step.REQUESTED)],
        ("deploy_failed", Step.FAILED),
    ],
)
@pytest.mark.parametrize("payment", PAYMENTS)
def test_a_row_without_an_id(payment: str | None, status: str, step: Step) -> None:
    paid = None if payment is None else subscription(payment)
    progress = progress_of(paid, row(status), None)
    assert (brief(progress), progress.hostname) == ((step, False), HOSTNAME)


def test_a_failed_deploy_is_said_to_be_tried_again() -> None:
    assert "tried again by itself" in progress_of(None, row("deploy_failed"), None).message
    # With an id nothing is deployed again.
    for seen in (None, *ServiceState):
        assert "again by itself" not in progress_of(None, row("deploy_failed", 800), seen).message


@pytest.mark.parametrize(
    ("seen", "step", "settled"),
    [
        (None, Step.SETTING_UP, False),
        (ServiceState.SETTING_UP, Step.SETTING_UP, False),
        (ServiceState.ALMOST_READY, Step.ALMOST_READY, False),
        (ServiceState.RUNNING, Step.RUNNING, True),
        (ServiceState.SUSPENDED, Step.SUSPENDED, True),
        (ServiceState.TERMINATED, Step.ENDED, True),
        (ServiceState.SETUP_FAILED, Step.FAILED, True),
        (ServiceState.NOT_FOUND, Step.FAILED, True),
    ],
)
@pytest.mark.parametrize("status", STATUSES)
def test_an_id_goes_before_the_status(status: str, seen: ServiceState | None, step: Step, *, settled: bool) -> None:
    for payment in PAYMENTS:
        paid = None if payment is None else subscription(payment)
        progress = progress_of(paid, row(status, 800), seen)
        assert (brief(progress), progress.hostname) == ((step, settled), HOSTNAME), payment


def test_an_unknown_state_is_not_taken_for_being_set_up_again() -> None:
    away, setting_up = (progress_of(None, row("provisioning", 800), seen) for seen in (None, ServiceState.SETTING_UP))
    assert away.message != setting_up.message
    assert "cannot see" in away.message


def test_every_answer_has_the_four_keys_and_a_sentence() -> None:
    payments = [None, *map(subscription, [*PAYMENTS, "odd"])]
    rows = [None, *(row(status, number) for status in STATUSES for number in (None, 800))]
    for paid, held, seen in itertools.product(payments, rows, (None, *ServiceState)):
        document = progress_of(paid, held, seen).document()
        assert list(document) == ["step", "hostname", "message", "settled"]
        assert document["step"] in list(Step)
        assert str(document["message"]).endswith(".")
        assert isinstance(document["settled"], bool)
