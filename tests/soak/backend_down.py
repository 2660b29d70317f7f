"""A backend that is down for an hour of the operator's clock while customers wait, in each way of being down."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping

from aiohttp import web

from pds_stack.backend import BackendSimulator, Fault, create_app
from pds_stack.ports import free_ports
from soak.arena import Arena, arena, new_simulator, until_ready
from soak.operator_process import OperatorProcess, operating
from soak.outage_figures import Call, Figures, Load, Moment, Way
from stages.metrics import Metrics

RETRY_AFTER = 2
DEPLOY_SECONDS = 0.1
"""How long a deploy takes, by the real clock, so that some are under way at once."""
LOOKS = 8


class Backend:
    """The simulator at an address of its own, which can go away and come back."""

    def __init__(self, simulator: BackendSimulator) -> None:
        (self._port,) = free_ports(1)
        self._simulator = simulator
        self._runner: web.AppRunner | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    async def up(self) -> None:
        """Let it work."""
        self._simulator.change(faults=[], deploy_seconds=DEPLOY_SECONDS)
        if self._runner is None:
            self._runner = web.AppRunner(create_app(self._simulator), access_log=None, shutdown_timeout=0.1)
            await self._runner.setup()
            await web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024).start()

    async def down(self, way: Way) -> None:
        """Let it be down in one of the ways."""
        if way is Way.REFUSED:
            await self.close()
            return
        await self.up()
        hang, headers = way is Way.HANGING, {}
        if way is Way.UNAVAILABLE_RETRY_AFTER:
            headers = {"Retry-After": str(RETRY_AFTER)}
        self._simulator.change(
            faults=[
                Fault(endpoint=endpoint, times=None, hang=hang, status=None if hang else 503, headers=headers)
                for endpoint in ("deploy", "check", "service")
            ]
        )

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


async def run(stack: Mapping[str, str], load: Load, tell: Callable[[str], None]) -> Figures:
    """Bring a load about, and wait until everybody is served.

    Raises:
        AssertionError: Somebody was not served.
    """
    simulator = new_simulator()
    backend = Backend(simulator)
    async with arena(stack, simulator) as place, _closing(backend):
        environment = place.settings(
            PDS_API_URL=f"{backend.url}/api/v1", PDS_MAX_DEPLOYS=str(load.at_once), PDS_LEASE_SECONDS="0"
        )
        await backend.down(load.way)
        quick = ("soak.quick_clock", str(load.speed))
        async with operating(environment, place.folder, quick) as operator:
            return await _Run(place, backend, operator, load, tell).go()


@contextlib.asynccontextmanager
async def _closing(backend: Backend) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await backend.close()


class _Run:
    def __init__(
        self, place: Arena, backend: Backend, operator: OperatorProcess, load: Load, tell: Callable[[str], None]
    ) -> None:
        self._place, self._backend, self._operator, self._load, self._tell = place, backend, operator, load, tell
        self._figures = Figures(load)
        self._began = 0.0

    async def go(self) -> Figures:
        """Let the outage pass, then the rush after it."""
        load, figures = self._load, self._figures
        users = self._place.new_users(load.customers)
        self._began = time.monotonic()
        arriving = asyncio.create_task(self._arrive(users))
        for look in range(1, LOOKS + 1):
            await self._until(load.outage * look / LOOKS)
            figures.moments.append(await self._look())
            self._tell(f"{load.way}: {figures.moments[-1]}")
        await arriving
        await self._backend.up()
        figures.returned = self._now()
        await until_ready(self._place, load.customers, 120 + 2 * 720 / load.speed, self._tell, every=0.2)
        figures.all_served = self._now()
        self._count(users)
        return figures

    def _now(self) -> float:
        return (time.monotonic() - self._began) * self._load.speed

    async def _until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self._now()) / self._load.speed)

    async def _arrive(self, users: list[str]) -> None:
        """Let them arrive evenly over the first half of the outage."""
        for number, user_id in enumerate(users):
            await self._until(self._load.outage / 2 * number / len(users))
            self._figures.arrived.append(self._now())  # before: it may be seen to before we are told that it is made
            await self._place.ask_for(user_id)

    async def _look(self) -> Moment:
        metrics = await Metrics.read(self._operator.admin_port)
        return Moment(
            at=round(self._now(), 1),
            resident_bytes=self._operator.resident_bytes(),
            tasks=int(metrics.value("pds_operator_tasks")),
            visits=int(sum(metrics.value("pds_operator_visits_total", end=end) for end in ("rest", "fault"))),
        )

    def _count(self, users: list[str]) -> None:
        figures, simulator = self._figures, self._place.simulator
        for each in simulator.requests.select("/api/v1/"):
            ended = None if each.ended_at is None else self._moment(each.ended_at)
            figures.calls.append(Call(each.path, self._moment(each.at), ended))
        deploys = simulator.requests.select("/api/v1/deploy")
        by_hostname = {str((each.body or {}).get("hostname")): self._moment(each.at) for each in deploys}
        figures.served = [by_hostname[f"{user_id}.{self._place.stack['PDS_BASE_DOMAIN']}"] for user_id in users]
        figures.made = len(simulator.services)

    def _moment(self, at: float) -> float:
        return (at - self._began) * self._load.speed
