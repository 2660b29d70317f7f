"""The operator's process: its clients, its reconciler, its admin port, from start to drained."""

import asyncio
import contextvars
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Self

import kopf
from aiohttp import web
from aiolimiter import AsyncLimiter
from pydantic import ValidationError

from pds_clients.backend import PdsBackend
from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_clients.reservations import Reservations
from pds_clients.supabase import Supabase
from pds_contract.errors import DependencyError, InvalidInput, NotFound
from pds_contract.resource import API_VERSION, KIND, PdsProvision
from pds_contract.service import ServiceState
from pds_operator.clock import boottime
from pds_operator.limits.circuit import Circuit
from pds_operator.limits.gate import Gate
from pds_operator.protocol.steps import Event
from pds_operator.reconciler.clients import Clients
from pds_operator.reconciler.deployer import Deployer
from pds_operator.reconciler.reconciler import Reconciler
from pds_operator.reconciler.sightings import Sightings
from pds_operator.reconciler.sweep import Sweep
from pds_operator.reconciler.visit import Visitor
from pds_operator.reconciler.watched import Watched
from pds_operator.reconciler.work_queue import WorkQueue
from pds_operator.settings import OperatorSettings
from pds_runtime.admin import Readiness, admin_app, serve
from pds_runtime.settings import rotating

logger = logging.getLogger(__name__)

FIELD_MANAGER = "pds-operator"
LOOKERS = 8
"""Workers beside those that deploy, so that slow deploys keep nobody from being looked at."""
POLLS_PER_SECOND = 50.0


class OperatorProcess:
    """Everything that lives as long as the process. Made by ``start``, ended by ``stop``."""

    def __init__(self, settings: OperatorSettings) -> None:
        self._settings = settings
        self._readiness = Readiness()
        self._resources = AsyncExitStack()
        self._posting: contextvars.Context | None = None
        self._unposted: list[tuple[PdsProvision, Event]] = []
        self._watched = Watched()
        self._background: list[asyncio.Task[None]] = []
        self.api: KubernetesApi
        self.reconciler: Reconciler

    @classmethod
    async def start(cls, settings: OperatorSettings) -> Self:
        """Open the clients, start the workers, serve the admin port."""
        process = cls(settings)
        try:
            await process._open()
        except BaseException:
            await process._resources.aclose()
            raise
        return process

    async def stop(self) -> None:
        """Drain, then close everything. Stopping twice is stopping once."""
        await self.drain()
        await self._resources.aclose()

    async def drain(self) -> None:
        """Finish the visits under way, begin nothing more."""
        self._readiness.ready = False
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.reconciler.drain()

    def post_events_from_here(self) -> None:
        """Remember kopf's context of a handler: ``kopf.event`` finds its queue in it, our workers have none."""
        if self._posting is None:
            self._posting = contextvars.copy_context()
            for provision, event in self._unposted:
                self._announce(provision, event)
            self._unposted.clear()

    async def _open(self) -> None:
        settings, opened = self._settings, self._resources
        self.api = await opened.enter_async_context(await KubernetesApi.connect(settings.kubeconfig))
        provisions = Provisions(self.api, settings.pds_namespace, FIELD_MANAGER)
        await _check_served(provisions)
        token = rotating("PDS_API_TOKEN", settings.pds_api_token.get_secret_value())
        key = rotating("SUPABASE_SERVICE_ROLE_KEY", settings.supabase_service_role_key.get_secret_value())
        clients = Clients(
            provisions=provisions,
            reservations=Reservations(self.api, settings.pds_namespace, FIELD_MANAGER),
            supabase=await opened.enter_async_context(Supabase(settings.supabase_url, key)),
            backend=await opened.enter_async_context(
                PdsBackend(settings.pds_api_url, token, settings.pds_deploy_timeout)
            ),
            announce=self._announce,
        )
        self.reconciler = self._reconciler(clients, token)
        runner: web.AppRunner = await serve(admin_app(self._readiness), settings.admin_port)
        opened.push_async_callback(runner.cleanup)
        sweep = Sweep(clients.supabase, self._watched, settings.pds_poll_ready)
        self._background = [
            asyncio.create_task(self._notice_unsettled(provisions), name="unsettled first"),
            asyncio.create_task(sweep.run(), name="sweep"),
        ]
        self._readiness.ready = True

    def _reconciler(self, clients: Clients, token: Callable[[], str]) -> Reconciler:
        settings, policy = self._settings, self._settings.policy()
        queue, sightings = WorkQueue(), Sightings(boottime)

        def wake_all(names: set[str]) -> None:
            for name in names:
                queue.add(name)

        circuit = Circuit(boottime, token, wake_all)
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
            deployer=Deployer(clients, policy, sightings, circuit, boottime, self._watched),
            watched=self._watched,
            draining=lambda: queue.closed,
            polls=AsyncLimiter(POLLS_PER_SECOND, 1.0),
        )
        return Reconciler(visitor, queue, sightings, policy, self._watched, workers=settings.pds_max_deploys + LOOKERS)

    async def _notice_unsettled(self, provisions: Provisions) -> None:
        """Take up what is not running before kopf has listed everything."""
        try:
            async for provision in provisions.list(f"status.serviceState!={ServiceState.RUNNING}"):
                self.reconciler.noticed(provision)
        except DependencyError as error:
            logger.warning("the unsettled resources could not be listed ahead", extra={"error": str(error)})
        except ValidationError:
            # kopf's own list brings the rest, and the one that cannot be read.
            logger.warning("an unsettled resource cannot be read")

    def _announce(self, provision: PdsProvision, event: Event) -> None:
        if self._posting is None:
            self._unposted.append((provision, event))  # before kopf's first list has come in
            return
        reference = kopf.Body(
            {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "metadata": {
                    "namespace": provision.metadata.namespace,
                    "name": provision.metadata.name,
                    "uid": provision.metadata.uid,
                },
            }
        )
        self._posting.run(kopf.event, reference, type=event.type, reason=event.reason, message=event.message)


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
