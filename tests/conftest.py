"""What tests of several folders share: the local stack, started once, and a stage for the operator on it."""

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
from aiohttp.test_utils import TestServer

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_stack import envfile
from pds_stack.backend import BackendSimulator, create_app
from stages.operator_stage import TOKEN, Stage

# The first start on a machine builds Kubernetes.
START_SECONDS = 900.0


@contextlib.contextmanager
def running_stack(only: str, environment: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """Run parts of the stack as a process of their own, and yield their settings."""
    folder = Path(tempfile.mkdtemp(prefix="pds-tests-"))
    env, log = folder / "env", folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pds_stack", "up", "--only", only, "--env", str(env)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not env.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the local stack did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield envfile.parse(env.read_text())
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def stack() -> Iterator[Mapping[str, str]]:
    """The settings of a running stack; of one that runs already where PDS_STACK_ENV names its env file."""
    running = os.environ.get("PDS_STACK_ENV")
    if running:
        yield envfile.parse(Path(running).read_text())
        return
    with running_stack("kubernetes,supabase", {}) as settings:
        yield settings


# Not for the whole session: the operator would take up what other tests make in the customers' namespace.
@pytest.fixture(scope="module")
def product(stack: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The settings of the whole product on the stack: the simulated backend, and both commands as processes."""
    with running_stack("backend,webhook,operator", stack) as settings:
        yield {**stack, **settings}


@pytest.fixture(scope="session")
def database(stack: Mapping[str, str]) -> Iterator[psycopg.Connection]:
    """The superuser's connection to the stack's database, each statement a transaction of its own."""
    with psycopg.connect(stack["DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture  # of no wider scope: folders with a stack of their own have another database
def new_user(database: psycopg.Connection) -> Callable[[], str]:
    """Makes a user in auth.users whom no other test knows, and returns the id."""

    def make() -> str:
        user_id = str(uuid.uuid4())
        database.execute("insert into auth.users (id, email) values (%s, %s)", (user_id, f"{user_id}@users.example"))
        return user_id

    return make


@pytest.fixture
async def api(stack: Mapping[str, str]) -> AsyncIterator[KubernetesApi]:
    """The API server as its administrator sees it."""
    async with await KubernetesApi.connect(stack["KUBECONFIG"]) as connected:
        yield connected


@pytest.fixture
async def namespace(api: KubernetesApi) -> str:
    """A namespace that no other test uses."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    await api.call("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
    return name


@pytest.fixture
async def simulator() -> BackendSimulator:
    # Its ids are in rows that tests share.
    return BackendSimulator(TOKEN, first_id=secrets.randbelow(10**9) * 10**6 + 1)


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
    users: list[str] = []

    def new_customer() -> str:
        users.append(new_user())
        return users[-1]

    async with TestServer(create_app(simulator)) as server:
        stage = Stage(
            api=api,
            namespace=namespace,
            provisions=Provisions(api, namespace, "test"),
            simulator=simulator,
            backend_url=str(server.make_url("")).rstrip("/"),
            database=database,
            new_user=new_customer,
            stack=stack,
        )
        yield stage
        simulator.interrupt()
        for operator in stage.running:
            await operator.stop()
        # Another test's customers may have the same names: no row may hold them.
        database.execute("delete from pds_services where user_id = any(%s::uuid[])", (users,))
