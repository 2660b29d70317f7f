"""The webhook on a real socket, before the real API server and PostgREST; each test with a user of its own."""

import contextlib
import json
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client import CollectorRegistry
from psycopg.rows import dict_row

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_clients.supabase import Supabase
from pds_contract.names import HostnameRules
from pds_contract.resource import PLURAL, PdsProvision, provision_name
from pds_runtime.public.drain import UnderWay
from pds_runtime.public.listening import listen
from pds_stack.events import checkout_event, sign
from pds_webhook.intake import Intake
from pds_webhook.metrics import Metrics
from pds_webhook.provisioning import Provisioning
from pds_webhook.responses import ConnectionAnswers
from pds_webhook.routes import public_app

SECRET = "whsec_of_the_tests"
CREATED = 1_790_000_000
Json = dict[str, Any]


@dataclass(frozen=True)
class Webhook:
    """A running webhook, a client for it, and what it has counted."""

    client: httpx.AsyncClient
    registry: CollectorRegistry

    async def deliver(self, event: Json) -> tuple[int, str]:
        """Deliver an event as Stripe does; the answer's status and code."""
        response = await self.post(event)
        return response.status_code, response.json()["code"]

    async def post(self, event: Json) -> httpx.Response:
        body = json.dumps(event).encode()
        headers = {"Stripe-Signature": sign(body, SECRET), "Content-Type": "application/json; charset=utf-8"}
        return await self.client.post("/api/webhooks", content=body, headers=headers)

    def doubles(self, code: str) -> float:
        return self.registry.get_sample_value("pds_webhook_double_checkouts_total", {"code": code}) or 0.0


@dataclass(frozen=True)
class Customer:
    """A user whom no other test knows, and what became of them."""

    id: str
    email: str
    provisions: Provisions
    database: psycopg.Connection

    @property
    def name(self) -> str:
        return provision_name(self.id)

    def checkout(self, **more: Any) -> Json:
        """An event of a checkout of theirs, as `checkout_event` takes it."""
        return checkout_event(**{"user_id": self.id, "email": self.email, "created": CREATED, **more})

    async def resource(self) -> PdsProvision:
        return await self.provisions.get(self.name)

    async def has_resource(self) -> bool:
        return [found async for found in self.provisions.list(f"spec.userId={self.id}")] != []

    def rows(self) -> list[Json]:
        query = "select * from public.subscriptions where user_id = %s"
        with self.database.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, (self.id,)).fetchall()


@pytest.fixture
async def kubernetes(stack: Mapping[str, str]) -> AsyncIterator[KubernetesApi]:
    async with await KubernetesApi.connect(stack["KUBECONFIG"]) as api:
        yield api


@pytest.fixture
def operator(kubernetes: KubernetesApi, stack: Mapping[str, str]) -> Provisions:
    """The resources as somebody else than the webhook writes them."""
    return Provisions(kubernetes, stack["PDS_NAMESPACE"], "pds-operator")


@pytest.fixture
def customer(new_user: Callable[[], str], operator: Provisions, database: psycopg.Connection) -> Customer:
    return new_customer(new_user, operator, database)


@pytest.fixture
def stranger(operator: Provisions, database: psycopg.Connection) -> Customer:
    """Somebody who is not in auth.users."""
    return Customer(str(uuid.uuid4()), "stranger@a.example", operator, database)


def new_customer(make: Callable[[], str], provisions: Provisions, database: psycopg.Connection) -> Customer:
    user_id = make()
    return Customer(user_id, f"{user_id}@users.example", provisions, database)


@pytest.fixture
def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


Open = Callable[..., AbstractAsyncContextManager[Webhook]]


@pytest.fixture
def open_webhook(stack: Mapping[str, str]) -> Open:
    """Runs a webhook; each setting may differ from the stack's."""

    @contextlib.asynccontextmanager
    async def run(
        *,
        kubeconfig: Path | None = None,
        supabase_url: str | None = None,
        supabase_key: str | None = None,
        namespace: str | None = None,
        livemode: bool = False,
    ) -> AsyncIterator[Webhook]:
        registry, under_way = CollectorRegistry(), UnderWay()
        async with AsyncExitStack() as closing:
            api = await closing.enter_async_context(await KubernetesApi.connect(str(kubeconfig or stack["KUBECONFIG"])))
            supabase = await closing.enter_async_context(
                Supabase(
                    supabase_url or stack["SUPABASE_URL"], lambda: supabase_key or stack["SUPABASE_SERVICE_ROLE_KEY"]
                )
            )
            intake = Intake(
                Provisioning(api, namespace or stack["PDS_NAMESPACE"]),
                supabase,
                HostnameRules.of(stack["PDS_BASE_DOMAIN"], ["www"], "k8s-pds.frx.pub"),
                livemode=livemode,
            )
            metrics = Metrics(registry)
            app = public_app(intake, lambda: SECRET, metrics, under_way)
            runner = await listen(app, 0, metrics, ConnectionAnswers(), host="127.0.0.1")
            closing.push_async_callback(under_way.drain, runner)
            url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            client = await closing.enter_async_context(httpx.AsyncClient(base_url=url, timeout=60))
            yield Webhook(client, registry)

    return run


@pytest.fixture
async def webhook(open_webhook: Open) -> AsyncIterator[Webhook]:
    async with open_webhook() as running:
        yield running


@pytest.fixture
def changed_kubeconfig(stack: Mapping[str, str], tmp_path: Path) -> Callable[..., Path]:
    """Makes a kubeconfig of the stack's API server with another address or token."""

    def make(*, server: str | None = None, token: str | None = None) -> Path:
        content = json.loads(Path(stack["KUBECONFIG"]).read_text())
        if server:
            content["clusters"][0]["cluster"]["server"] = server
        if token:
            content["users"][0]["user"]["token"] = token
        file = tmp_path / "kubeconfig"
        file.write_text(json.dumps(content))
        return file

    return make


def path_of(namespace: str, name: str = "") -> str:
    """The API server's path of the resources of a namespace, or of one."""
    return f"/apis/pds.eny.space/v1alpha1/namespaces/{namespace}/{PLURAL}{'/' + name if name else ''}"
