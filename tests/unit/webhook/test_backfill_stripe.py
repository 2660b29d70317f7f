"""The client of Stripe's sessions: what it asks, and in which of our errors each failure of Stripe's ends."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from pds_clients.stripe import CheckoutSessions
from pds_contract.errors import CredentialsRejected, DependencyError, Refused, TryLater
from pds_stack.events import checkout_event
from pds_stack.stripe import Fault, StripeSimulator, create_app

KEY = "sk_test_of_the_tests"
CREATED = 1_790_000_000


def session(number: int, created: int = CREATED) -> dict[str, Any]:
    made: dict[str, Any] = checkout_event(
        session_id=f"cs_test_{number}", created=created, email="customer@a.example", subscription_id=f"sub_{number}"
    )
    return {**made["data"]["object"]}


@pytest.fixture
async def simulator() -> StripeSimulator:
    return StripeSimulator(KEY)


@pytest.fixture
async def base(simulator: StripeSimulator) -> AsyncIterator[str]:
    async with TestServer(create_app(simulator)) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
async def sessions(base: str) -> AsyncIterator[CheckoutSessions]:
    async with CheckoutSessions(base, lambda: KEY) as client:
        yield client


async def failure(sessions: CheckoutSessions) -> DependencyError:
    with pytest.raises(DependencyError) as raised:
        await sessions.completed(created_from=0, created_to=None, after=None)
    assert raised.value.dependency == "stripe"
    assert KEY not in str(raised.value)
    return raised.value


async def test_pages_of_completed_sessions_come_with_their_subscriptions(
    sessions: CheckoutSessions, simulator: StripeSimulator
) -> None:
    for number in range(101):
        simulator.put(session(number, CREATED + number), "past_due")
    simulator.put(session(200, CREATED - 1))
    simulator.put(session(201, CREATED + 101))
    simulator.put({**session(202), "status": "open"})

    first = await sessions.completed(created_from=CREATED, created_to=CREATED + 100, after=None)
    assert (len(first.sessions), first.has_more) == (100, True)
    assert first.sessions[0]["id"] == "cs_test_100"
    assert first.sessions[0]["subscription"]["status"] == "past_due"
    assert "customer@a.example" not in repr(first)
    rest = await sessions.completed(created_from=CREATED, created_to=CREATED + 100, after=first.sessions[-1]["id"])
    assert ([found["id"] for found in rest.sessions], rest.has_more) == (["cs_test_0"], False)


async def test_no_session_is_an_empty_page(sessions: CheckoutSessions) -> None:
    page = await sessions.completed(created_from=0, created_to=None, after=None)
    assert (list(page.sessions), page.has_more) == ([], False)


async def test_what_fails_once_is_repeated_by_stripes_client(
    sessions: CheckoutSessions, simulator: StripeSimulator
) -> None:
    simulator.faults.add(Fault(status=500))
    simulator.faults.add(Fault(cut=True))
    page = await sessions.completed(created_from=0, created_to=None, after=None)
    assert (list(page.sessions), len(simulator.asked)) == ([], 3)


async def test_a_rate_limit_is_told_with_the_time_to_wait(
    sessions: CheckoutSessions, simulator: StripeSimulator
) -> None:
    simulator.faults.add(Fault(status=429, headers={"Retry-After": "7"}))
    limited = await failure(sessions)
    assert isinstance(limited, TryLater)
    assert (limited.status, limited.retry_after, len(simulator.asked)) == (429, 7.0, 1)
    assert "request req_00000000000001" in str(limited), "by which Stripe's support finds it"


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault(times=None, status=500), 500),
        (Fault(times=None, status=503, body="<h1>maintenance</h1>"), 503),
        (Fault(status=429, body="<h1>slower</h1>"), 429),
        (Fault(times=None, cut=True), None),
        (Fault(status=200, body="<h1>a proxy's page</h1>"), 200),
    ],
)
async def test_no_usable_answer_may_work_later(
    sessions: CheckoutSessions, simulator: StripeSimulator, fault: Fault, status: int | None
) -> None:
    simulator.faults.add(fault)
    later = await failure(sessions)
    assert type(later) is TryLater
    assert later.status == status


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "null",
        '"text"',
        "{}",
        '{"object": "list"}',
        '{"object": "list", "data": []}',
        '{"object": "list", "data": [], "has_more": true}',
        '{"object": "list", "data": [], "has_more": "no"}',
        '{"object": "list", "data": {}, "has_more": false}',
        '{"object": "list", "data": [1], "has_more": false}',
        '{"object": "list", "data": [{"id": "cs_1"}], "has_more": false}',
        '{"object": "list", "data": [{"id": "cs_1", "created": 1e99}], "has_more": false}',
        '{"object": "list", "data": [{"id": 1, "created": 1}], "has_more": false}',
        "[" * 100_000,
    ],
)
async def test_json_that_is_no_list_of_sessions_may_be_one_later(
    sessions: CheckoutSessions, simulator: StripeSimulator, body: str
) -> None:
    simulator.faults.add(Fault(status=200, body=body))
    assert type(await failure(sessions)) is TryLater


async def test_nobody_there_may_be_there_later(closed_port: int) -> None:
    async with CheckoutSessions(f"http://127.0.0.1:{closed_port}", lambda: KEY) as sessions:
        assert type(await failure(sessions)) is TryLater


async def test_a_key_that_stripe_does_not_know_is_told_apart(base: str) -> None:
    async with CheckoutSessions(base, lambda: "sk_test_guessed") as sessions:
        unknown = await failure(sessions)
    assert isinstance(unknown, CredentialsRejected)
    assert "STRIPE_SECRET_KEY" in str(unknown)
    assert "guessed" not in str(unknown)


async def test_a_key_that_may_not_read_says_what_it_needs(
    sessions: CheckoutSessions, simulator: StripeSimulator
) -> None:
    simulator.faults.add(Fault(status=403))
    forbidden = await failure(sessions)
    assert type(forbidden) is Refused
    assert "may read Checkout Sessions and Subscriptions" in str(forbidden)


async def test_another_refusal_is_final(sessions: CheckoutSessions) -> None:
    with pytest.raises(Refused, match="refused the list of sessions with 400"):
        await sessions.completed(created_from=0, created_to=None, after="cs_test_of_nobody")
