"""The page on which a customer pays at the stand-in for Stripe, and the event that the webhook hears of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import stripe
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_stack.stripe import Endpoint, StripeSimulator

from .test_stripe_creation import ORDER, create

# The library hands httpx a form in a way that httpx is giving up.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")

SECRET = "whsec_of_a_test"


@dataclass
class Listener:
    """A webhook that verifies what it gets, and answers as it is told: the statuses in their order, then 200."""

    statuses: list[int] = field(default_factory=list)
    received: list[stripe.Event] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        payload = await request.read()
        self.received.append(stripe.Webhook.construct_event(payload, request.headers["Stripe-Signature"], SECRET))
        await self.hold.wait()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
async def listener(simulator: StripeSimulator) -> AsyncIterator[Listener]:
    listener = Listener()
    listener.hold.set()
    app = web.Application()
    app.router.add_post("/api/webhooks", listener.handle)
    async with TestServer(app) as server:
        simulator.webhook.endpoint = Endpoint(str(server.make_url("/api/webhooks")), SECRET)
        yield listener
        listener.hold.set()
        await simulator.webhook.stop()


@pytest.fixture
async def customer() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=20) as http:
        yield http


async def page_of(client: stripe.StripeClient, **changes: Any) -> tuple[str, str]:
    """A new session's id, and the address of its page."""
    session = await create(client, **changes)
    assert session.url is not None
    return session.id, session.url


async def taken(simulator: StripeSimulator) -> None:
    """Wait until the first event is delivered."""
    async with asyncio.timeout(10):
        while not simulator.webhook.deliveries[0].taken:  # noqa: ASYNC110 - the stand-in tells nobody of it
            await asyncio.sleep(0.01)


async def test_the_page_sums_up_and_leads_back(client: stripe.StripeClient, customer: httpx.AsyncClient) -> None:
    _, url = await page_of(client)

    answer = await customer.get(url)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for text in ("price_plus", "alice@example.com", ">Pay</button>", f'<a href="{ORDER["cancel_url"]}">Cancel</a>'):
        assert text in answer.text


async def test_nothing_that_was_sent_is_markup(client: stripe.StripeClient, customer: httpx.AsyncClient) -> None:
    _, url = await page_of(
        client,
        metadata={"pds_username": "<script>alert(1)</script>"},
        cancel_url='http://localhost/"><script>alert(2)</script>',
    )

    assert "<script" not in (await customer.get(url)).text


async def test_paying_tells_the_webhook_and_sends_the_customer_on(
    client: stripe.StripeClient, customer: httpx.AsyncClient, listener: Listener
) -> None:
    session_id, url = await page_of(client, success_url="http://localhost:4000/?session={CHECKOUT_SESSION_ID}&a=b")

    answer = await customer.post(url)

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"http://localhost:4000/?session={session_id}&a=b"
    (event,) = listener.received
    told = event.data.object.to_dict()
    assert (event.type, event.livemode, told["id"]) == ("checkout.session.completed", False, session_id)
    assert (told["status"], told["payment_status"], told["url"]) == ("complete", "paid", None)
    assert told["metadata"] == {key: value for key, value in ORDER["metadata"].items() if value}
    assert told["customer_details"]["email"] == "alice@example.com"
    assert told["customer"].startswith("cus_")
    assert told["subscription"].startswith("sub_")
    (listed,) = (
        await client.v1.checkout.sessions.list_async({"status": "complete", "expand": ["data.subscription"]})
    ).data
    assert listed.id == session_id
    assert isinstance(listed.subscription, stripe.Subscription)
    assert (listed.subscription.id, listed.subscription.status) == (told["subscription"], "active")
    assert listed.subscription.metadata.to_dict() == ORDER["subscription_data"]["metadata"]


async def test_nobody_pays_twice(client: stripe.StripeClient, customer: httpx.AsyncClient, listener: Listener) -> None:
    _, url = await page_of(client)

    answers = await asyncio.gather(customer.post(url), customer.post(url))

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert (await customer.get(url)).status_code == 410
    assert len(listener.received) == 1


async def test_a_customer_who_is_known_stays_the_same(
    client: stripe.StripeClient, customer: httpx.AsyncClient, listener: Listener
) -> None:
    await customer.post((await page_of(client))[1])
    known = listener.received[0].data.object.to_dict()["customer"]

    await customer.post((await page_of(client, customer=known, customer_email=None))[1])

    second = listener.received[1].data.object.to_dict()
    assert (second["customer"], second["customer_details"]["email"]) == (known, "alice@example.com")


async def test_an_event_comes_again_until_it_is_taken(
    client: stripe.StripeClient, customer: httpx.AsyncClient, simulator: StripeSimulator, listener: Listener, base: str
) -> None:
    listener.statuses = [503, 307]
    session_id, url = await page_of(client)

    assert (await customer.post(url)).status_code == 303, "the customer does not wait for that"
    await taken(simulator)
    assert [event.id for event in listener.received] == [listener.received[0].id] * 3
    shown = await customer.get(f"{base}/_control/deliveries", params={"session": session_id})
    assert [(one["statuses"], one["taken"]) for one in shown.json()] == [([503, 307, 200], True)]
    assert (await customer.get(f"{base}/_control/deliveries", params={"session": "cs_other"})).json() == []


async def test_the_customer_waits_for_a_slow_webhook_but_not_for_ever(
    client: stripe.StripeClient, customer: httpx.AsyncClient, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pds_stack.stripe.checkout.PATIENCE_SECONDS", 0.3)
    listener.hold.clear()
    _, url = await page_of(client)

    begun = time.monotonic()
    answer = await customer.post(url)

    assert answer.status_code == 303
    assert time.monotonic() - begun >= 0.3
    assert len(listener.received) == 1


async def test_nobody_there_is_tried_again(
    client: stripe.StripeClient, customer: httpx.AsyncClient, simulator: StripeSimulator, listener: Listener
) -> None:
    working = simulator.webhook.endpoint
    simulator.webhook.endpoint = Endpoint("http://127.0.0.1:1/", SECRET)
    _, url = await page_of(client)
    assert (await customer.post(url)).status_code == 303

    simulator.webhook.endpoint = working

    await taken(simulator)
    assert simulator.webhook.deliveries[0].statuses == [None, 200]
    assert len(listener.received) == 1


async def test_without_a_webhook_paying_still_completes(
    client: stripe.StripeClient, customer: httpx.AsyncClient
) -> None:
    session_id, url = await page_of(client)

    assert (await customer.post(url)).status_code == 303
    assert (await client.v1.checkout.sessions.retrieve_async(session_id)).payment_status == "paid"


async def test_what_has_expired_is_not_paid(
    client: stripe.StripeClient, customer: httpx.AsyncClient, simulator: StripeSimulator, listener: Listener
) -> None:
    session_id, url = await page_of(client)
    simulator.put({**simulator.session(session_id), "expires_at": 1_700_000_000})

    assert (await customer.get(url)).status_code == 410
    assert (await customer.post(url)).status_code == 409
    assert (await client.v1.checkout.sessions.retrieve_async(session_id)).status == "expired"
    assert listener.received == []


async def test_the_endpoint_is_changed_over_http(
    client: stripe.StripeClient, customer: httpx.AsyncClient, simulator: StripeSimulator, listener: Listener, base: str
) -> None:
    assert simulator.webhook.endpoint is not None
    body = {"url": simulator.webhook.endpoint.url, "secret": SECRET}
    assert (await customer.delete(f"{base}/_control/webhook")).status_code == 204
    await customer.post((await page_of(client))[1])
    assert listener.received == []

    assert (await customer.put(f"{base}/_control/webhook", json=body)).status_code == 204
    await customer.post((await page_of(client))[1])
    assert len(listener.received) == 1
    assert (await customer.put(f"{base}/_control/webhook", json={"url": "x", "secret": ""})).status_code == 400
