"""What all cells stand on: a stack, a database connection, the zygote, and one watch over everybody."""

import asyncio
import contextlib
import secrets
import tempfile
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from aiohttp.test_utils import TestServer
from psycopg.rows import dict_row

from crash_matrix.pace import Pace
from crash_matrix.standings import Standings, watching
from faults.processes import Zygote, start_zygote
from faults.upstreams import Upstreams, open_upstreams
from pds_clients.kubernetes import KubernetesApi
from pds_contract.resource import provision_name
from pds_stack.backend import BackendSimulator, create_app

TOKEN = "the-token"
MOST_AT_ONCE = 100
"""Customers of operators that are never killed."""
MOST_KILLED_AT_ONCE = 32
"""Customers whose process is killed, each with one of its own."""


@dataclass(frozen=True)
class Customer:
    """Somebody who has paid."""

    user_id: str
    email: str

    @property
    def name(self) -> str:
        """Their resource's name."""
        return provision_name(self.user_id)


@dataclass(frozen=True)
class Ground:
    """What cells act on and look at.

    Args:
        stack: The stack's settings.
        api: The API server as its administrator sees it.
        database: The superuser's connection.
        upstreams: The real dependencies; the backend is each configuration's own.
        zygote: Starts the commands.
        standings: How all resources stand.
        token: The backends' bearer token.
        email_domain: Of all customers.
        pace: Says when the next cell may begin.
        at_once: Bounds the cells that share a process.
        killed_at_once: Bounds those that have one of their own.
        published: What the commands have shown others: their metrics, the webhook's answers.
        namespaces: All that were made.
    """

    stack: Mapping[str, str]
    api: KubernetesApi
    database: psycopg.AsyncConnection[dict[str, Any]]
    upstreams: Upstreams
    zygote: Zygote
    standings: Standings
    token: str
    email_domain: str
    pace: Pace
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))
    killed_at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_KILLED_AT_ONCE))
    published: list[str] = field(default_factory=list)
    namespaces: list[str] = field(default_factory=list)

    async def namespace(self) -> str:
        """Make a namespace."""
        name = f"matrix-{uuid.uuid4().hex[:12]}"
        await self.api.call("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
        self.namespaces.append(name)
        return name

    def backend(self) -> BackendSimulator:
        """Make a backend whose ids are no other's: all of them are mirrored in one database."""
        return BackendSimulator(self.token, first_id=secrets.randbelow(10**9) * 10**6 + 1)

    async def customer(self) -> Customer:
        """Make a user; the mailbox's name, and so the hostname, is nobody else's."""
        user_id = str(uuid.uuid4())
        customer = Customer(user_id, f"{user_id[:8]}{user_id[-4:]}@{self.email_domain}")
        await self.database.execute("insert into auth.users (id, email) values (%s, %s)", (user_id, customer.email))
        self.standings.expect(customer.name)
        return customer

    async def row(self, table: str, user_id: str) -> dict[str, Any] | None:
        """Return a user's row of ``pds_services`` or ``subscriptions``."""
        query = {
            "pds_services": "select * from public.pds_services where user_id = %s",
            "subscriptions": "select * from public.subscriptions where user_id = %s",
        }[table]
        return await (await self.database.execute(query, (user_id,))).fetchone()


@contextlib.asynccontextmanager
async def ground(
    stack: Mapping[str, str], *, token: str = TOKEN, email_domain: str = "customers.example"
) -> AsyncIterator[Ground]:
    """Open everything, on a running stack."""
    async with contextlib.AsyncExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="pds-matrix-"))
        # The backend's address is filled in by each configuration.
        upstreams = await opened.enter_async_context(open_upstreams(stack["KUBECONFIG"], stack["SUPABASE_URL"], ""))
        yield Ground(
            stack=stack,
            api=await opened.enter_async_context(await KubernetesApi.connect(stack["KUBECONFIG"])),
            database=await opened.enter_async_context(
                await psycopg.AsyncConnection.connect(stack["DATABASE_URL"], autocommit=True, row_factory=dict_row)
            ),
            upstreams=upstreams,
            zygote=await opened.enter_async_context(start_zygote(Path(folder))),
            standings=await opened.enter_async_context(watching(upstreams)),
            token=token,
            email_domain=email_domain,
            pace=Pace(upstreams, stack),
        )


@contextlib.asynccontextmanager
async def serving(simulator: BackendSimulator) -> AsyncIterator[str]:
    """Serve a simulated backend; yields its address, without ``/api/v1``."""
    async with TestServer(create_app(simulator)) as server:
        yield str(server.make_url("")).rstrip("/")
        simulator.interrupt()
