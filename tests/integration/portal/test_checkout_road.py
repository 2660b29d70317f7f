"""A checkout from the form to etcd: the session that the portal makes, paid on Stripe's page, provisions through the
webhook with no parameter changed on the way."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_clients.stripe_exchange import NETWORK_RETRIES
from pds_clients.supabase import Supabase
from pds_contract.names import HostnameRules
from pds_contract.resource import provision_name
from pds_runtime.public.drain import UnderWay
from pds_stack.faults import Fault
from pds_stack.stripe import Endpoint, StripeSimulator
from pds_webhook.intake import Intake
from pds_webhook.metrics import Metrics
from pds_webhook.provisioning import Provisioning
from pds_webhook.routes import PATH, public_app
from stages.checkout_stage import RESERVED, CheckoutStage, checkout_stage
from stages.portal_stage import Customer

SECRET = "whsec_of_the_tests"
NONCE = "n" * 22


@dataclass(frozen=True)
class Road:
    """The portal's checkouts, Stripe's page, and the webhook behind it."""

    shop: CheckoutStage
    provisions: Provisions
    browser: httpx.AsyncClient

    @property
    def stripe(self) -> StripeSimulator:
        return self.shop.portal.stripe

    def session(self, url: str) -> dict[str, Any]:
        return self.stripe.session(url.rpartition("/")[2])

    async def pay(self, url: str) -> httpx.Response:
        """Press the page's button."""
        return await self.browser.post(url)

    async def spec(self, customer: Customer) -> dict[str, Any]:
        """What the customer's PdsProvision asks for, as it is in etcd."""
        made = await self.provisions.get(provision_name(customer.user_id))
        return made.spec.model_dump(by_alias=True, exclude={"suspend"})


@asynccontextmanager
async def webhook(stack: Mapping[str, str], api: KubernetesApi, namespace: str) -> AsyncIterator[Endpoint]:
    """The product's webhook, on a socket."""
    async with AsyncExitStack() as closing:
        supabase = Supabase(stack["SUPABASE_URL"], lambda: stack["SUPABASE_SERVICE_ROLE_KEY"])
        intake = Intake(
            Provisioning(api, namespace),
            await closing.enter_async_context(supabase),
            HostnameRules.of(stack["PDS_BASE_DOMAIN"], [RESERVED], "127.0.0.1"),
            livemode=False,
        )
        app = public_app(intake, lambda: SECRET, Metrics(CollectorRegistry()), UnderWay())
        server = await closing.enter_async_context(TestServer(app))
        yield Endpoint(str(server.make_url(PATH)), SECRET)


@pytest.fixture
async def road(
    stack: Mapping[str, str],
    api: KubernetesApi,
    namespace: str,
    database: psycopg.Connection,
) -> AsyncIterator[Road]:
    async with AsyncExitStack() as closing:
        endpoint = await closing.enter_async_context(webhook(stack, api, namespace))
        shop = await closing.enter_async_context(checkout_stage(stack, database, endpoint))
        browser = await closing.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=60))
        yield Road(shop, Provisions(api, namespace, "test"), browser)


@pytest.fixture
def label() -> str:
    """A name that no other test has."""
    return f"t{secrets.token_hex(8)}"


@pytest.mark.parametrize(
    ("asked", "spec"),
    [
        ({}, {"username": None, "hostname": None, "disksizeGb": 10}),
        ({"plan": "large"}, {"username": None, "hostname": None, "disksizeGb": 50}),
        ({"plan": "large", "disksizeGb": "7"}, {"username": None, "hostname": None, "disksizeGb": 7}),
        (
            {"username": " {label}.B "},
            {"username": "{label}-b", "hostname": "{label}-b.eny.k8s.frx.pub", "disksizeGb": 10},
        ),
        (
            {"username": "{label}", "hostname": "HTTPS://{label}.Example.org:443/x?y", "disksizeGb": 1},
            {"username": "{label}", "hostname": "{label}.example.org", "disksizeGb": 1},
        ),
    ],
)
async def test_what_was_asked_for_is_what_is_provisioned(
    road: Road, label: str, asked: dict[str, Any], spec: dict[str, Any]
) -> None:
    customer = await road.shop.customer(label)
    named = json.loads(json.dumps([asked, spec]).replace("{label}", label))
    answer = await road.shop.checkout(customer, form_nonce=NONCE, **named[0])
    assert answer.status_code == 200, answer.text
    url = answer.json()["url"]
    assert road.session(url)["metadata"].keys() <= {
        "user_id",
        "user_email",
        "pds_username",
        "pds_hostname_base",
        "pds_disksize_gb",
    }
    paid = await road.pay(url)
    assert (paid.status_code, paid.headers["Location"]) == (303, f"{road.shop.portal.url}/dashboard?checkout=success")
    assert await road.spec(customer) == {"userId": customer.user_id, "email": customer.email, **named[1]}
    assert [delivery.statuses for delivery in road.stripe.webhook.deliveries] == [[200]]


async def test_a_subscriptions_own_events_can_be_traced(road: Road) -> None:
    customer = await road.shop.customer()
    url = (await road.shop.checkout(customer)).json()["url"]
    await road.pay(url)
    expanded = road.stripe.session(url.rpartition("/")[2], [("expand[]", "subscription")])
    assert expanded["subscription"]["metadata"] == {"user_id": customer.user_id}
    assert expanded["client_reference_id"] == customer.user_id


async def test_a_form_that_is_sent_twice_at_once_is_one_session(road: Road, label: str) -> None:
    customer = await road.shop.customer()
    answers = await asyncio.gather(*(road.shop.checkout(customer, username=label, form_nonce=NONCE) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["url"] for answer in answers}) == 1


async def test_a_session_whose_answer_was_lost_is_the_one_that_the_form_gets_when_it_is_sent_again(road: Road) -> None:
    """As where the portal dies right after Stripe has made it."""
    customer = await road.shop.customer()
    road.stripe.faults.add(Fault(method="POST", effect="before", cut=True, times=1 + NETWORK_RETRIES))
    lost = await road.shop.checkout(customer, form_nonce=NONCE)
    assert (lost.status_code, lost.headers["Retry-After"]) == (503, "60")
    (made,) = road.stripe.list_sessions([])["data"]
    again = await road.shop.checkout(customer, form_nonce=NONCE)
    assert again.json()["url"].rpartition("/")[2] == made["id"]
    assert len(road.stripe.list_sessions([])["data"]) == 1


async def test_a_form_that_was_changed_after_it_was_sent_is_refused(road: Road, label: str) -> None:
    customer = await road.shop.customer()
    assert (await road.shop.checkout(customer, form_nonce=NONCE)).status_code == 200
    changed = await road.shop.checkout(customer, username=label, form_nonce=NONCE)
    assert (changed.status_code, changed.json()["field"]) == (409, "form_nonce")


async def test_of_two_tabs_the_one_that_comes_after_the_payment_is_refused(road: Road) -> None:
    customer = await road.shop.customer()
    first = (await road.shop.checkout(customer, form_nonce=NONCE)).json()["url"]
    second = (await road.shop.checkout(customer, form_nonce="m" * 22)).json()["url"]
    assert first != second
    await road.pay(first)
    late = await road.shop.checkout(customer, form_nonce="o" * 22)
    assert late.status_code == 409
    assert "paid already" in late.json()["error"]


async def test_who_paid_is_the_same_customer_when_they_come_back(road: Road, database: psycopg.Connection) -> None:
    customer = await road.shop.customer()
    await road.pay((await road.shop.checkout(customer)).json()["url"])
    database.execute("update subscriptions set status = 'canceled' where user_id = %s", (customer.user_id,))
    url = (await road.shop.checkout(customer)).json()["url"]
    known = database.execute("select stripe_customer_id from subscriptions where user_id = %s", (customer.user_id,))
    assert (road.session(url)["customer"],) == known.fetchone()


async def test_who_turns_back_finds_the_form_again(road: Road, label: str) -> None:
    url = (await road.shop.checkout(await road.shop.customer(), plan="large", username=label)).json()["url"]
    assert road.session(url)["cancel_url"] == (
        f"{road.shop.portal.url}/dashboard?checkout=cancelled&pds_plan=large&pds_username={label}"
    )
