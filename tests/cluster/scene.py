"""Everything that a run acts on and looks at, opened at its start and closed at its end."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from cluster.address import ADVICE, reached_by_pods
from cluster.failed import Failed
from cluster.installation import Installation
from cluster.judging import awaits_id, is_ready, require_served
from cluster.kubernetes import CUSTOMERS, Json, Kubernetes
from cluster.options import Options
from cluster.progress import Progress
from cluster.sender import Sender, sender
from cluster.simulated import Customer, Simulated
from cluster.stripe_side import Stripe
from cluster.waiting import until
from pds_contract.resource import PLURAL, SERVICE_ID_ANNOTATION, PdsProvision, provision_name
from pds_stack import parts, stack
from pds_stack.console import Console

_READY_SECONDS = 300.0
_DEPLOY = {"deploy_seconds": 0.5, "answer_seconds": 4.0}
"""A deploy takes so long before and after its effect, so that there is a middle of it to be killed in."""


@dataclass
class Scene:
    """What there is.

    Attributes:
        customers: All who have paid so far.
        given_ids: How many resources asked a person for a PDS's id, and got it.
    """

    options: Options
    progress: Progress
    kubernetes: Kubernetes
    installation: Installation
    simulated: Simulated
    sender: Sender
    stripe: Stripe
    customers: list[Customer] = field(default_factory=list)
    given_ids: int = 0

    def say(self, text: str) -> None:
        """Print a line."""
        self.progress.say(f"  {text}")

    def new_customers(self, count: int) -> list[Customer]:
        """Make so many users, who are going to pay."""
        made = self.simulated.new_customers(count)
        self.customers += made
        return made

    async def until_ready(self, customers: Sequence[Customer]) -> dict[str, PdsProvision]:
        """Wait until these customers' resources are Ready; give ids where a person is asked for them.

        Raises:
            Failed: They are not in time.
        """
        last = -1

        async def look() -> dict[str, PdsProvision] | None:
            nonlocal last
            found = await self.kubernetes.provisions()
            ready = sum(each.user_id in found and is_ready(found[each.user_id]) for each in customers)
            if ready != last:
                self.say(f"{ready} of {len(customers)} are Ready")
                last = ready
            if ready == len(customers):
                return found
            await self._give_ids(found)
            return None

        return await until(look, _READY_SECONDS, "everybody who paid is Ready")

    async def require_all_served(self) -> None:
        """See to it that each customer so far has one PDS, and that resource and row say so.

        Raises:
            Failed: It is otherwise.
        """
        require_served(
            self.customers,
            await self.kubernetes.provisions(),
            await self.simulated.rows(self.customers),
            await self.simulated.made(),
        )

    async def _give_ids(self, found: dict[str, PdsProvision]) -> None:
        """Do what AwaitingServiceId asks a person for: the leader that knew the id was killed before it was written."""
        made: dict[str, list[int]] | None = None
        for user_id, provision in found.items():
            if not awaits_id(provision) or SERVICE_ID_ANNOTATION in provision.metadata.annotations:
                continue
            made = made or await self.simulated.made()
            services = made.get(provision.status.hostname or "", [])
            if len(services) != 1:
                raise Failed(f"{user_id} awaits the id of one PDS, and the backend has {services}")
            annotation = f"{SERVICE_ID_ANNOTATION}={services[0]}"
            await self.kubernetes.kubectl("annotate", "-n", CUSTOMERS, PLURAL, provision_name(user_id), annotation)
            self.given_ids += 1

    async def kept(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Return what customers have in the cluster: resources and Secrets, each with what tells a change of it."""

        def versions(documents: list[Json]) -> list[tuple[str, str]]:
            metadata = [each["metadata"] for each in documents]
            return [(each["name"], f"{each['uid']} {each['resourceVersion']}") for each in metadata]

        resources = await self.kubernetes.documents(PLURAL, "-n", CUSTOMERS)
        return versions(resources), versions(await self.kubernetes.documents("secrets", "-n", CUSTOMERS))


@contextlib.asynccontextmanager
async def scene(options: Options, progress: Progress) -> AsyncIterator[Scene]:
    """Open everything: what is simulated here, what customers have in the cluster, the programs' Secrets, the sender.

    Raises:
        Failed: The product is on the cluster already, or pods do not reach this machine.
        StackError: Something did not start.
    """
    kubernetes = Kubernetes.of(options.kubectl, options.kubeconfig)
    async with contextlib.AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="pds-e2e-")))
        host = await reached_by_pods(kubernetes, options.host)
        simulators = (parts.SUPABASE, parts.BACKEND, parts.STRIPE)
        started = await opened.enter_async_context(stack.start(simulators, host, Console()))
        progress.say(f"the backend, Supabase and Stripe are simulated at {host}")
        installation = Installation(kubernetes, folder, started.values)
        await installation.refuse_another(progress.say)
        if not options.keep:
            opened.push_async_callback(_remove, installation, progress)
        await installation.prepare()
        database = opened.enter_context(psycopg.connect(started.values["DATABASE_URL"], autocommit=True))
        http = await opened.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=30.0))
        carrier = await opened.enter_async_context(sender(kubernetes, options.image))
        simulated = Simulated(started.values, http, database)
        await simulated.behave(**_DEPLOY)
        for name in ("SUPABASE_URL", "PDS_API_URL", "STRIPE_API_BASE"):
            answer = await carrier.get(started.values[name])
            if answer.error is not None:
                raise Failed(f"a pod does not reach {name} at {host} ({answer.error}); {ADVICE}")
        yield Scene(
            options=options,
            progress=progress,
            kubernetes=kubernetes,
            installation=installation,
            simulated=simulated,
            sender=carrier,
            stripe=Stripe(carrier, started.values["STRIPE_WEBHOOK_SECRET"]),
        )


async def _remove(installation: Installation, progress: Progress) -> None:
    progress.say("removing everything that was made")
    await asyncio.shield(asyncio.ensure_future(installation.remove_everything()))
    progress.say("removed")
