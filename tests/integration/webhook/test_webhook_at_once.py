"""Deliveries at the same instant, twenty rounds each: one resource, one row, and always the same winner."""

import asyncio
from collections.abc import Callable

import psycopg
import pytest

from pds_clients.kubernetes import Provisions
from pds_contract.errors import Conflict, Refused
from pds_contract.resource import CHECKOUT_SESSION_ANNOTATION

from .conftest import CREATED, Customer, Open, new_customer
from .test_webhook_next_checkout import CLAIM, accepted

ROUNDS = 20
Users = Callable[[], Customer]


@pytest.fixture
def another(new_user: Callable[[], str], operator: Provisions, database: psycopg.Connection) -> Users:
    return lambda: new_customer(new_user, operator, database)


async def test_one_event_delivered_twice_at_once_is_accepted_once(open_webhook: Open, another: Users) -> None:
    async with open_webhook() as one, open_webhook() as other:
        for _ in range(ROUNDS):
            customer = another()
            event = customer.checkout()
            answers = await asyncio.gather(one.deliver(event), other.deliver(event))
            assert sorted(answers) == [(200, "accepted"), (200, "already_accepted")]
            assert (await customer.resource()).metadata.generation == 1
            assert len(customer.rows()) == 1


async def test_of_two_checkouts_at_once_the_newer_one_stays(open_webhook: Open, another: Users) -> None:
    async with open_webhook() as one, open_webhook() as other:
        for turn in range(ROUNDS):
            customer = another()
            # Every second round they were created in the same second: the greater id is the newer.
            older = customer.checkout(username="older", session_id="cs_test_a")
            newer = customer.checkout(username="newer", session_id="cs_test_b", created=CREATED + turn % 2)
            answers = await asyncio.gather(one.deliver(older), other.deliver(newer))
            assert [status for status, _ in answers] == [200, 200], answers
            assert sorted(code for _, code in answers) in (["accepted", "superseded"], ["accepted", "updated"])
            made = await customer.resource()
            assert made.spec.username == "newer"
            assert made.metadata.annotations[CHECKOUT_SESSION_ANNOTATION] == "cs_test_b"
            assert [row["checkout_session_id"] for row in customer.rows()] == ["cs_test_b"]


async def test_a_checkout_and_a_claim_at_once_never_change_what_is_being_deployed(
    open_webhook: Open, another: Users, operator: Provisions
) -> None:
    async with open_webhook() as webhook:
        for _ in range(ROUNDS):
            customer = another()
            made = await accepted(webhook, customer)

            async def claim(customer: Customer = customer, version: str = made.metadata.resource_version) -> bool:
                try:
                    await operator.patch_status(customer.name, version, {"claim": CLAIM})
                except (Conflict, Refused):
                    return False
                return True

            newer = customer.checkout(username="newer", session_id="cs_test_z")
            claimed, answer = await asyncio.gather(claim(), webhook.deliver(newer))
            assert answer == ((200, "already_in_progress") if claimed else (200, "updated"))
            assert (await customer.resource()).spec.username == ("first" if claimed else "newer")
