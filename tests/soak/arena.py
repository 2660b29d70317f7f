"""Where a load is brought about: a namespace and users of its own on a running stack, and a backend in this process."""

import asyncio
import contextlib
import os
import secrets
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from aiohttp.test_utils import TestServer

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_contract.conditions import READY
from pds_contract.resource import GROUP, PLURAL, VERSION, PdsProvision, provision_name
from pds_stack import envfile
from pds_stack.backend import BackendSimulator, create_app

TOKEN = "the-token"
PAGE = 250
# The first start on a machine builds Kubernetes.
STACK_SECONDS = 900.0


@dataclass(frozen=True)
class Arena:
    """What a load acts on and looks at.

    Args:
        stack: The settings of the stack.
        api: The API server as its administrator sees it.
        namespace: Where the customers are.
        provisions: Their resources.
        simulator: The backend, in this process.
        backend_url: Its address, without ``/api/v1``.
        database: The superuser's connection.
        folder: For logs.
    """

    stack: Mapping[str, str]
    api: KubernetesApi
    namespace: str
    provisions: Provisions
    simulator: BackendSimulator
    backend_url: str
    database: psycopg.Connection
    folder: Path

    def settings(self, **more: str) -> dict[str, str]:
        """Return an operator's environment, with these settings over it."""
        return {
            "KUBECONFIG": self.stack["KUBECONFIG"],
            "SUPABASE_URL": self.stack["SUPABASE_URL"],
            "SUPABASE_SERVICE_ROLE_KEY": self.stack["SUPABASE_SERVICE_ROLE_KEY"],
            "PDS_NAMESPACE": self.namespace,
            "PDS_API_URL": f"{self.backend_url}/api/v1",
            "PDS_API_TOKEN": TOKEN,
            "PDS_MAX_DEPLOYS_PER_HOUR": "0",
            **more,
        }

    def new_users(self, count: int) -> list[str]:
        """Make so many users, and return their ids."""
        users = [str(uuid.uuid4()) for _ in range(count)]
        with self.database.cursor() as cursor:
            cursor.executemany(
                "insert into auth.users (id, email) values (%s, %s)",
                [(user, f"{user}@users.example") for user in users],
            )
        return users

    async def ask_for(self, user_id: str) -> None:
        """Make a user's PdsProvision."""
        email = f"{user_id}@users.example"
        await self.provisions.create(provision_name(user_id), {"userId": user_id, "email": email}, annotations={})

    async def standings(self) -> dict[str, PdsProvision]:
        """Return all resources by their users' ids."""
        return {each.spec.user_id: each async for each in self.provisions.list("")}

    async def documents(self, field_selector: str = "") -> AsyncIterator[dict[str, Any]]:
        """List resources as they came: to read thousands of them as models would keep the event loop for seconds."""
        path = f"/apis/{GROUP}/{VERSION}/namespaces/{self.namespace}/{PLURAL}"
        query: dict[str, str | int] = {"fieldSelector": field_selector, "limit": PAGE}
        while True:
            page = await self.api.call("GET", path, query=query)
            for item in page["items"]:
                yield item
            query["continue"] = page["metadata"].get("continue", "")
            if not query["continue"]:
                return

    async def ready(self) -> int:
        """Count the resources that are Ready."""
        return sum([condition_of(each, READY).get("status") == "True" async for each in self.documents()])

    def rows(self, users: Iterable[str]) -> dict[str, tuple[int | None, str | None, str]]:
        """Return id, hostname and status of these users' rows."""
        query = "select user_id, pds_service_id, hostname, status from pds_services where user_id = any(%s::uuid[])"
        found = self.database.execute(query, (list(users),)).fetchall()
        return {str(user_id): (service_id, hostname, status) for user_id, service_id, hostname, status in found}


def condition_of(document: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Return one condition of a resource as it came; an empty one where it is not there."""
    conditions = document.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == kind), {})


def is_ready(provision: PdsProvision) -> bool:
    """Tell whether a resource is Ready."""
    ready = provision.status.condition(READY)
    return ready is not None and ready.status == "True"


async def until_ready(
    arena: Arena, count: int, seconds: float, tell: Callable[[str], None], every: float = 0.5
) -> dict[str, PdsProvision]:
    """Wait until so many resources are Ready.

    Args:
        arena: Where they are.
        count: How many.
        seconds: How long to wait at most.
        tell: Told now and then how far it is.
        every: Seconds between two looks.

    Raises:
        AssertionError: They were not in time; the message says how the others stand.
    """
    deadline, told = time.monotonic() + seconds, time.monotonic()
    while True:
        ready = await arena.ready()
        if ready >= count:
            return await arena.standings()
        if time.monotonic() > deadline:
            others = [each for each in (await arena.standings()).values() if not is_ready(each)]
            shown = [f"{each.spec.user_id}: {each.status}" for each in others[:5]]
            raise AssertionError(f"{ready} of {count} are Ready after {seconds:.0f} s; others: {shown}")
        if time.monotonic() - told > 5:
            tell(f"{ready} of {count} are Ready")
            told = time.monotonic()
        await asyncio.sleep(every)


def new_simulator() -> BackendSimulator:
    """Make a backend whose ids no other one of this stack's database has."""
    return BackendSimulator(TOKEN, first_id=secrets.randbelow(10**9) * 10**6 + 1)


@contextlib.asynccontextmanager
async def arena(stack: Mapping[str, str], simulator: BackendSimulator | None = None) -> AsyncIterator[Arena]:
    """Open an arena on a running stack."""
    simulator = simulator or new_simulator()
    async with contextlib.AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="pds-soak-")))
        api = await opened.enter_async_context(await KubernetesApi.connect(stack["KUBECONFIG"]))
        namespace = f"soak-{uuid.uuid4().hex[:12]}"
        await api.call("POST", "/api/v1/namespaces", body={"metadata": {"name": namespace}})
        database = opened.enter_context(psycopg.connect(stack["DATABASE_URL"], autocommit=True))
        server = await opened.enter_async_context(TestServer(create_app(simulator)))
        yield Arena(
            stack=stack,
            api=api,
            namespace=namespace,
            provisions=Provisions(api, namespace, "soak"),
            simulator=simulator,
            backend_url=str(server.make_url("")).rstrip("/"),
            database=database,
            folder=folder,
        )


@contextlib.asynccontextmanager
async def running_stack() -> AsyncIterator[Mapping[str, str]]:
    """Run Kubernetes and Supabase for as long as this lasts; those of PDS_STACK_ENV where that names a stack's file.

    Raises:
        RuntimeError: The stack did not start.
    """
    running = os.environ.get("PDS_STACK_ENV")
    if running:
        yield envfile.parse(await asyncio.to_thread(Path(running).read_text))
        return
    with tempfile.TemporaryDirectory(prefix="pds-soak-stack-") as folder:
        env = Path(folder) / "env"
        command = ("-m", "pds_stack", "up", "--only", "kubernetes,supabase", "--env", str(env))
        # In a session of its own: Ctrl-C is for us, who still need it while we stop.
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=sys.stderr, start_new_session=True
        )
        try:
            async with asyncio.timeout(STACK_SECONDS):
                while not await asyncio.to_thread(env.exists):
                    if process.returncode is not None:
                        raise RuntimeError("the local stack did not start")
                    await asyncio.sleep(0.1)
            yield envfile.parse(await asyncio.to_thread(env.read_text))
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
