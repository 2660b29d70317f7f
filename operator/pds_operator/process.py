"""The operator's process: its clients and its admin port, and while it leads its reconciler and its watch."""

import asyncio
import logging
from collections.abc import Callable, Container
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Self

from aiohttp import web
from aiolimiter import AsyncLimiter
from pydantic import ValidationError

from pds_clients.backend import PdsBackend
from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_clients.leases import Leases
from pds_clients.reservations import Reservations
from pds_clients.supabase import Supabase
from pds_contract.errors import DependencyError, InvalidInput, NotFound
from pds_contract.service import ServiceState
from pds_operator import metrics
from pds_operator.clock import boottime
from pds_operator.handlers import Watch
from pds_operator.leadership.decide import Timing
from pds_operator.leadership.election import Election, new_identity
from pds_operator.leadership.unopposed import Unopposed
from pds_operator.limits.circuit import Circuit
from pds_operator.limits.gate import Gate
from pds_operator.limits.recovery import Recovery
from pds_operator.reconciler.clients import Clients
from pds_operator.reconciler.deployer import Deployer
from pds_operator.reconciler.reconciler import Reconciler
from pds_operator.reconciler.sightings import Sightings
from pds_operator.reconciler.status_writer import StatusWriter
from pds_operator.reconciler.sweep import Sweep
from pds_operator.reconciler.visit import Visitor
from pds_operator.reconciler.watched import Watched
from pds_operator.reconciler.work_queue import WorkQueue
from pds_operator.settings import OperatorSettings
from pds_runtime.admin import Readiness, admin_app, serve
from pds_runtime.settings import rotating

logger = logging.getLogger(__name__)

FIELD_MANAGER = "pds-operator"
LEASE = "pds-operator"
"""The Lease's name, where all customers are one operator's."""
LOOKERS = 8
"""Workers beside those that deploy, so that slow deploys keep nobody from being looked at."""
POLLS_PER_SECOND = 50.0


class OperatorProcess:
    """Everything that lives as long as the process. Made by ``start``, put to work by ``lead``, ended by ``stop``."""

    def __init__(self, settings: OperatorSettings) -> None:
        self._settings = settings
        self._readiness = Readiness()
        self._resources = AsyncExitStack()
        self._watched = Watched()
        self._background: list[asyncio.Task[None]] = []
        self._reconciler: Reconciler | None = None
        self._clients: Clients
        self._token: Callable[[], str]
        self.leadership: Election | Unopposed
        self.watch: Watch

    @classmethod
    async def start(cls, settings: OperatorSettings) -> Self:
        """Open the clients and serve the admin port; nothing is worked on yet."""
        process = cls(settings)
        try:
            await process._open()
        except BaseException:
            await process._resources.aclose()
            raise
        return process

    async def lead(self) -> None:
        """Begin to work.

        Raises:
            InvalidInput: The CRD is missing.
        """
        await _check_served(self._clients.provisions)  # again: the API server may have been away at the start
        reconciler = self._reconciler = self._new_reconciler(self._clients, self._token)
        unsettled_first = self._notice_unsettled(reconciler)
        self._background = [asyncio.create_task(unsettled_first, name="unsettled first")]
        if self._settings.share().takes_unlabelled:  # of operators beside each other exactly one sweeps
            self._background.append(asyncio.create_task(self._sweep().run(), name="sweep"))
        self.watch.start(noticed=reconciler.noticed, look_at=reconciler.look_at)

    def close(self) -> None:
        """Begin nothing more: no visit, no deploy."""
        self._readiness.ready = False
        self._watched.close()
        for task in self._background:
            task.cancel()
        if self._reconciler is not None:
            self._reconciler.close()

    async def stop(self) -> None:
        """Finish the visits under way, then close everything. Stopping twice is stopping once."""
        self.close()
        await asyncio.gather(*self._background, return_exceptions=True)
        if self._reconciler is not None:
            await self._reconciler.drain()
        await self.watch.stop()
        await self._resources.aclose()

    async def _open(self) -> None:
        settings, opened = self._settings, self._resources
        api = await opened.enter_async_context(await KubernetesApi.connect(settings.kubeconfig))
        provisions = Provisions(api, settings.pds_namespace, FIELD_MANAGER)
        await _check_served(provisions)
        self.watch = Watch(settings.pds_namespace, api.connection, settings.pds_label_selector)
        self.leadership = leadership = _leadership(settings, api)
        metrics.LEADER.set_function(lambda: float(leadership.leading))
        self._token = rotating("PDS_API_TOKEN", settings.pds_api_token.get_secret_value())
        key = rotating("SUPABASE_SERVICE_ROLE_KEY", settings.supabase_service_role_key.get_secret_value())
        self._clients = Clients(
            provisions=provisions,
            reservations=Reservations(api, settings.pds_namespace, FIELD_MANAGER),
            supabase=await opened.enter_async_context(Supabase(settings.supabase_url, key)),
            backend=await opened.enter_async_context(
                PdsBackend(settings.pds_api_url, self._token, settings.pds_deploy_timeout)
            ),
        )
        runner: web.AppRunner = await serve(admin_app(self._readiness, stuck=self._stuck), settings.admin_port)
        opened.push_async_callback(runner.cleanup)
        self._readiness.ready = True

    def _stuck(self) -> str | None:
        return self.watch.stuck or (self._reconciler.stuck if self._reconciler is not None else None)

    def _new_reconciler(self, clients: Clients, token: Callable[[], str]) -> Reconciler:
        settings, policy = self._settings, self._settings.policy()
        queue, sightings = WorkQueue(), Sightings(boottime)

        def wake_all(names: list[str]) -> None:
            for name in names:
                queue.add(name)

        circuit = Circuit(boottime, token, wake_all)
        self._show(circuit, queue)
        writer = StatusWriter(clients.provisions, self.watch.announce, self._watched)
        gate = Gate(
            at_once=settings.pds_max_deploys,
            per_hour=settings.pds_max_deploys_per_hour,
            paused=settings.pds_deploy_paused,
            clock=boottime,
            wake=queue.add,
        )
        visitor = Visitor(
            clients=clients,
            policy=policy,
            sightings=sightings,
            circuit=circuit,
            gate=gate,
            recovery=Recovery(boottime, queue.add),
            deployer=Deployer(clients, policy, sightings, circuit, boottime, writer),
            writer=writer,
            watched=self._watched,
            # A process that was paused past its lease begins nothing, also before it has noticed.
            draining=lambda: queue.closed or not self.leadership.leading,
            polls=AsyncLimiter(POLLS_PER_SECOND, 1.0),
            label_selector=settings.pds_label_selector,
        )
        return Reconciler(
            visitor.visit, queue, sightings, policy, self._watched, workers=settings.pds_max_deploys + LOOKERS
        )

    def _show(self, circuit: Circuit, queue: WorkQueue) -> None:
        """Show what only the one that leads can know."""
        loop, watched = asyncio.get_running_loop(), self._watched
        metrics.CIRCUIT_OPEN.set_function(lambda: float(circuit.open))
        metrics.TASKS.set_function(lambda: float(len(asyncio.all_tasks(loop))))
        metrics.QUEUE_DEPTH.labels(state="due").set_function(lambda: float(len(queue)))
        metrics.QUEUE_DEPTH.labels(state="delayed").set_function(lambda: float(queue.delayed))
        metrics.UNSETTLED_OLDEST.set_function(lambda: watched.longest_wait(datetime.now(UTC)))
        metrics.DEPLOYS_PAUSED.set(self._settings.pds_deploy_paused)

    def _sweep(self) -> Sweep:
        provisions, watched = self._clients.provisions, self._watched

        async def all_names() -> Container[str]:
            # The watch has told of this one's share alone.
            if not self._settings.pds_label_selector:
                return watched
            return {name async for name in provisions.names()}

        return Sweep(self._clients.supabase, all_names, self._settings.pds_poll_ready)

    async def _notice_unsettled(self, reconciler: Reconciler) -> None:
        """Take up what is not running before kopf has listed everything."""
        try:
            unsettled, ours = f"status.serviceState!={ServiceState.RUNNING}", self._settings.pds_label_selector
            async for provision in self._clients.provisions.list(unsettled, ours):
                reconciler.noticed(provision)
        except DependencyError as error:
            logger.warning("the unsettled resources could not be listed ahead", extra={"error": str(error)})
        except ValidationError:
            # kopf's own list brings the rest, and the one that cannot be read.
            logger.warning("an unsettled resource cannot be read")
        except Exception:
            # A fault of ours. Nothing waits for this task; kopf's list brings them all, if later.
            logger.exception("a fault in listing the unsettled resources ahead")


def _leadership(settings: OperatorSettings, api: KubernetesApi) -> Election | Unopposed:
    if not settings.pds_lease_seconds:
        return Unopposed()
    name = f"{LEASE}{settings.share().suffix}"
    leases = Leases(api, settings.lease_namespace(), name, FIELD_MANAGER)
    return Election(leases, new_identity(), Timing(settings.pds_lease_seconds), boottime)


async def _check_served(provisions: Provisions) -> None:
    """Refuse to start where the CRD is missing: kopf would watch nothing, and say nothing.

    Raises:
        InvalidInput: The API server does not serve the resource.
    """
    try:
        async for _ in provisions.list("status.phase="):
            return
    except NotFound:
        raise InvalidInput("pdsprovisions", "the API server does not serve them; apply crds/ first", "no_crd") from None
    except (DependencyError, ValidationError) as error:
        logger.warning("whether the CRD is there could not be checked", extra={"error": type(error).__name__})
