"""Every combination of what a resource can say, against every age of a checkout."""

import itertools
from datetime import UTC, datetime

import pytest

from pds_contract.checkout import CheckoutParameters
from pds_contract.phase import Phase
from pds_contract.resource import (
    CHECKOUT_CREATED_ANNOTATION,
    CHECKOUT_PAID_ANNOTATION,
    CHECKOUT_SESSION_ANNOTATION,
    RETRY_ANNOTATION,
    STRIPE_EVENT_ANNOTATION,
    Claim,
    Condition,
    ManagedFields,
    Metadata,
    PdsProvision,
    ProvisionSpec,
    ProvisionStatus,
)
from pds_webhook.answers import Code
from pds_webhook.decide import GUEST_MANAGER, MANAGER, Change, Leave, decide
from pds_webhook.wanted import Wanted

USER = "0a1b2c3d-0000-4000-8000-000000000001"
THEN = datetime(2026, 11, 1, tzinfo=UTC)
WANTED = Wanted(CheckoutParameters(USER, "alice@a.example", "alice", None, 20), "cs_m", 1000, "evt_m", 1001)

OURS = (ManagedFields(manager=MANAGER, operation="Update"), ManagedFields(manager="pds-operator", subresource="status"))
NOT_OURS = [
    (),
    (ManagedFields(manager="kubectl-client-side-apply", operation="Update"),),
    (ManagedFields(manager=MANAGER, operation="Apply"),),
    (ManagedFields(manager=MANAGER, operation="Update", subresource="status"),),
    (ManagedFields(manager=GUEST_MANAGER, operation="Update"),),
]
CLAIM = Claim(id="c", attempt=1, hostname="alice.eny.example", start_time=THEN, duration_seconds=1, timeout_seconds=1)
PROVISIONED = [
    ProvisionStatus(service_id=800),
    ProvisionStatus(service_id=800, claim=CLAIM),
    ProvisionStatus(service_id=800, phase=Phase.PROVISIONING),
]
FROZEN = [ProvisionStatus(claim=CLAIM), ProvisionStatus(phase=Phase.DEPLOY_SUCCEEDED_NO_ID)]


def condition(kind: str, status: str) -> Condition:
    return Condition.model_validate(
        {"type": kind, "status": status, "lastTransitionTime": THEN, "reason": "DeployRejected", "message": ""}
    )


STALLED = ProvisionStatus(phase=Phase.DEPLOY_FAILED, conditions=(condition("Stalled", "True"),))
OPEN = [
    ProvisionStatus(),
    ProvisionStatus(phase=Phase.DEPLOY_FAILED),
    ProvisionStatus(phase=Phase.DEPLOY_FAILED, conditions=(condition("Ready", "False"),)),
    ProvisionStatus(conditions=(condition("Stalled", "False"),)),
]

SAME, OLDER, NEWER = ("cs_m", 1000), [("cs_z", 999), ("cs_a", 1000)], [("cs_a", 1001), ("cs_z", 1000)]


def existing(
    status: ProvisionStatus,
    recorded: tuple[str, int | str] | None = None,
    managers: tuple[ManagedFields, ...] = OURS,
    *,
    deleted: bool = False,
) -> PdsProvision:
    annotations = {"other": "kept"}
    if recorded:
        annotations |= {CHECKOUT_SESSION_ANNOTATION: recorded[0], CHECKOUT_CREATED_ANNOTATION: str(recorded[1])}
    return PdsProvision(
        metadata=Metadata(
            name=f"pds-{USER}",
            annotations=annotations,
            managed_fields=managers,
            deletion_timestamp=THEN if deleted else None,
        ),
        spec=ProvisionSpec(user_id=USER, email="old@a.example", username="old"),
        status=status,
    )


def left(found: PdsProvision) -> tuple[Code, bool]:
    decision = decide(found, WANTED)
    assert isinstance(decision, Leave), f"expected that nothing is written, found {decision}"
    return decision.answer.code, decision.answer.double


def changed(found: PdsProvision) -> Change:
    decision = decide(found, WANTED)
    assert isinstance(decision, Change), f"expected a change, found {decision}"
    return decision


@pytest.mark.parametrize("status", [*PROVISIONED, *FROZEN, STALLED, *OPEN])
@pytest.mark.parametrize("managers", [OURS, *NOT_OURS])
def test_the_same_or_a_newer_checkout_leaves_all_as_it_is(
    status: ProvisionStatus, managers: tuple[ManagedFields, ...]
) -> None:
    assert left(existing(status, SAME, managers)) == (Code.ALREADY_ACCEPTED, False)
    for recorded in NEWER:
        assert left(existing(status, recorded, managers)) == (Code.SUPERSEDED, True)


@pytest.mark.parametrize("recorded", [None, *OLDER])
@pytest.mark.parametrize("managers", [OURS, *NOT_OURS])
def test_a_frozen_resource_is_left_and_a_refund_may_be_due(
    recorded: tuple[str, int] | None, managers: tuple[ManagedFields, ...]
) -> None:
    for status in PROVISIONED:
        assert left(existing(status, recorded, managers)) == (Code.ALREADY_PROVISIONED, True)
    for status in FROZEN:
        assert left(existing(status, recorded, managers)) == (Code.ALREADY_IN_PROGRESS, True)


@pytest.mark.parametrize("recorded", [None, *OLDER])
@pytest.mark.parametrize("status", OPEN)
def test_one_of_ours_takes_the_newer_parameters(recorded: tuple[str, int] | None, status: ProvisionStatus) -> None:
    change = changed(existing(status, recorded))
    assert (change.answer.code, change.manager) == (Code.UPDATED, MANAGER)
    assert change.spec == {"email": "alice@a.example", "username": "alice", "hostname": None, "disksizeGb": 20}
    assert change.annotations == {
        CHECKOUT_SESSION_ANNOTATION: "cs_m",
        CHECKOUT_CREATED_ANNOTATION: "1000",
        CHECKOUT_PAID_ANNOTATION: "1001",
        STRIPE_EVENT_ANNOTATION: "evt_m",
    }
    assert change.answer.double is (recorded is not None)


@pytest.mark.parametrize("recorded", [None, *OLDER])
def test_one_of_ours_that_failed_for_good_is_asked_to_retry_as_well(recorded: tuple[str, int] | None) -> None:
    change = changed(existing(STALLED, recorded))
    assert (change.answer.code, change.annotations[RETRY_ANNOTATION]) == (Code.UPDATED, "cs_m")
    assert change.spec["username"] == "alice"


@pytest.mark.parametrize("recorded", [None, *OLDER])
@pytest.mark.parametrize("managers", NOT_OURS)
@pytest.mark.parametrize("status", [STALLED, *OPEN])
def test_one_that_somebody_else_made_keeps_its_spec(
    recorded: tuple[str, int] | None, managers: tuple[ManagedFields, ...], status: ProvisionStatus
) -> None:
    change = changed(existing(status, recorded, managers))
    assert (change.answer.code, change.manager, change.spec) == (Code.RETRY_REQUESTED, GUEST_MANAGER, {})
    assert change.annotations == {**WANTED.annotations(), RETRY_ANNOTATION: "cs_m"}


@pytest.mark.parametrize("recorded", [None, SAME, *OLDER, *NEWER])
@pytest.mark.parametrize("managers", [OURS, *NOT_OURS])
def test_one_that_is_being_deleted_settles_no_checkout(
    recorded: tuple[str, int] | None, managers: tuple[ManagedFields, ...]
) -> None:
    for status in (*PROVISIONED, *FROZEN, STALLED, *OPEN):
        found = existing(status, recorded, managers, deleted=True)
        assert left(found) == (Code.RESOURCE_BEING_DELETED, False), status


@pytest.mark.parametrize("created", ["", "soon", "-5", "9" * 400, "١٢"])
def test_an_unreadable_recorded_time_counts_as_the_oldest(created: str) -> None:
    assert changed(existing(ProvisionStatus(), ("cs_z", created))).answer.code is Code.UPDATED


def test_whichever_of_two_arrives_first_the_same_one_is_newer() -> None:
    sessions = [("cs_a", 1000), ("cs_b", 1000), ("cs_a", 1001), ("cs_z", 999)]
    for one, other in itertools.permutations(sessions, 2):
        if one[0] == other[0]:
            continue
        first = decide(existing(ProvisionStatus(), one), Wanted(WANTED.parameters, *other, "evt_other", 1001))
        second = decide(existing(ProvisionStatus(), other), Wanted(WANTED.parameters, *one, "evt_one", 1001))
        assert {first.answer.code, second.answer.code} == {Code.UPDATED, Code.SUPERSEDED}, (one, other)
