"""The public application on a real socket, with Kubernetes and Supabase at a port where nobody listens."""

import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from pds_clients.kubernetes import KubernetesApi
from pds_clients.supabase import Supabase
from pds_contract.names import HostnameRules
from pds_runtime.public.connections import Bounds
from pds_runtime.public.drain import UnderWay
from pds_runtime.public.listening import listen
from pds_webhook.intake import Intake
from pds_webhook.metrics import Metrics
from pds_webhook.provisioning import Provisioning
from pds_webhook.responses import ConnectionAnswers
from pds_webhook.routes import public_app

SECRET = "whsec_of_the_tests"
BODY_SECONDS = 0.5
USER = "0a1b2c3d-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class App:
    """The application's address, a client for it, and what it has counted."""

    port: int
    runner: web.AppRunner
    under_way: UnderWay
    client: httpx.AsyncClient
    registry: CollectorRegistry

    def counted(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture
def kubeconfig(tmp_path: Path, closed_port: int) -> Path:
    """A kubeconfig of an API server that does not run."""
    named = {"name": "nobody"}
    file = tmp_path / "kubeconfig"
    file.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{**named, "cluster": {"server": f"https://127.0.0.1:{closed_port}"}}],
                "users": [{**named, "user": {"token": "t"}}],
                "contexts": [{**named, "context": {"cluster": "nobody", "user": "nobody"}}],
                "current-context": "nobody",
            }
        )
    )
    return file


OpenApp = Callable[..., AbstractAsyncContextManager[App]]


@pytest.fixture
def open_app(kubeconfig: Path, closed_port: int) -> OpenApp:
    """Runs the application with a way to read its secrets, a time for bodies to arrive, and bounds of connections."""

    @asynccontextmanager
    async def run(secrets: Callable[[], str], body_seconds: float, bounds: Bounds | None = None) -> AsyncIterator[App]:
        registry, under_way = CollectorRegistry(), UnderWay()
        async with (
            await KubernetesApi.connect(str(kubeconfig)) as kubernetes,
            Supabase(f"http://127.0.0.1:{closed_port}", lambda: "key") as supabase,
        ):
            rules = HostnameRules("eny.example")
            intake = Intake(Provisioning(kubernetes, "pds-customers"), supabase, rules, livemode=False)
            metrics = Metrics(registry)
            made = public_app(intake, secrets, metrics, under_way, body_seconds=body_seconds)
            runner = await listen(made, 0, metrics, ConnectionAnswers(), host="127.0.0.1", bounds=bounds or Bounds())
            port: int = runner.addresses[0][1]
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
                yield App(port, runner, under_way, client, registry)
            await under_way.drain(runner)

    return run


@pytest.fixture
async def app(open_app: OpenApp) -> AsyncIterator[App]:
    async with open_app(lambda: f"whsec_old, {SECRET}", BODY_SECONDS) as running:
        yield running
