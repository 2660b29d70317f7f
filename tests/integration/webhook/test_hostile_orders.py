"""Events in any order, while resources are deployed, edited and deleted: no paid checkout is answered 2xx in vain."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given

from pds_clients.kubernetes import KubernetesApi
from pds_contract.resource import CHECKOUT_CREATED_ANNOTATION, CHECKOUT_SESSION_ANNOTATION, PdsProvision
from pds_stack.events import checkout_event
from stages import hostile
from stages.hostile_corpus import examples, remembered
from stages.orders import SESSIONS, Resource, Step, orders

from .conftest import CREATED, Open, Webhook

CORPUS = examples("orders")
COMING = ("completed", "async_payment_succeeded")
FROZEN_CODES = {"already_provisioned", "already_in_progress"}
UNDER_DELETION = (503, "resource_being_deleted")


@pytest.fixture
def new_resource(api: KubernetesApi, namespace: str, new_user: Callable[[], str]) -> Callable[[], Resource]:
    def make() -> Resource:
        user_id = new_user()
        return Resource(api, namespace, user_id, f"{user_id}@users.example")

    return make


def event_of(resource: Resource, session: int, event_type: str, status: str) -> dict[str, Any]:
    """An event of one of the user's checkouts; two of them were created in the same second."""
    return checkout_event(
        user_id=resource.user_id,
        email=resource.email,
        session_id=f"cs_test_{session}",
        created=CREATED + session // 2,
        disksize_gb=str(10 + session),
        event_type=f"checkout.session.{event_type}",
        payment_status=status,
    )


def recorded(now: PdsProvision) -> tuple[int, str]:
    notes = now.metadata.annotations
    created = notes.get(CHECKOUT_CREATED_ANNOTATION, "")
    return (int(created) if created.isdecimal() else 0, notes.get(CHECKOUT_SESSION_ANNOTATION, ""))


async def deliver(webhook: Webhook, resource: Resource, session: int, event_type: str, status: str) -> None:
    """Deliver an event and see that its answer is true."""
    before = await resource.read()
    answer = await webhook.deliver(event_of(resource, session, event_type, status))
    now = await resource.read()
    if event_type not in COMING or status == "unpaid":
        assert answer in {(200, "ignored"), (200, "payment_pending")}, answer
        assert now == before, "not paid, and yet something was written"
        return
    if before is not None and before.metadata.deletion_timestamp is not None:
        assert answer == UNDER_DELETION
        return
    code = answer[1]
    assert answer[0] == 200, answer
    assert now is not None, f"{code}, but nothing is in etcd"
    mine = (CREATED + session // 2, f"cs_test_{session}")
    if code in FROZEN_CODES:
        assert now.status.frozen, code
    elif code == "superseded":
        assert recorded(now) > mine
    else:
        assert recorded(now) == mine, code
    if code in {"accepted", "updated"}:
        assert now.spec.disksize_gb == 10 + session
    if code in {"already_accepted", "superseded", *FROZEN_CODES}:
        assert now == before, f"{code}, and yet something was written"


async def walk(webhook: Webhook, new_resource: Callable[[], Resource], steps: list[Step]) -> None:
    users: dict[int, Resource] = {}
    with remembered("orders", steps):
        for kind, user, *rest in steps:
            resource = users.setdefault(user, new_resource())
            if kind == "event":
                await deliver(webhook, resource, *rest)
            else:
                await resource.happen(*rest)
        for resource in users.values():
            await resource.happen("let go")  # so that the namespace can be deleted


@hostile.times(40)
@given(steps=orders())
@example(steps=[["event", 0, session, "completed", "paid"] for session in (2, 0, 1, 2, 1)])
async def test_a_paid_checkout_is_answered_2xx_only_once_it_is_in_etcd(
    open_webhook: Open, namespace: str, new_resource: Callable[[], Resource], steps: list[Step]
) -> None:
    async with open_webhook(namespace=namespace) as webhook:
        await walk(webhook, new_resource, steps)


@pytest.mark.parametrize("text", [path.read_text() for path in CORPUS], ids=[path.stem for path in CORPUS])
async def test_the_corpus_of_orders(
    open_webhook: Open, namespace: str, new_resource: Callable[[], Resource], text: str
) -> None:
    async with open_webhook(namespace=namespace) as webhook:
        await walk(webhook, new_resource, json.loads(text))


async def test_whatever_the_order_the_newest_paid_checkout_counts_in_the_end(
    open_webhook: Open, namespace: str, new_resource: Callable[[], Resource]
) -> None:
    async with open_webhook(namespace=namespace) as webhook:
        for order in itertools.permutations(range(SESSIONS)):
            resource = new_resource()
            for session in order:
                await deliver(webhook, resource, session, "completed", "paid")
            now = await resource.read()
            assert now is not None
            assert now.spec.disksize_gb == 10 + SESSIONS - 1, order
