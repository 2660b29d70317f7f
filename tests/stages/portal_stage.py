"""The portal in the test's process, over the stack's Supabase, a simulated backend and the stack's Stripe."""

import contextlib
import secrets
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx
import psycopg
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from pds_portal.app import public_app
from pds_portal.connecting import connect
from pds_portal.portal import Portal
from pds_portal.safety.connections import ConnectionAnswers
from pds_runtime.public.drain import UnderWay
from pds_runtime.public.listening import listen
from pds_stack.backend import BackendSimulator
from pds_stack.backend import create_app as backend_app
from pds_stack.ports import free_ports
from pds_stack.stripe.app import create_app as stripe_app
from pds_stack.stripe.simulator import StripeSimulator
from pds_stack.stripe.webhook import Endpoint
from stages.cookie_client import CookieClient
from stages.portal_settings import portal_settings

TOKEN = "the-backend-token"
STRIPE_KEY = "sk_test_of_the_stage"
PRICE = "price_of_the_stage"


@dataclass(frozen=True)
class Customer:
    """A user of the project, whose e-mail is confirmed, with an access token of a session of their own."""

    user_id: str
    email: str
    password: str = field(repr=False)
    access_token: str = field(repr=False)

    @property
    def bearer(self) -> dict[str, str]:
        """The header with which a program asks for them."""
        return {"Authorization": f"Bearer {self.access_token}"}


@dataclass(frozen=True)
class PortalStage:
    """What a test acts on and looks at."""

    url: str
    portal: Portal
    registry: CollectorRegistry
    simulator: BackendSimulator
    stripe: StripeSimulator
    stripe_url: str
    database: psycopg.Connection
    stack: Mapping[str, str]
    with_service: list[str] = field(default_factory=list)
    """The users whose rows were written here, which are gone at the end."""

    def counted(self, name: str, **labels: str) -> float:
        """Return one sample of the portal's metrics, 0 where there is none."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def browser(self) -> CookieClient:
        """Return a client that keeps cookies, to be entered."""
        return CookieClient(self.url)

    async def customer(self, name: str = "customer") -> Customer:
        """Sign a new user up at Supabase Auth, without the portal."""
        email, password = f"{name}-{uuid.uuid4().hex[:12]}@users.example", secrets.token_urlsafe(16)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            answer = await client.post(
                f"{self.stack['SUPABASE_URL']}/auth/v1/signup",
                json={"email": email, "password": password},
                headers={"apikey": self.stack["SUPABASE_ANON_KEY"]},
            )
        said = answer.raise_for_status().json()
        return Customer(said["user"]["id"], email, password, said["access_token"])

    @contextlib.asynccontextmanager
    async def signed_in(self, customer: Customer) -> AsyncIterator[CookieClient]:
        """Sign a customer in by the portal's own form."""
        async with self.browser() as browser:
            answer = await browser.send_form("/login", email=customer.email, password=customer.password)
            assert answer.status_code == 303, f"the sign-in was answered {answer.status_code}"
            yield browser

    def has_paid(self, customer: Customer) -> None:
        """Write down that a customer has paid, as the webhook does."""
        self.database.execute(
            "insert into subscriptions (user_id, stripe_customer_id, status) values (%s, %s, 'active')",
            (customer.user_id, f"cus_{uuid.uuid4().hex[:14]}"),
        )

    def has_service(
        self, customer: Customer, service_id: int | None, hostname: str, status: str = "provisioning"
    ) -> None:
        """Write down which PDS a customer has, as the operator does."""
        self.with_service.append(customer.user_id)
        self.database.execute(
            "insert into pds_services (user_id, pds_service_id, hostname, status) values (%s, %s, %s, %s) "
            "on conflict (user_id) do update set pds_service_id = excluded.pds_service_id, "
            "hostname = excluded.hostname, status = excluded.status",
            (customer.user_id, service_id, hostname, status),
        )


@contextlib.asynccontextmanager
async def running_portal(
    stack: Mapping[str, str], database: psycopg.Connection, webhook: Endpoint | None = None, **settings: object
) -> AsyncIterator[PortalStage]:
    """Run a portal until the block ends; the rows that its customers got are gone then.

    Args:
        stack: The settings of the stack's Supabase.
        database: Its superuser's connection.
        webhook: Where Stripe sends the events of checkouts that are paid; None: nowhere.
        settings: Settings by their names in the environment, over those of the stage.
    """
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    # Its ids are in rows that tests share.
    simulator = BackendSimulator(TOKEN, first_id=secrets.randbelow(10**9) * 10**6 + 1)
    stripe = StripeSimulator(STRIPE_KEY, webhook)
    registry, under_way = CollectorRegistry(), UnderWay()
    async with AsyncExitStack() as closing:
        backend = await closing.enter_async_context(TestServer(backend_app(simulator)))
        checkout = await closing.enter_async_context(TestServer(stripe_app(stripe)))
        stripe_url = str(checkout.make_url("")).rstrip("/")
        chosen = portal_settings(
            **{
                "SUPABASE_URL": stack["SUPABASE_URL"],
                "SUPABASE_ANON_KEY": stack["SUPABASE_ANON_KEY"],
                "SUPABASE_JWT_SECRET": stack["SUPABASE_JWT_SECRET"],
                "STRIPE_SECRET_KEY": STRIPE_KEY,
                "STRIPE_API_BASE": stripe_url,
                "STRIPE_CHECKOUT_ORIGIN": stripe_url,
                "NEXT_PUBLIC_STRIPE_PRICE_ID": PRICE,
                "PDS_API_URL": str(backend.make_url("/api/v1")),
                "PDS_API_TOKEN": TOKEN,
                "PDS_BASE_DOMAIN": stack["PDS_BASE_DOMAIN"],
                "PORTAL_URL": url,
                **settings,
            }
        )
        portal = await connect(chosen, closing, registry)
        runner = await listen(
            public_app(portal, under_way), port, portal.metrics, ConnectionAnswers(), host="127.0.0.1"
        )
        closing.push_async_callback(under_way.drain, runner)
        closing.callback(simulator.interrupt)
        stage = PortalStage(url, portal, registry, simulator, stripe, stripe_url, database, stack)
        yield stage
        # Another test's customers may have the same names: no row may hold them.
        database.execute("delete from pds_services where user_id = any(%s::uuid[])", (stage.with_service,))
