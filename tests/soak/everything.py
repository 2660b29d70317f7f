"""The soak: customers arrive through the real webhook while everything fails at random, and are all served once."""

import asyncio
import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from faults.choosers import no_fault
from faults.journal import Journal
from faults.processes import Command, Zygote, start_zygote
from faults.proxy import FaultProxy
from faults.settings import operator_environment, webhook_environment
from faults.supervised import Supervised
from faults.upstreams import open_upstreams
from soak.arena import TOKEN, Arena, arena
from soak.injector import Injector
from soak.person import Person
from soak.schedule import Schedule, Victim, plan
from soak.stripe import Stripe
from soak.verdict import Verdict, judge

# Long enough that a machine which is busy does not delay an effect beyond them; short enough for pauses to exceed them.
TIMES = {
    "PDS_CLAIM_SECONDS": "2",
    "PDS_DEPLOY_TIMEOUT": "3",
    "PDS_SETTLE_SECONDS": "2",
    "PDS_LEASE_SECONDS": "8",
    "PDS_RETRY_BASE": "0.2",
    "PDS_POLL_READY": "600",
}
DEPLOY_SECONDS = 0.05
SETTING_UP_SECONDS = 0.5
TELL_EVERY = 10.0
REST_SECONDS = 240.0
REST_SECONDS_A_CUSTOMER = 0.25
"""How long the end may take once nothing fails any more: back-off, waits for claims, what has piled up."""


@dataclass(frozen=True)
class Soak:
    """What to do: the seed of all that is random, how many customers, over how many seconds."""

    seed: int
    customers: int
    seconds: float

    @property
    def rest(self) -> float:
        """Seconds that the end may take."""
        return REST_SECONDS + REST_SECONDS_A_CUSTOMER * self.customers


@dataclass(frozen=True)
class Report:
    """What came of it.

    Args:
        soak: What was done.
        verdict: How it ended.
        injected: What was injected, by kind.
        restarts: How often each process was started again, by its name and how the one before it ended.
        answers: What the webhook answered, and what it did not.
        person: What a person had to do.
        posts: Deploys that the backend received.
        rest: Seconds from the last fault to the end of all.
        journal: The histories.
    """

    soak: Soak
    verdict: Verdict
    injected: Counter[str]
    restarts: Counter[str]
    answers: Counter[str]
    person: Counter[str]
    posts: int
    rest: float
    journal: Journal


async def run(stack: Mapping[str, str], soak: Soak, tell: Callable[[str], None]) -> Report:
    """Do it, and judge the end."""
    schedule = plan(soak.seed, soak.customers, soak.seconds)
    async with arena(stack) as place, _processes(place) as processes:
        return await _Run(place, processes, schedule, soak, tell).go()


@dataclass(frozen=True)
class _Processes:
    kept: Mapping[Victim, Supervised]
    proxies: Mapping[Victim, FaultProxy]
    journal: Journal
    webhook_url: str


@contextlib.asynccontextmanager
async def _processes(place: Arena) -> AsyncIterator[_Processes]:
    """Run the webhook and two operators, each behind a proxy of its own."""
    place.simulator.change(
        repeated_deploy="second", deploy_seconds=DEPLOY_SECONDS, states=[[0, SETTING_UP_SECONDS], [3, None]]
    )
    journal = Journal()
    async with contextlib.AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="pds-soak-logs-")))
        upstreams = await opened.enter_async_context(
            open_upstreams(place.stack["KUBECONFIG"], place.stack["SUPABASE_URL"], place.backend_url)
        )
        zygote: Zygote = await opened.enter_async_context(start_zygote(folder))
        kept: dict[Victim, Supervised] = {}
        proxies: dict[Victim, FaultProxy] = {}
        webhook_url = ""
        for victim in Victim:
            proxy = await opened.enter_async_context(FaultProxy(victim, upstreams, journal))
            if victim is Victim.WEBHOOK:
                command, environment = Command.WEBHOOK, webhook_environment(proxy, place.namespace, place.stack)
                webhook_url = f"http://127.0.0.1:{environment['PORT']}/api/webhooks"
            else:
                command = Command.OPERATOR
                environment = operator_environment(proxy, place.namespace, place.stack, TOKEN, **TIMES)
            kept[victim] = await opened.enter_async_context(Supervised(zygote, command, environment, name=victim))
            proxies[victim] = proxy
        for process in kept.values():
            await process.ready()
        yield _Processes(kept, proxies, journal, webhook_url)


class _Run:
    def __init__(
        self, place: Arena, processes: _Processes, schedule: Schedule, soak: Soak, tell: Callable[[str], None]
    ) -> None:
        self._place, self._processes, self._schedule = place, processes, schedule
        self._soak, self._tell = soak, tell
        self._stripe = Stripe(processes.webhook_url, place.stack["STRIPE_WEBHOOK_SECRET"])
        self._person = Person(place, processes.journal)
        self._injector = Injector(schedule, processes.kept)
        self._accepted = 0

    async def go(self) -> Report:
        """Do it, and judge the end. Whatever fails beside the customers' coming ends all of it at once."""
        began = time.monotonic()
        for victim, proxy in self._processes.proxies.items():
            proxy.target = self._injector.target(victim)
            proxy.choose = self._injector.chooser()
        try:
            async with asyncio.TaskGroup() as beside:
                endless = [beside.create_task(self._person.run()), beside.create_task(self._progress(began))]
                await self._let_them_come(began)
                verdict, rest = await self._until_the_end()
                for task in endless:
                    task.cancel()
        finally:
            await self._stripe.close()
        return Report(
            soak=self._soak,
            verdict=verdict,
            injected=self._injector.injected,
            restarts=Counter(
                f"{victim} ({'killed' if code == -9 else f'exit code {code}'})"
                for victim, process in self._processes.kept.items()
                for code in process.ends
            ),
            answers=self._stripe.answers,
            person=self._person.did,
            posts=len(self._place.simulator.requests.select("/api/v1/deploy")),
            rest=rest,
            journal=self._processes.journal,
        )

    async def _let_them_come(self, began: float) -> None:
        """Let all customers pay, with faults; then end the faults and wait until Stripe has got rid of its events.

        An event that is never accepted is given up in the end: its customer is then found to be lost.
        """
        users = self._place.new_users(len(self._schedule.arrivals))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None) as patience, asyncio.TaskGroup() as payments:
                blows = payments.create_task(self._injector.run())
                for user_id, arrival in zip(users, self._schedule.arrivals, strict=True):
                    await asyncio.sleep(max(0.0, began + arrival.at - time.monotonic()))
                    payments.create_task(self._pay(user_id, twice=arrival.twice))
                await asyncio.sleep(max(0.0, began + self._soak.seconds - time.monotonic()))
                await blows
                for proxy in self._processes.proxies.values():
                    proxy.choose = no_fault
                await self._injector.stop()
                patience.reschedule(asyncio.get_running_loop().time() + self._soak.rest)

    async def _pay(self, user_id: str, *, twice: bool) -> None:
        await self._stripe.pay(user_id, twice=twice)
        self._accepted += 1

    async def _until_the_end(self) -> tuple[Verdict, float]:
        """Wait until everybody is served, or the time for that is over."""
        began = time.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._soak.rest):
                while await self._place.ready() < self._soak.customers:  # noqa: ASYNC110 - it is in etcd that they are
                    await asyncio.sleep(1.0)
        rest = time.monotonic() - began
        rows = self._place.rows(self._stripe.paid_at)
        provisions = await self._place.standings()
        services = self._place.simulator.services
        verdict = judge(self._soak.customers, self._stripe.paid_at, provisions, rows, services, self._person.told_wrong)
        return verdict, rest

    async def _progress(self, began: float) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY)
            self._tell(
                f"{time.monotonic() - began:5.0f} s: {len(self._stripe.paid_at)} paid, {self._accepted} accepted, "
                f"{len(self._place.simulator.services)} PDSes; {self._injector.injected.total()} faults injected"
            )
