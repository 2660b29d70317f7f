"""Checkouts of a user who has a resource already: from another checkout, or made by somebody else."""

from typing import Any

import pytest

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_contract.resource import (
    CHECKOUT_CREATED_ANNOTATION,
    CHECKOUT_SESSION_ANNOTATION,
    RETRY_ANNOTATION,
    PdsProvision,
)

from .conftest import CREATED, Customer, Webhook, path_of

CLAIM = {
    "id": "c",
    "attempt": 1,
    "hostname": "alice.eny.k8s.frx.pub",
    "startTime": "2026-11-01T00:00:00Z",
    "durationSeconds": 1,
    "timeoutSeconds": 1,
}
STALLED = {
    "phase": "deploy_failed",
    "conditions": [
        {
            "type": "Stalled",
            "status": "True",
            "lastTransitionTime": "2026-11-01T00:00:00Z",
            "reason": "DeployRejected",
            "message": "the backend refused it",
        }
    ],
}
PROVISIONED = {"serviceId": 800, "phase": "provisioning"}
FIRST = {"session_id": "cs_test_f", "username": "first", "hostname": "first.example.org"}
NEXT = {"session_id": "cs_test_n", "username": "next", "disksize_gb": "20", "created": CREATED + 60}


async def accepted(webhook: Webhook, customer: Customer) -> PdsProvision:
    assert await webhook.deliver(customer.checkout(**FIRST)) == (200, "accepted")
    return await customer.resource()


async def with_status(customer: Customer, resource: PdsProvision, status: dict[str, Any]) -> PdsProvision:
    return await customer.provisions.patch_status(customer.name, resource.metadata.resource_version, status)


async def made_by_hand(customer: Customer) -> PdsProvision:
    return await customer.provisions.create(
        customer.name, {"userId": customer.id, "email": customer.email, "username": "by-hand"}, {}
    )


def sessions(resource: PdsProvision) -> tuple[str | None, str | None, str | None]:
    annotations = resource.metadata.annotations
    return (
        annotations.get(CHECKOUT_SESSION_ANNOTATION),
        annotations.get(CHECKOUT_CREATED_ANNOTATION),
        annotations.get(RETRY_ANNOTATION),
    )


@pytest.mark.parametrize("status", [{}, STALLED, {"claim": CLAIM}, PROVISIONED])
async def test_a_repeated_delivery_writes_nothing(webhook: Webhook, customer: Customer, status: dict[str, Any]) -> None:
    before = await accepted(webhook, customer)
    if status:
        before = await with_status(customer, before, status)
    assert await webhook.deliver(customer.checkout(**FIRST)) == (200, "already_accepted")
    other_event = customer.checkout(**FIRST, event_type="checkout.session.async_payment_succeeded")
    assert await webhook.deliver(other_event) == (200, "already_accepted")
    assert (await customer.resource()).metadata.resource_version == before.metadata.resource_version
    assert len(customer.rows()) == 1


@pytest.mark.parametrize("older", [{"created": CREATED - 1}, {"session_id": "cs_test_a"}])
async def test_an_older_checkout_writes_nothing(webhook: Webhook, customer: Customer, older: dict[str, Any]) -> None:
    before = await with_status(customer, await accepted(webhook, customer), STALLED)
    event = customer.checkout(**{"session_id": "cs_test_z", "username": "older", **older})
    assert await webhook.deliver(event) == (200, "superseded")
    assert (await customer.resource()).metadata.resource_version == before.metadata.resource_version
    assert [row["checkout_session_id"] for row in customer.rows()] == ["cs_test_f"]
    assert webhook.doubles("superseded") == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (PROVISIONED, "already_provisioned"),
        ({**PROVISIONED, "claim": CLAIM}, "already_provisioned"),
        ({"claim": CLAIM}, "already_in_progress"),
        ({"phase": "deploy_succeeded_no_id"}, "already_in_progress"),
    ],
)
@pytest.mark.parametrize("by_hand", [True, False])
async def test_a_newer_checkout_changes_nothing_of_a_frozen_resource(
    webhook: Webhook, customer: Customer, status: dict[str, Any], code: str, *, by_hand: bool
) -> None:
    made = await made_by_hand(customer) if by_hand else await accepted(webhook, customer)
    before = await with_status(customer, made, status)
    assert await webhook.deliver(customer.checkout(**NEXT)) == (200, code)
    assert (await customer.resource()).metadata.resource_version == before.metadata.resource_version
    assert webhook.doubles(code) == 1
    assert [row["checkout_session_id"] for row in customer.rows()] == ["cs_test_n"]


async def test_a_newer_checkout_changes_what_is_not_deployed_yet(webhook: Webhook, customer: Customer) -> None:
    await accepted(webhook, customer)
    assert await webhook.deliver(customer.checkout(**NEXT)) == (200, "updated")
    now = await customer.resource()
    assert (now.spec.username, now.spec.hostname, now.spec.disksize_gb) == ("next", None, 20)
    assert sessions(now) == ("cs_test_n", str(CREATED + 60), None)
    assert await webhook.deliver(customer.checkout(**FIRST)) == (200, "superseded")
    assert await webhook.deliver(customer.checkout(**NEXT)) == (200, "already_accepted")
    assert (await customer.resource()).metadata.resource_version == now.metadata.resource_version


async def test_a_newer_checkout_retries_what_failed_for_good(webhook: Webhook, customer: Customer) -> None:
    await with_status(customer, await accepted(webhook, customer), STALLED)
    assert await webhook.deliver(customer.checkout(**NEXT)) == (200, "updated")
    now = await customer.resource()
    assert (now.spec.username, now.spec.hostname, now.retry) == ("next", None, "cs_test_n")
    assert sessions(now) == ("cs_test_n", str(CREATED + 60), "cs_test_n")


async def test_what_an_admin_set_beside_the_parameters_stays(
    webhook: Webhook, customer: Customer, operator: Provisions
) -> None:
    made = await accepted(webhook, customer)
    await operator.patch(
        customer.name, made.metadata.resource_version, spec={"suspend": True}, annotations={"note": "mine"}
    )
    assert await webhook.deliver(customer.checkout(**NEXT)) == (200, "updated")
    now = await customer.resource()
    assert (now.spec.suspend, now.metadata.annotations["note"], now.spec.username) == (True, "mine", "next")


@pytest.mark.parametrize("status", [{}, STALLED])
async def test_a_checkout_never_changes_the_spec_of_what_somebody_else_made(
    webhook: Webhook, customer: Customer, status: dict[str, Any]
) -> None:
    made = await made_by_hand(customer)
    if status:
        await with_status(customer, made, status)
    assert await webhook.deliver(customer.checkout(**FIRST)) == (200, "retry_requested")
    assert sessions(await customer.resource()) == ("cs_test_f", str(CREATED), "cs_test_f")
    # The annotations are the webhook's now, the resource is not.
    assert await webhook.deliver(customer.checkout(**NEXT)) == (200, "retry_requested")
    now = await customer.resource()
    assert (now.spec, now.metadata.generation) == (made.spec, made.metadata.generation)
    assert sessions(now) == ("cs_test_n", str(CREATED + 60), "cs_test_n")


@pytest.mark.parametrize("status", [{}, {"claim": CLAIM}, PROVISIONED])
async def test_a_resource_that_is_being_deleted_takes_no_checkout(
    webhook: Webhook, customer: Customer, kubernetes: KubernetesApi, status: dict[str, Any]
) -> None:
    made = await accepted(webhook, customer)
    if status:
        await with_status(customer, made, status)
    path = path_of(made.metadata.namespace, customer.name)
    merge = "application/merge-patch+json"
    held = {"metadata": {"finalizers": ["tests.example/hold"]}}
    await kubernetes.call("PATCH", path, body=held, content_type=merge)
    await kubernetes.call("DELETE", path)
    for checkout in (FIRST, NEXT):
        assert await webhook.deliver(customer.checkout(**checkout)) == (503, "resource_being_deleted")
    await kubernetes.call("PATCH", path, body={"metadata": {"finalizers": None}}, content_type=merge)
    assert await webhook.deliver(customer.checkout(**NEXT)) == (200, "accepted")
    assert (await customer.resource()).spec.username == "next"
