"""A stage for backfills: Stripe's stand-in, customers, and the command, as a process or in the test's own."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
from aiohttp.test_utils import TestServer

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_clients.stripe import CheckoutSessions
from pds_clients.supabase import Supabase
from pds_contract.names import HostnameRules
from pds_contract.resource import PdsProvision
from pds_stack.events import checkout_event
from pds_stack.stripe import StripeSimulator, create_app
from pds_webhook.backfill.progress import Progress
from pds_webhook.backfill.report import Report
from pds_webhook.backfill.run import Backfill
from pds_webhook.backfill.window import Window
from pds_webhook.events import Checkout, read_event
from pds_webhook.intake import Intake
from pds_webhook.provisioning import Provisioning

COMMAND = Path(sys.executable).parent / "pds-webhook"
KEY = "sk_test_of_the_tests"
CREATED = 1_790_000_000
SINCE = datetime.fromtimestamp(CREATED, UTC)
WAIT_SECONDS = 90.0

Json = dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """What a run of the command left."""

    code: int
    stdout: str
    stderr: str

    @property
    def report(self) -> Json:
        """The report of a run with --json."""
        assert self.code in {0, 1, 3}, self.stderr
        read: Json = json.loads(self.stdout)
        return read

    def users(self, part: str) -> set[str]:
        """The users in a part of the report."""
        return {entry["user_id"] for entry in self.report[part]}


@dataclass
class Running:
    """The command while it runs."""

    process: asyncio.subprocess.Process
    folder: tempfile.TemporaryDirectory[str]

    def kill(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def most_memory(self) -> int:
        """The most memory that it had so far, in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1])

    async def ended(self) -> Ended:
        """Wait for its end."""
        with self.folder as folder:
            async with asyncio.timeout(WAIT_SECONDS):
                code = await self.process.wait()
            return Ended(code, (Path(folder) / "out").read_text(), (Path(folder) / "err").read_text())


@dataclass
class BackfillStage:
    """Stripe's stand-in at ``stripe_url``, and a namespace that no other test uses."""

    stack: Mapping[str, str]
    api: KubernetesApi
    namespace: str
    stripe: StripeSimulator
    stripe_url: str
    supabase: Supabase
    database: psycopg.Connection
    new_user: Callable[[], str]
    _clock: int = field(default=CREATED)

    def checkout(self, user_id: str | None = None, **more: Any) -> Json:
        """An event of a paid checkout of a new user, or of this one, a minute newer than the one before."""
        self._clock += 60
        user_id = user_id or self.new_user()
        return checkout_event(**{"user_id": user_id, "email": f"{user_id}@a.example", "created": self._clock, **more})

    def listed(self, event: Json, subscription_status: str = "active") -> Json:
        """Have Stripe list an event's session; the event."""
        self.stripe.put(event["data"]["object"], subscription_status)
        return event

    def intake(self, namespace: str | None = None, supabase: Supabase | None = None) -> Intake:
        return Intake(
            Provisioning(self.api, namespace or self.namespace),
            supabase or self.supabase,
            HostnameRules.of(self.stack["PDS_BASE_DOMAIN"], [], "k8s-pds.frx.pub"),
            livemode=False,
        )

    async def deliver(self, event: Json, namespace: str | None = None) -> str:
        """Take an event in as a delivery; the answer's code."""
        checkout = read_event(json.dumps(event))
        assert isinstance(checkout, Checkout)
        return (await self.intake(namespace).take(checkout)).code

    async def start(self, *arguments: str, **settings: str) -> Running:
        """Start the command, which is told nothing but what it needs."""
        names = ("KUBECONFIG", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "STRIPE_LIVEMODE", "PDS_BASE_DOMAIN")
        environment = {
            "PATH": os.environ["PATH"],
            **{name: self.stack[name] for name in names},
            "PDS_NAMESPACE": self.namespace,
            "STRIPE_API_BASE": self.stripe_url,
            "STRIPE_SECRET_KEY": KEY,
            **settings,
        }
        folder = tempfile.TemporaryDirectory()
        with (Path(folder.name) / "out").open("w") as out, (Path(folder.name) / "err").open("w") as err:
            process = await asyncio.create_subprocess_exec(
                COMMAND, "backfill", *arguments, env=environment, stdout=out, stderr=err
            )
        return Running(process, folder)

    async def backfill(self, *arguments: str, **settings: str) -> Ended:
        """Run the command over all that was ever put here, with a report as JSON."""
        running = await self.start("--since", SINCE.isoformat(), "--json", *arguments, **settings)
        return await running.ended()

    async def run(self, intake: Intake, stripe_url: str | None = None, pauses: tuple[float, ...] = (0.01,)) -> Report:
        """Run it in this process, which need not wait long for what is absent."""
        async with CheckoutSessions(stripe_url or self.stripe_url, lambda: KEY) as sessions:
            backfill = Backfill(
                sessions, intake, self.provisions(), Progress(StringIO()), asyncio.Event(), pauses=pauses
            )
            return await backfill.run(Window(SINCE), dry_run=False)

    def provisions(self, namespace: str | None = None) -> Provisions:
        return Provisions(self.api, namespace or self.namespace, "test")

    async def resources(self, namespace: str | None = None) -> dict[str, PdsProvision]:
        """All resources of a namespace, by their users' ids."""
        return {made.spec.user_id: made async for made in self.provisions(namespace).list("")}

    def rows(self, users: set[str]) -> dict[str, tuple[Any, ...]]:
        """The users' rows in subscriptions, with the transaction that wrote each last."""
        query = (
            "select user_id::text, xmin::text, status, checkout_session_id, stripe_customer_id, stripe_subscription_id"
            " from public.subscriptions where user_id = any(%s::uuid[])"
        )
        return {row[0]: row[1:] for row in self.database.execute(query, (list(users),)).fetchall()}


@contextlib.asynccontextmanager
async def backfill_stage(
    stack: Mapping[str, str],
    api: KubernetesApi,
    namespace: str,
    database: psycopg.Connection,
    new_user: Callable[[], str],
) -> AsyncIterator[BackfillStage]:
    """Set the stage."""
    stripe = StripeSimulator(KEY)
    async with (
        TestServer(create_app(stripe)) as server,
        Supabase(stack["SUPABASE_URL"], lambda: stack["SUPABASE_SERVICE_ROLE_KEY"]) as supabase,
    ):
        url = str(server.make_url("")).rstrip("/")
        yield BackfillStage(stack, api, namespace, stripe, url, supabase, database, new_user)
