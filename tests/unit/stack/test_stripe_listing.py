"""The stand-in for Stripe, asked by Stripe's own client: it has to page, filter, expand and refuse as Stripe does."""

import base64
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import stripe
from aiohttp.test_utils import TestServer

from pds_stack.events import checkout_event
from pds_stack.stripe import Fault, StripeSimulator, create_app

from .conftest import KEY

if TYPE_CHECKING:
    from stripe.params.checkout import SessionListParams

CREATED = 1_790_000_000


def session(number: int, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = checkout_event(session_id=f"cs_test_{number}", created=CREATED + number, **more)
    return {**made["data"]["object"]}


async def ids(client: stripe.StripeClient, **parameters: Any) -> list[str]:
    """The ids of all sessions that fit, from all pages."""
    wanted: SessionListParams = parameters  # type: ignore[assignment] # what Stripe refuses is asked as well
    page = await client.v1.checkout.sessions.list_async(wanted)
    return [session.id async for session in page.auto_paging_iter()]


async def test_all_pages_hold_each_session_once_from_new_to_old(
    client: stripe.StripeClient, simulator: StripeSimulator
) -> None:
    for number in (3, 1, 4, 0, 2):
        simulator.put(session(number))
    simulator.put({**session(5), "created": CREATED + 4})  # put later than the other of its second

    expected = [f"cs_test_{number}" for number in (5, 4, 3, 2, 1, 0)]
    for limit in (1, 2, 3, 6, 100):
        assert await ids(client, limit=limit) == expected, f"limit {limit}"
    assert [dict(asked.parameters) for asked in simulator.asked[:2]] == [
        {"limit": "1"},
        {"limit": "1", "starting_after": "cs_test_5"},
    ]


async def test_a_page_holds_ten_unless_told_otherwise(client: stripe.StripeClient, simulator: StripeSimulator) -> None:
    for number in range(11):
        simulator.put(session(number))
    page = await client.v1.checkout.sessions.list_async()
    assert (len(page.data), page.has_more, page.url) == (10, True, "/v1/checkout/sessions")


async def test_filters_count_before_the_pages_are_cut(client: stripe.StripeClient, simulator: StripeSimulator) -> None:
    for number in range(6):
        simulator.put({**session(number), "status": "open" if number % 2 else "complete"})

    assert await ids(client, status="complete", limit=1) == ["cs_test_4", "cs_test_2", "cs_test_0"]
    bounds: list[tuple[dict[str, int] | int, list[int]]] = [
        ({"gte": CREATED + 4}, [5, 4]),
        ({"gt": CREATED + 4}, [5]),
        ({"lte": CREATED + 1}, [1, 0]),
        ({"lt": CREATED + 1}, [0]),
        ({"gte": CREATED + 1, "lte": CREATED + 2}, [2, 1]),
        (CREATED + 3, [3]),
    ]
    for created, numbers in bounds:
        assert await ids(client, created=created) == [f"cs_test_{number}" for number in numbers], created


async def test_a_subscription_is_an_id_unless_it_is_expanded(
    client: stripe.StripeClient, simulator: StripeSimulator
) -> None:
    simulator.put(session(0, subscription_id="sub_1"), "past_due")
    simulator.put(session(1, mode="payment"))

    for_payment, plain = (await client.v1.checkout.sessions.list_async()).data
    assert (for_payment.subscription, plain.subscription) == (None, "sub_1")
    simulator.set_subscription("sub_1", "canceled")
    _, expanded = (await client.v1.checkout.sessions.list_async({"expand": ["data.subscription"]})).data
    assert isinstance(expanded.subscription, stripe.Subscription)
    assert (expanded.subscription.id, expanded.subscription.status) == ("sub_1", "canceled")


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"status": "paid"}, "status"),
        ({"created": {"gte": "yesterday"}}, "created[gte]"),
        ({"starting_after": "cs_test_of_nobody"}, "starting_after"),
        ({"payment_status": "paid"}, "payment_status"),
        ({"expand": ["data.secrets"]}, None),
    ],
)
async def test_what_stripe_refuses_is_refused(
    client: stripe.StripeClient, parameters: dict[str, Any], param: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await ids(client, **parameters)
    assert (refused.value.http_status, refused.value.param) == (400, param)


async def test_only_the_secret_key_opens(base: str) -> None:
    async with httpx.AsyncClient(base_url=base) as http:

        async def status(authorization: str) -> int:
            answer = await http.get("/v1/checkout/sessions", headers={"Authorization": authorization})
            return answer.status_code

        basic = base64.b64encode(f"{KEY}:".encode()).decode()
        assert [await status(shown) for shown in (f"Bearer {KEY}", f"Basic {basic}")] == [200, 200]
        for wrong in ("", "Bearer", "Bearer sk_test_guessed", f"Bearer {KEY}x", "Basic /w=="):
            assert await status(wrong) == 401, wrong


async def test_faults_hit_in_their_order_and_are_gone_after_their_last_time(
    client: stripe.StripeClient, simulator: StripeSimulator
) -> None:
    simulator.faults.add(Fault(after=1, status=429, headers={"Retry-After": "7"}))
    simulator.faults.add(Fault(times=2, status=500))
    simulator.faults.add(Fault(cut=True))
    simulator.faults.add(Fault(status=200, body="<h1>maintenance</h1>"))

    seen: list[str] = []
    for _ in range(7):
        try:
            await ids(client)
        except stripe.RateLimitError as error:
            seen.append(f"429 {(error.headers or {})['Retry-After']}")
        except stripe.APIConnectionError:
            seen.append("cut")
        except stripe.APIError as error:
            seen.append(str(error.http_status))
        else:
            seen.append("served")
    assert seen == ["served", "429 7", "500", "500", "cut", "200", "served"]


async def test_what_hangs_is_cut_when_it_is_stopped(simulator: StripeSimulator) -> None:
    simulator.faults.add(Fault(hang=True))
    server = TestServer(create_app(simulator))
    await server.start_server()
    http = stripe.HTTPXClient(timeout=0.3)
    client = stripe.StripeClient(KEY, base_addresses={"api": str(server.make_url("")).rstrip("/")}, http_client=http)
    with pytest.raises(stripe.APIConnectionError, match="ReadTimeout"):
        await ids(client)
    await http.close_async()  # type: ignore[no-untyped-call] # stripe annotates only part of its functions
    await server.close()


async def test_over_http_it_is_told_what_took_place(base: str, client: stripe.StripeClient) -> None:
    async with httpx.AsyncClient(base_url=f"{base}/_control") as control:
        assert (await control.get("/health")).status_code == 200
        put = await control.post("/sessions", json={"session": session(1, subscription_id="sub_1")})
        assert put.status_code == 204, put.text
        assert (await control.post("/subscriptions/sub_1", json={"status": "unpaid"})).status_code == 204
        (listed,) = (await client.v1.checkout.sessions.list_async({"expand": ["data.subscription"]})).data
        assert isinstance(listed.subscription, stripe.Subscription)
        assert (listed.id, listed.subscription.status) == ("cs_test_1", "unpaid")

        assert (await control.post("/faults", json={"status": 500, "times": None})).status_code == 204
        with pytest.raises(stripe.APIError):
            await ids(client)
        assert (await control.delete("/faults")).status_code == 204
        assert await ids(client) == ["cs_test_1"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/sessions", {"session": {"object": "event"}}, "checkout.session"),
        ("/sessions", {"session": session(1), "subscription_status": "paid"}, "incomplete_expired"),
        ("/subscriptions/sub_1", {"status": "paid"}, "incomplete_expired"),
        ("/subscriptions/sub_1", {}, "status: Field required"),
        ("/faults", {}, "exactly one of status, seconds, cut and hang"),
        ("/faults", {"cut": True, "headers": {"Retry-After": "1"}}, "belong to a fault with a status"),
    ],
)
async def test_a_mistake_is_said(base: str, path: str, body: dict[str, Any], said: str) -> None:
    async with httpx.AsyncClient(base_url=f"{base}/_control") as control:
        answer = await control.post(path, json=body)
    assert answer.status_code == 400
    assert said in answer.json()["message"]
