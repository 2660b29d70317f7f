"""A stage for each test: an API server's namespace, a simulated backend, and operators to start on it."""

from collections.abc import AsyncIterator, Callable, Mapping

import psycopg
import pytest
from aiohttp.test_utils import TestServer

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_stack.backend import BackendSimulator, create_app
from stages.operator_stage import TOKEN, Stage


@pytest.fixture
async def simulator() -> BackendSimulator:
    return BackendSimulator(TOKEN)


@pytest.fixture
async def stage(
    stack: Mapping[str, str],
    api: KubernetesApi,
    namespace: str,
    simulator: BackendSimulator,
    database: psycopg.Connection,
    new_user: Callable[[], str],
) -> AsyncIterator[Stage]:
    """Everything but a running operator; whatever the test starts is stopped at its end."""
    async with TestServer(create_app(simulator)) as server:
        stage = Stage(
            api=api,
            namespace=namespace,
            provisions=Provisions(api, namespace, "test"),
            simulator=simulator,
            backend_url=str(server.make_url("")).rstrip("/"),
            database=database,
            new_user=new_user,
            stack=stack,
        )
        yield stage
        simulator.interrupt()
        for operator in stage.running:
            await operator.stop()
