"""A Supabase of these tests' own, since an import looks at every row; and customers from before the operator."""

import asyncio
import json
import os
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiohttp.test_utils import unused_port

from conftest import running_stack
from pds_contract.resource import provision_name
from pds_stack.backend.bodies import DeployBody
from pds_stack.backend.service import PdsService
from stages.operator_stage import TOKEN, Stage

BIN = Path(sys.executable).parent
BASE = "eny.k8s.frx.pub"
RUNNING = 3


@pytest.fixture(scope="session")
def stack(stack: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    with running_stack("supabase", {}) as own:
        yield {**stack, **own}


@pytest.fixture(scope="session")
def database(stack: Mapping[str, str]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(stack["DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def new_user(database: psycopg.Connection) -> Callable[[], str]:
    """Makes a user; there is none at the beginning of each test."""
    database.execute("truncate auth.users cascade")

    def make() -> str:
        user_id = str(uuid.uuid4())
        database.execute("insert into auth.users (id, email) values (%s, %s)", (user_id, f"{user_id}@users.example"))
        return user_id

    return make


@dataclass(frozen=True)
class Imported:
    """What an import said."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document

    @property
    def totals(self) -> tuple[int, int, int, int]:
        totals = self.report["totals"]
        return totals["imported"], totals["already_there"], totals["skipped"], totals["failed"]

    def reasons(self) -> dict[str, str]:
        """Why each user was skipped."""
        return {row["user_id"]: row["reason"] for row in self.report["rows"] if row["reason"]}

    def users(self, result: str) -> set[str]:
        return {row["user_id"] for row in self.report["rows"] if row["result"] == result}


@dataclass
class Past:
    """Customers whom the first product served, and the command that imports them."""

    stage: Stage

    def plant(self, hostname: str, *, state: int = RUNNING, disksize: int = 10) -> PdsService:
        """Make a PDS at the backend that no operator has deployed."""
        body = DeployBody(username="x", password="x" * 20, email="old@a.example", hostname=hostname, disksize=disksize)
        return self.stage.simulator.plant(body, states=[(state, None)])

    def customer(self, hostname: str, *, state: int = RUNNING, disksize: int = 10) -> str:
        """Make a customer with a row and a PDS as the first product left them."""
        user_id = self.stage.new_user()
        service = self.plant(hostname, state=state, disksize=disksize)
        self.stage.write_row(user_id, service.id, hostname, "provisioning")
        return user_id

    def customers(self, count: int) -> list[str]:
        return [self.customer(f"customer{number}.{BASE}") for number in range(count)]

    async def start(self, *options: str, **settings: str) -> asyncio.subprocess.Process:
        values = {
            "PATH": os.environ["PATH"],
            "KUBECONFIG": self.stage.stack["KUBECONFIG"],
            "PDS_NAMESPACE": self.stage.namespace,
            "SUPABASE_URL": self.stage.stack["SUPABASE_URL"],
            "SUPABASE_SERVICE_ROLE_KEY": self.stage.stack["SUPABASE_SERVICE_ROLE_KEY"],
            "PDS_API_URL": f"{self.stage.backend_url}/api/v1",
            "PDS_API_TOKEN": TOKEN,
            "ADMIN_PORT": str(unused_port()),
            **settings,
        }
        return await asyncio.create_subprocess_exec(
            BIN / "pds-operator",
            "import",
            *options,
            env=values,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *options: str, **settings: str) -> Imported:
        """Import, and return what was said; no e-mail address may be in it."""
        return await self.ended(await self.start(*options, **settings))

    async def ended(self, process: asyncio.subprocess.Process) -> Imported:
        async with asyncio.timeout(100):
            out, err = await process.communicate()
        assert b"@" not in out + err, "an e-mail address was said"
        assert b"Traceback" not in err, err.decode()
        assert process.returncode is not None
        return Imported(process.returncode, out.decode(), err.decode())

    async def resources(self) -> dict[str, dict[str, Any]]:
        """All resources there are, by their user's id."""
        listed = await self.stage.api.call(
            "GET", f"/apis/pds.eny.space/v1alpha1/namespaces/{self.stage.namespace}/pdsprovisions"
        )
        return {item["spec"]["userId"]: item for item in listed["items"]}

    async def secrets(self) -> set[str]:
        listed = await self.stage.api.call("GET", f"/api/v1/namespaces/{self.stage.namespace}/secrets")
        return {item["metadata"]["name"] for item in listed["items"]}

    def row_id(self, user_id: str) -> int | None:
        row = self.stage.row(user_id)
        return row["pds_service_id"] if row else None

    async def all_adopted(self, users: list[str]) -> None:
        """Wait until each is ready with the id of its row; nothing may have been deployed for it."""
        for user_id in users:
            provision = await self.stage.until_ready(user_id)
            assert provision.status.service_id == self.row_id(user_id), provision_name(user_id)
        assert self.stage.posts() == 0


@pytest.fixture
def past(stage: Stage) -> Past:
    return Past(stage)
