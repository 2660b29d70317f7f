"""The routes of the customer's own PDS on a real socket: over the stack's Supabase and a simulated backend."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import psycopg
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from pds_portal.connecting import connect
from pds_portal.safety.application import safe_application
from pds_portal.safety.connections import ConnectionAnswers
from pds_portal.service.routes import ROUTES
from pds_runtime.public.drain import UnderWay
from pds_runtime.public.listening import listen
from pds_stack.backend import BackendSimulator, PdsService, create_app
from pds_stack.backend.bodies import DeployBody
from pds_stack.supabase import issuer, user_token
from stages.portal_settings import portal_settings

PASSWORD = "correct-horse-battery-staple"


@dataclass(frozen=True)
class Customer:
    """A user of the stack, with an access token as the auth server would issue it."""

    user_id: str
    access_token: str = field(repr=False)


@dataclass(frozen=True)
class PortalService:
    """The running routes, and all that is behind them."""

    client: httpx.AsyncClient
    simulator: BackendSimulator
    database: psycopg.Connection
    stack: Mapping[str, str]
    new_user: Callable[[], str]
    registry: CollectorRegistry

    def customer(self) -> Customer:
        """A user without a row."""
        user_id = self.new_user()
        url = self.stack["SUPABASE_URL"]
        token = user_token(self.stack["SUPABASE_JWT_SECRET"], user_id, f"{user_id}@users.example", issuer(url))
        return Customer(user_id, token)

    def row(self, customer: Customer, service_id: int | None, status: str = "provisioning") -> None:
        """Write a customer's row, as the operator would."""
        self.database.execute(
            "insert into pds_services (user_id, pds_service_id, hostname, status) values (%s, %s, %s, %s)",
            (customer.user_id, service_id, f"{customer.user_id}.example.org", status),
        )

    def plant(self, customer: Customer, password: str = PASSWORD) -> PdsService:
        """Make a running PDS for a customer at the backend, with its row."""
        service = self.simulator.plant(
            DeployBody(
                username="alice",
                password=password,
                email="alice@users.example",
                hostname=f"{customer.user_id}.example.org",
                disksize=10,
            )
        )
        self.row(customer, service.id)
        return service

    async def get(self, path: str, customer: Customer | None = None, **headers: str) -> httpx.Response:
        """Ask as a customer, or as nobody."""
        return await self.client.get(path, headers={**_as(customer), **headers})

    async def reveal(self, customer: Customer | None = None, **headers: str) -> httpx.Response:
        """Ask for the secrets as a customer, or as nobody."""
        return await self.client.post("/api/pds/service/reveal", headers={**_as(customer), **headers})

    def counted(self, name: str, **labels: str) -> float:
        """Return a counter's value."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def shown(self, service: PdsService, secret: str) -> dict[str, object]:
        """Return a service's document with its two secrets replaced, but for what follows the time."""
        document = json.loads(json.dumps(service.document(self.simulator.clock())))
        document["encrypted_config"]["adminPassword"] = secret
        document["encrypted_config"]["emailSmtpUrl"] = f"smtps://relay:{secret}@smtp.example:465/"
        return without_times(document)


def without_times(document: dict[str, object]) -> dict[str, object]:
    """Return a service's document without what follows the time."""
    return {key: value for key, value in document.items() if key != "stats"}


@asynccontextmanager
async def portal_service(
    stack: Mapping[str, str],
    simulator: BackendSimulator,
    database: psycopg.Connection,
    new_user: Callable[[], str],
    **settings: object,
) -> AsyncIterator[PortalService]:
    """Serve the routes until the test ends."""
    registry, under_way = CollectorRegistry(), UnderWay()
    async with AsyncExitStack() as closing:
        backend = await closing.enter_async_context(TestServer(create_app(simulator)))
        usable = {
            "SUPABASE_URL": stack["SUPABASE_URL"],
            "SUPABASE_ANON_KEY": stack["SUPABASE_ANON_KEY"],
            "SUPABASE_JWT_SECRET": stack["SUPABASE_JWT_SECRET"],
            "PDS_API_URL": str(backend.make_url("/api/v1")),
            "PDS_API_TOKEN": simulator.token,
        }
        portal = await connect(portal_settings(**{**usable, **settings}), closing, registry)
        app = safe_application(portal, under_way)
        app.add_routes(ROUTES)
        runner = await listen(app, 0, portal.metrics, ConnectionAnswers(), host="127.0.0.1")
        closing.push_async_callback(under_way.drain, runner)
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
            yield PortalService(client, simulator, database, stack, new_user, registry)
            simulator.interrupt()


def _as(customer: Customer | None) -> dict[str, str]:
    return {} if customer is None else {"Authorization": f"Bearer {customer.access_token}"}
