"""The PdsProvision as a model: what is read of it, and what follows."""

from typing import Any

import pytest
from pydantic import ValidationError

from pds_contract.phase import Phase
from pds_contract.resource import (
    RETRY_ANNOTATION,
    STRIPE_EVENT_ANNOTATION,
    UNOBSERVED,
    PdsProvision,
    provision_name,
)

USER = "0a1b2c3d-4e5f-4000-8000-000000000001"
CLAIM: dict[str, Any] = {
    "id": "c1",
    "attempt": 1,
    "hostname": "alice.example.org",
    "startTime": "2026-05-01T12:00:00Z",
    "durationSeconds": 15,
    "timeoutSeconds": 60.5,
}
CONDITION: dict[str, Any] = {
    "type": "Ready",
    "status": "True",
    "lastTransitionTime": "2026-05-01T12:00:00Z",
    "reason": "Running",
    "message": "",
}


def provision(
    status: dict[str, Any] | None = None, annotations: dict[str, str] | None = None, generation: int = 1, **spec: object
) -> PdsProvision:
    return PdsProvision.model_validate(
        {
            "metadata": {
                "name": provision_name(USER),
                "resourceVersion": "7",
                "generation": generation,
                "annotations": annotations or {},
            },
            "spec": {"userId": USER, "email": "alice@a.example", **spec},
            **({} if status is None else {"status": status}),
        }
    )


def test_the_name_is_the_user_s() -> None:
    assert provision_name(USER) == f"pds-{USER}"


def test_a_fresh_resource_has_the_crd_s_defaults() -> None:
    fresh = provision()
    assert (fresh.spec.disksize_gb, fresh.spec.suspend, fresh.spec.username, fresh.spec.hostname) == (
        10,
        False,
        None,
        None,
    )
    assert fresh.status.observed_generation == UNOBSERVED == -1
    assert (fresh.status.attempts, fresh.status.phase, fresh.status.conditions) == (0, None, ())


def test_what_is_written_on_the_wire_is_read_back() -> None:
    status = {"claim": CLAIM, "conditions": [CONDITION], "phase": "deploy_failed", "serviceId": 2**63 - 1}
    read = provision(status)
    written = read.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert written["status"]["claim"] == {**CLAIM, "hostnameAbsent": False}
    assert written["metadata"]["resourceVersion"] == "7"
    assert PdsProvision.model_validate(written) == read


@pytest.mark.parametrize(
    ("status", "frozen"),
    [
        (None, False),
        ({}, False),
        ({"phase": "provisioning"}, False),
        ({"phase": "deploy_failed"}, False),
        ({"phase": "deploy_succeeded_no_id"}, True),
        ({"serviceId": 800}, True),
        ({"claim": CLAIM}, True),
        ({"claim": {**CLAIM, "outcome": "Unknown"}}, True),
        ({"claim": CLAIM, "serviceId": 800, "phase": "provisioning"}, True),
        ({"hostname": "alice.example.org", "attempts": 3, "conditions": [CONDITION]}, False),
    ],
)
def test_when_it_is_frozen(status: dict[str, Any] | None, *, frozen: bool) -> None:
    assert provision(status).status.frozen is frozen


@pytest.mark.parametrize(
    ("annotation", "handled", "retry"),
    [
        (None, None, None),
        ("", None, None),
        ("1", None, "1"),
        ("1", "1", None),
        ("2", "1", "2"),
        ("", "1", None),
        (None, "1", None),
        ("x" * 2000, None, "x" * 2000),
        ("x" * 2000, "x" * 1024, None),
    ],
)
def test_a_retry_is_any_value_that_was_not_handled(
    annotation: str | None, handled: str | None, retry: str | None
) -> None:
    asked = provision(
        {} if handled is None else {"lastHandledRetry": handled},
        {} if annotation is None else {RETRY_ANNOTATION: annotation},
    )
    assert asked.retry == retry


@pytest.mark.parametrize(("observed", "generation", "edited"), [(-1, 1, True), (1, 1, False), (1, 2, True)])
def test_it_is_edited_while_its_generation_was_not_decided_on(observed: int, generation: int, *, edited: bool) -> None:
    assert provision({"observedGeneration": observed}, generation=generation).edited is edited


def test_a_condition_is_found_by_its_type() -> None:
    ready = provision({"conditions": [CONDITION]}).status.condition("Ready")
    assert ready is not None
    assert (ready.status, ready.reason) == ("True", "Running")
    assert provision().status.condition("Ready") is None


def test_a_field_of_a_newer_version_is_no_error() -> None:
    newer = provision({"phase": "provisioning", "region": "north"}, colour="blue")
    assert newer.status.phase is Phase.PROVISIONING


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "zqxj"),
        ("email", "zqxj@a b"),
        ("username", "Zqxj-zqxj"),
        ("hostname", "zqxj"),
        ("userId", "zqxj"),
        ("disksizeGb", "zqxj"),
    ],
)
def test_an_unusable_value_is_never_quoted(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        provision(**{field: value})
    assert field in str(caught.value)
    assert "qxj" not in str(caught.value)


def test_it_cannot_be_changed_in_place() -> None:
    fresh = provision()
    with pytest.raises(ValidationError, match="frozen"):
        fresh.spec.email = "other@a.example"  # type: ignore[misc]  # what mypy sees, too


@pytest.mark.parametrize("event_id", ["evt_1CXtVRYLHsmwfzX4mSdioxXB", "cs_test_wUbL3fE4ZFoWvmqQWgMT"])
def test_the_event_s_id_is_known_by_its_shape(event_id: str) -> None:
    assert provision(annotations={STRIPE_EVENT_ANNOTATION: event_id}).event_id == event_id


@pytest.mark.parametrize(
    "other", ["", "evt_", "sub_1", "evt_1 ", "evt_1\n", 'evt_1"', "evt_\N{KELVIN SIGN}", "evt_" + "a" * 129]
)
def test_what_has_another_shape_is_no_event_s_id(other: str) -> None:
    assert provision(annotations={STRIPE_EVENT_ANNOTATION: other}).event_id is None
    assert provision().event_id is None


@pytest.mark.parametrize(("status", "holds"), [("True", True), ("False", False), ("Unknown", False)])
def test_a_condition_holds_where_it_is_true(status: str, *, holds: bool) -> None:
    assert provision({"conditions": [{**CONDITION, "status": status}]}).status.holds("Ready") is holds
    assert not provision({"conditions": [CONDITION]}).status.holds("Stalled")
