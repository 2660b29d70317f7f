"""The operator in a thread of the test's process, a simulated backend, a namespace and users of its own."""

# ruff: noqa: ASYNC110 - what is waited for is on the other side of a socket: there is no event to wait for
import asyncio
import contextlib
import re
import ssl
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
import pytest
from aiohttp.test_utils import unused_port
from psycopg.rows import dict_row

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_contract.conditions import READY
from pds_contract.errors import Conflict, NotFound
from pds_contract.resource import PdsProvision, provision_name
from pds_operator.serving import operate
from pds_operator.settings import OperatorSettings
from pds_stack.backend import BackendSimulator

Value = str | int | bool | None
TOKEN = "the-token"
PATIENCE = 20.0

# Short times, so that tests need not wait: claims are waited out in under a second.
QUICK = {
    "PDS_CLAIM_SECONDS": 0.4,
    "PDS_DEPLOY_TIMEOUT": 0.4,
    "PDS_SETTLE_SECONDS": 0.1,
    "PDS_RETRY_BASE": 0.05,
    "PDS_POLL_READY": 0.3,
}


@dataclass
class Operator:
    """A running operator, in a thread and a loop of its own."""

    stop_flag: threading.Event
    ended: asyncio.Task[None]
    admin_port: int

    async def stop(self) -> None:
        """Stop it as SIGTERM does, and wait until it has drained."""
        self.stop_flag.set()
        await self.ended


@dataclass
class Stage:
    """What a test acts on and looks at."""

    api: KubernetesApi
    namespace: str
    provisions: Provisions
    simulator: BackendSimulator
    backend_url: str
    database: psycopg.Connection
    new_user: Callable[[], str]
    stack: Mapping[str, str]
    running: list[Operator] = field(default_factory=list)

    async def operate(self, **settings: object) -> Operator:
        """Start an operator, with settings over the quick ones."""
        values: dict[str, Any] = {
            "KUBECONFIG": self.stack["KUBECONFIG"],
            "PDS_NAMESPACE": self.namespace,
            "SUPABASE_URL": self.stack["SUPABASE_URL"],
            "SUPABASE_SERVICE_ROLE_KEY": self.stack["SUPABASE_SERVICE_ROLE_KEY"],
            "PDS_API_URL": f"{self.backend_url}/api/v1",
            "PDS_API_TOKEN": TOKEN,
            "ADMIN_PORT": unused_port(),
            **QUICK,
            **settings,
        }
        chosen = OperatorSettings.model_validate({_field(name): value for name, value in values.items()})
        stop = threading.Event()
        ended = asyncio.create_task(asyncio.to_thread(asyncio.run, _operate(chosen, stop)))
        operator = Operator(stop, ended, chosen.admin_port)
        self.running.append(operator)

        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{operator.admin_port}", trust_env=False) as client:

            async def started() -> bool:
                return ended.done() or await is_ready(client)

            await self.eventually_async(started, "the operator has started")
        if ended.done():
            await ended
        return operator

    async def ask(self, email: str = "alice@a.example", **spec: Value) -> str:
        """Make a user and their PdsProvision; return the user's id."""
        user_id = self.new_user()
        await self.ask_for(user_id, email, **spec)
        return user_id

    async def ask_for(self, user_id: str, email: str = "alice@a.example", **spec: Value) -> PdsProvision:
        return await self.provisions.create(
            provision_name(user_id), {"userId": user_id, "email": email, **spec}, annotations={}
        )

    async def get(self, user_id: str) -> PdsProvision:
        return await self.provisions.get(provision_name(user_id))

    async def raw(self, user_id: str) -> dict[str, Any]:
        path = f"/apis/pds.eny.space/v1alpha1/namespaces/{self.namespace}/pdsprovisions/{provision_name(user_id)}"
        return await self.api.call("GET", path)

    async def edit(self, user_id: str, annotations: Mapping[str, str] | None = None, **spec: Value) -> PdsProvision:
        """Change spec and annotations, whatever the operator writes meanwhile, as kubectl does."""
        while True:
            newest = await self.get(user_id)
            version = newest.metadata.resource_version
            with contextlib.suppress(Conflict):
                return await self.provisions.patch(
                    newest.metadata.name, version, spec=spec, annotations=annotations or {}
                )

    async def retry(self, user_id: str, value: str = "now") -> None:
        await self.edit(user_id, {"pds.eny.space/retry": value})

    async def set_status(self, user_id: str, status: dict[str, Any]) -> PdsProvision:
        newest = await self.get(user_id)
        return await self.provisions.patch_status(newest.metadata.name, newest.metadata.resource_version, status)

    async def delete(self, user_id: str, **options: str) -> None:
        path = f"/apis/pds.eny.space/v1alpha1/namespaces/{self.namespace}/pdsprovisions/{provision_name(user_id)}"
        await self.api.call("DELETE", path, body={"kind": "DeleteOptions", "apiVersion": "v1", **options})

    async def until(
        self, user_id: str, holds: Callable[[PdsProvision], object], what: str, seconds: float = PATIENCE
    ) -> PdsProvision:
        """Wait until something holds of the resource; fail saying how it stands instead."""
        seen: PdsProvision | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    with contextlib.suppress(NotFound):
                        seen = await self.get(user_id)
                        if holds(seen):
                            return seen
                    await asyncio.sleep(0.02)
        pytest.fail(f"not within {seconds:.0f} s: {what}; status is {seen.status if seen else 'not there'}")

    async def until_ready(self, user_id: str) -> PdsProvision:
        return await self.until(user_id, lambda p: condition(p, READY) == "True", "Ready")

    async def until_reason(self, user_id: str, reason: str) -> PdsProvision:
        return await self.until(
            user_id, lambda p: (ready := p.status.condition(READY)) and ready.reason == reason, f"reason {reason}"
        )

    async def eventually(self, holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pytest.fail(f"not within {seconds:.0f} s: {what}")

    async def eventually_async(
        self, holds: Callable[[], Coroutine[Any, Any, object]], what: str, seconds: float = PATIENCE
    ) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not await holds():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pytest.fail(f"not within {seconds:.0f} s: {what}")

    def row(self, user_id: str) -> dict[str, Any] | None:
        """The user's row of pds_services, without its times."""
        with self.database.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(
                "select pds_service_id, hostname, status from pds_services where user_id = %s", (user_id,)
            ).fetchone()

    def write_row(self, user_id: str, service_id: int | None, hostname: str | None, status: str) -> None:
        self.database.execute(
            "insert into pds_services (user_id, pds_service_id, hostname, status) values (%s, %s, %s, %s) "
            "on conflict (user_id) do update set pds_service_id = excluded.pds_service_id, "
            "hostname = excluded.hostname, status = excluded.status",
            (user_id, service_id, hostname, status),
        )

    def posts(self, path: str = "/api/v1/deploy") -> int:
        """How many requests the backend has received on a path."""
        return len(self.simulator.requests.select(path))

    async def counts(self) -> "Counts":
        """The API server's own counters of requests."""
        return Counts(await metrics_text(self.api))

    async def events(self, user_id: str) -> list[dict[str, Any]]:
        listed = await self.api.call("GET", f"/api/v1/namespaces/{self.namespace}/events")
        return [item for item in listed["items"] if item["involvedObject"]["name"] == provision_name(user_id)]


async def _operate(settings: OperatorSettings, stop: threading.Event) -> None:
    stopping = asyncio.Event()

    async def until_stopped() -> None:
        await asyncio.to_thread(stop.wait)
        stopping.set()

    told = asyncio.create_task(until_stopped())
    try:
        await operate(settings, stopping)
    finally:
        stop.set()
        await told


async def is_ready(admin: httpx.AsyncClient) -> bool:
    """Whether a process says on its admin port that it is ready."""
    with contextlib.suppress(httpx.TransportError):
        return (await admin.get("/readyz")).status_code == 200
    return False


async def metrics_text(api: KubernetesApi) -> str:
    """The text of the API server's /metrics."""
    connection = await api.connection()
    trusted = ssl.create_default_context(cafile=connection.authority)
    async with httpx.AsyncClient(verify=trusted, headers={"Authorization": f"Bearer {connection.token}"}) as client:
        return (await client.get(f"{connection.server}/metrics")).text


@dataclass(frozen=True)
class Counts:
    """apiserver_request_total, to be asked by verb, resource and subresource."""

    text: str

    def of(self, verb: str, resource: str, subresource: str = "") -> int:
        total = 0.0
        for line in self.text.splitlines():
            if line.startswith("apiserver_request_total{"):
                labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
                if (labels["verb"], labels["resource"], labels["subresource"]) == (verb, resource, subresource):
                    total += float(line.rsplit(" ", 1)[1])
        return int(total)


def condition(provision: PdsProvision, kind: str) -> str | None:
    found = provision.status.condition(kind)
    return found.status if found else None


def _field(name: str) -> str:
    return name if name == "SUPABASE_URL" else name.lower()
