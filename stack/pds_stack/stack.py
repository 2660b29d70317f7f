"""Starts the chosen parts one after the other, and knows every setting that they provide."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from yarl import URL

from pds_stack import envfile, kubernetes, parts, portal, product, proxies
from pds_stack.console import Console
from pds_stack.folder import run_folder
from pds_stack.kubernetes.server import CUSTOMERS_NAMESPACE
from pds_stack.processes import Program
from pds_stack.supabase import AuthSettings, supabase
from pds_stack.supabase.auth.settings import DEFAULT_SITE_URL
from pds_stack.supabase.postgrest import install as install_postgrest

LOCALHOST = "127.0.0.1"
_BASE_DOMAIN = "eny.k8s.frx.pub"
_WEBHOOK = ("WEBHOOK_URL", "STRIPE_WEBHOOK_SECRET")

_Result = TypeVar("_Result")


@dataclass
class Stack:
    """A running stack.

    Attributes:
        values: the settings of the product that it provides, and addresses for people and tests.
        programs: what runs.
        cluster: the Kubernetes API, if it was chosen.
        backend: the simulated backend, if it was chosen.
    """

    values: dict[str, str] = field(repr=False)
    programs: list[Program] = field(default_factory=list)
    cluster: kubernetes.Cluster | None = None
    backend: product.Simulator | None = None

    def env(self) -> str:
        """The text of the env file."""
        return envfile.render(self.values, self.cluster.kubectl.program.parent if self.cluster else None)

    async def guard(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Do `work` while watching the programs.

        Raises:
            ProgramDiedError: one of them ended by itself; `work` was cancelled.
        """
        working = asyncio.create_task(work)
        watching = [asyncio.create_task(program.died()) for program in self.programs]
        try:
            await asyncio.wait((working, *watching), return_when=asyncio.FIRST_COMPLETED)
            for watch in watching:
                if watch.done():
                    raise watch.result()
            return await working
        finally:
            for task in (working, *watching):
                task.cancel()
            await asyncio.gather(working, *watching, return_exceptions=True)


@contextlib.asynccontextmanager
async def start(chosen: tuple[str, ...], host: str, console: Console) -> AsyncIterator[Stack]:
    """Run the `chosen` parts until the block ends; Supabase, the backend and Stripe listen on `host`.

    Raises:
        UsageError: a part that another needs is missing.
        StackError: a part could not be built or started.
    """
    values = parts.from_environment(chosen, os.environ)
    values |= {
        "PDS_NAMESPACE": CUSTOMERS_NAMESPACE,
        "PDS_BASE_DOMAIN": os.environ.get("PDS_BASE_DOMAIN") or _BASE_DOMAIN,
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(24)}",
        "STRIPE_LIVEMODE": "false",
        **proxies.exceptions(os.environ, host),
    }
    if parts.PORTAL in chosen:
        # Known to Supabase's auth server, which starts before it: its mails lead there.
        values |= portal.settings(os.environ)
    # What may take minutes comes before anything is started.
    postgrest = await install_postgrest(console) if parts.SUPABASE in chosen else None
    programs = await kubernetes.programs(console) if parts.KUBERNETES in chosen else None
    with run_folder() as folder:
        async with contextlib.AsyncExitStack() as running:
            starter = _Starter(Stack(values), folder, running, console)
            if programs:
                await starter.kubernetes(programs)
            if postgrest:
                await starter.supabase(postgrest, host)
            if parts.BACKEND in chosen:
                await starter.backend(host)
            for part in (parts.WEBHOOK, parts.OPERATOR):
                if part in chosen:
                    await starter.command(part)
            if parts.STRIPE in chosen:
                await starter.stripe(host)
            if parts.PORTAL in chosen:
                await starter.command(parts.PORTAL)
            yield starter.stack


@dataclass(frozen=True)
class _Starter:
    """Starts parts, each for as long as `running` is open, and notes in `stack` what they provide."""

    stack: Stack
    folder: Path
    running: contextlib.AsyncExitStack
    console: Console

    async def kubernetes(self, programs: kubernetes.Programs) -> None:
        async with self.console.step("start Kubernetes' API"):
            started = await self.running.enter_async_context(
                kubernetes.cluster(programs, self.folder / parts.KUBERNETES)
            )
        self.stack.cluster = started
        self.stack.programs += started.programs
        self.stack.values["KUBECONFIG"] = str(started.kubeconfig)

    async def supabase(self, postgrest: Path, host: str) -> None:
        async with self.console.step("start Supabase's API"):
            site_url = self.stack.values.get("PORTAL_URL", DEFAULT_SITE_URL)
            started = await self.running.enter_async_context(
                supabase(postgrest, self.folder / parts.SUPABASE, host, AuthSettings(site_url=site_url))
            )
        self.stack.programs += started.programs
        self.stack.values |= {
            "SUPABASE_URL": started.url,
            "SUPABASE_SERVICE_ROLE_KEY": started.keys.service_role,
            "SUPABASE_ANON_KEY": started.keys.anon,
            "SUPABASE_JWT_SECRET": started.keys.secret,
            "DATABASE_URL": started.database_url,
        }

    async def backend(self, host: str) -> None:
        async with self.console.step("start the simulated PDS backend"):
            started = await self.running.enter_async_context(product.backend(self.folder, host))
        self.stack.backend = started
        self.stack.programs.append(started.program)
        self.stack.values |= {"PDS_API_URL": f"{started.url}/api/v1", "PDS_API_TOKEN": started.token}

    async def stripe(self, host: str) -> None:
        async with self.console.step("start the stand-in for Stripe"):
            webhook = {name: self.stack.values[name] for name in _WEBHOOK if "WEBHOOK_URL" in self.stack.values}
            started = await self.running.enter_async_context(product.stripe(self.folder, host, webhook))
        self.stack.programs.append(started.program)
        self.stack.values |= {
            "STRIPE_API_BASE": started.url,
            "STRIPE_SECRET_KEY": started.token,
            "STRIPE_CHECKOUT_ORIGIN": started.url,
        }

    async def command(self, part: str) -> None:
        async with self.console.step(f"start {parts.COMMANDS[part].name}"):
            allotted = URL(self.stack.values["PORTAL_URL"]).port if part == parts.PORTAL else None
            started = await self.running.enter_async_context(
                product.service(part, self.stack.values, self.folder, allotted)
            )
        self.stack.programs.append(started.program)
        self.stack.values[f"{part.upper()}_ADMIN_URL"] = started.admin_url
        if part == parts.WEBHOOK:
            self.stack.values["WEBHOOK_URL"] = f"{started.url}/api/webhooks"
