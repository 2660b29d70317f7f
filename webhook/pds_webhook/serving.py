"""The webhook as a service: from start to drained."""

import asyncio
import logging
import signal
from contextlib import AsyncExitStack

from pds_clients.kubernetes import KubernetesApi
from pds_clients.supabase import Supabase
from pds_runtime.admin import Readiness, admin_app, serve
from pds_runtime.public.drain import LONGEST_DRAIN_SECONDS, UnderWay
from pds_runtime.public.listening import listen
from pds_runtime.settings import rotating
from pds_webhook.intake import Intake
from pds_webhook.metrics import Metrics
from pds_webhook.provisioning import Provisioning
from pds_webhook.responses import ConnectionAnswers
from pds_webhook.routes import public_app
from pds_webhook.settings import WebhookSettings

_log = logging.getLogger(__name__)


async def run(settings: WebhookSettings) -> None:
    """Serve until a signal asks to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    service_role_key = rotating("SUPABASE_SERVICE_ROLE_KEY", settings.supabase_service_role_key.get_secret_value())
    secrets = rotating("STRIPE_WEBHOOK_SECRET", settings.stripe_webhook_secret.get_secret_value())
    readiness = Readiness()
    async with AsyncExitStack() as closing:
        kubernetes = await closing.enter_async_context(await KubernetesApi.connect(settings.kubeconfig))
        supabase = await closing.enter_async_context(Supabase(settings.supabase_url, service_role_key))
        provisioning = Provisioning(kubernetes, settings.pds_namespace)
        intake = Intake(provisioning, supabase, settings.hostname_rules(), livemode=settings.stripe_livemode)
        admin = await serve(admin_app(readiness), settings.admin_port)
        closing.push_async_callback(admin.cleanup)
        under_way, metrics = UnderWay(), Metrics()
        app = public_app(intake, secrets, metrics, under_way)
        public = await listen(app, settings.port, metrics, ConnectionAnswers())
        closing.push_async_callback(under_way.drain, public)  # the first to be closed
        readiness.ready = True
        _log.info("serving", extra={"port": settings.port, "livemode": settings.stripe_livemode})
        await stop.wait()
        readiness.ready = False
        _log.info("draining", extra={"grace_seconds": LONGEST_DRAIN_SECONDS})
    _log.info("stopped")
