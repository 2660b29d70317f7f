"""How long customers wait: which Ready ends a wait, and since when one is waiting."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from pds_contract.conditions import READY, STALLED, Reason
from pds_contract.resource import CHECKOUT_CREATED_ANNOTATION, CHECKOUT_PAID_ANNOTATION, Condition, PdsProvision
from pds_operator.protocol.waiting import first_wait, waiting_since
from stages.protocol_stage import NOW, after, condition, provision, seen

PAID, CREATED, MADE = after(-60), after(-600), after(-50)
TRIED = after(-40)


def at(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def told(customer: PdsProvision, **annotations: str) -> PdsProvision:
    """A resource with annotations, named without their group."""
    named = {f"pds.eny.space/{name.replace('_', '-')}": value for name, value in annotations.items()}
    return customer.model_copy(update={"metadata": customer.metadata.model_copy(update={"annotations": named})})


def ready(status: str, since: datetime, reason: str = Reason.PROVISIONING) -> Condition:
    return condition(READY, status, reason).model_copy(update={"last_transition_time": since})


def deployed(**fields: Any) -> PdsProvision:
    """One whose deploy has made a service, which the backend is setting up."""
    status = {
        "service_id": 800,
        "username": "alice",
        "hostname": "alice.eny.example",
        "attempts": 1,
        "last_attempt_time": TRIED,
        "conditions": (ready("False", TRIED.replace(microsecond=0)),),
        **fields,
    }
    return told(provision(seen(**status), created=MADE), checkout_paid=at(PAID), checkout_created=at(CREATED))


def test_the_annotations_are_the_webhooks() -> None:
    assert deployed().metadata.annotations == {
        CHECKOUT_PAID_ANNOTATION: at(PAID),
        CHECKOUT_CREATED_ANNOTATION: at(CREATED),
    }


def test_a_first_ready_ends_the_wait_since_the_payment() -> None:
    assert first_wait(deployed(), NOW) == 60


@pytest.mark.parametrize(
    ("annotations", "wait"),
    [
        ({"checkout_created": at(CREATED)}, 600),
        ({"checkout_paid": "yesterday", "checkout_created": at(CREATED)}, 600),
        ({"checkout_paid": "-60"}, 50),
        ({"checkout_paid": "9" * 30}, 50),
        ({"checkout_paid": "\N{ARABIC-INDIC DIGIT ONE}"}, 50),
        ({}, 50),
    ],
)
def test_without_a_usable_payment_the_session_counts_else_the_resource(
    annotations: dict[str, str], wait: float
) -> None:
    assert first_wait(told(deployed(), **annotations), NOW) == wait


def test_a_clock_behind_stripes_makes_no_negative_wait() -> None:
    assert first_wait(told(deployed(), checkout_paid=at(after(5))), NOW) == 0


@pytest.mark.parametrize(
    "again",
    [
        {"conditions": (ready("True", after(-30), Reason.RUNNING),)},
        {"conditions": (ready("False", after(-30), Reason.SERVICE_SUSPENDED),)},
        {"conditions": (ready("False", after(-30)),)},
    ],
    ids=["is ready", "was suspended since", "was set up again since"],
)
def test_whoever_was_ready_before_has_waited_already(again: dict[str, Any]) -> None:
    assert first_wait(deployed(**again), NOW) is None


@pytest.mark.parametrize(
    "adopted",
    [
        {"username": None, "attempts": 0, "last_attempt_time": None},
        {"username": None, "attempts": 3},
        {"attempts": 0, "last_attempt_time": None},
    ],
    ids=["at the first look", "after looks that failed", "an earlier product's PDS"],
)
def test_a_service_that_was_adopted_is_nobodys_wait(adopted: dict[str, Any]) -> None:
    assert first_wait(deployed(**adopted), NOW) is None


def test_a_lost_id_that_a_person_has_given_ends_a_wait() -> None:
    """Deployed and claimed by this very resource; only the id came from elsewhere."""
    assert first_wait(deployed(conditions=(ready("False", TRIED, Reason.AWAITING_SERVICE_ID),)), NOW) == 60


def test_one_on_its_way_waits_since_the_payment() -> None:
    assert waiting_since(told(provision(created=MADE), checkout_paid=at(PAID))) == PAID
    assert waiting_since(deployed()) == PAID
    assert waiting_since(provision(created=MADE)) == MADE


def test_one_that_was_ready_waits_since_it_is_not() -> None:
    assert waiting_since(deployed(conditions=(ready("False", after(-30)),))) == after(-30)


@pytest.mark.parametrize(
    "settled",
    [
        deployed(conditions=(ready("True", after(-30)),)),
        deployed(conditions=(ready("False", TRIED), condition(STALLED, "True", Reason.SETUP_FAILED))),
        provision(created=MADE, suspend=True),
        provision(created=MADE, deleted=NOW - timedelta(seconds=1)),
    ],
    ids=["ready", "stalled", "suspended", "being deleted"],
)
def test_what_is_settled_or_waits_for_a_person_does_not_count(settled: PdsProvision) -> None:
    assert waiting_since(settled) is None
