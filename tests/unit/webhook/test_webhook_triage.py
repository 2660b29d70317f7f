import dataclasses
import json

import pytest

from pds_stack.events import checkout_event
from pds_webhook.answers import Code
from pds_webhook.events import COMPLETED, PAYMENT_FAILED, PAYMENT_SUCCEEDED, Checkout, read_event
from pds_webhook.triage import settled_by_itself

PAID = ["paid", "no_payment_required"]


def checkout(**changes: object) -> Checkout:
    found = read_event(json.dumps(checkout_event(user_id="0a1b2c3d-0000-4000-8000-000000000001", livemode=True)))
    assert isinstance(found, Checkout)
    return dataclasses.replace(found, **changes)  # type: ignore[arg-type]  # each test names real fields


def code(found: Checkout, *, livemode: bool = True) -> Code | None:
    answer = settled_by_itself(found, livemode=livemode)
    return None if answer is None else answer.code


@pytest.mark.parametrize("event_type", [COMPLETED, PAYMENT_SUCCEEDED])
@pytest.mark.parametrize("payment_status", [*PAID, "unpaid"])
@pytest.mark.parametrize("livemode", [True, False])
def test_a_subscription_of_our_mode_goes_on(event_type: str, payment_status: str, *, livemode: bool) -> None:
    found = checkout(event_type=event_type, payment_status=payment_status, livemode=livemode)
    assert code(found, livemode=livemode) is None


@pytest.mark.parametrize("payment_status", [*PAID, "unpaid"])
@pytest.mark.parametrize("livemode", [True, False])
@pytest.mark.parametrize("mode", ["subscription", "payment"])
def test_a_failed_payment_is_ignored(payment_status: str, mode: str, *, livemode: bool) -> None:
    found = checkout(event_type=PAYMENT_FAILED, payment_status=payment_status, mode=mode, livemode=livemode)
    assert code(found) is Code.IGNORED


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("mode", ["subscription", "payment"])
def test_the_other_livemode_needs_a_person_only_if_paid(mode: str, *, ours: bool) -> None:
    found = checkout(livemode=not ours, mode=mode)
    assert code(found, livemode=ours) is Code.LIVEMODE_MISMATCH
    assert code(dataclasses.replace(found, payment_status="unpaid"), livemode=ours) is Code.IGNORED


@pytest.mark.parametrize("mode", ["payment", "setup", "unheard_of"])
def test_another_mode_needs_a_person_only_if_paid(mode: str) -> None:
    assert [code(checkout(mode=mode, payment_status=status)) for status in PAID] == [Code.UNSUPPORTED_MODE] * 2
    assert code(checkout(mode=mode, payment_status="unpaid")) is Code.IGNORED
