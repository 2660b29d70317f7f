"""The command ``pds-webhook``: serves until SIGTERM or SIGINT, then finishes what it has begun."""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable
from contextlib import AsyncExitStack

from aiohttp.web import AppRunner

from pds_clients.kubernetes import KubernetesApi
from pds_clients.supabase import Supabase
from pds_contract.errors import InvalidInput
from pds_runtime.admin import Readiness, admin_app, serve
from pds_runtime.logs import log_json
from pds_runtime.settings import EXIT_UNUSABLE_SETTINGS, load_settings, rotating
from pds_webhook.drain import CUT_OFF_SECONDS, UnderWay
from pds_webhook.intake import Intake
from pds_webhook.metrics import Metrics
from pds_webhook.provisioning import Provisioning
from pds_webhook.routes import public_app
from pds_webhook.settings import WebhookSettings

_log = logging.getLogger(__name__)


class CannotListen(Exception):
    """A port cannot be listened on. The message names its setting."""


def main() -> None:
    """Run the webhook.

    Raises:
        SystemExit: 2 where settings are unusable, 1 where a port cannot be listened on.
    """
    settings = load_settings(WebhookSettings)
    log_json()
    try:
        asyncio.run(run(settings))
    except InvalidInput as error:
        print(error, file=sys.stderr)  # noqa: T201 - in the form of the other unusable settings
        raise SystemExit(EXIT_UNUSABLE_SETTINGS) from None
    except CannotListen as error:
        _log.error("%s", error)
        raise SystemExit(1) from None


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
        admin = await _listening("ADMIN_PORT", serve(admin_app(readiness), settings.admin_port))
        closing.push_async_callback(admin.cleanup)
        under_way = UnderWay()
        app = public_app(intake, secrets, Metrics(), under_way)
        public = await _listening("PORT", serve(app, settings.port, grace=CUT_OFF_SECONDS))
        closing.push_async_callback(under_way.drain, public)  # the first to be closed
        readiness.ready = True
        _log.info("serving", extra={"port": settings.port, "livemode": settings.stripe_livemode})
        await stop.wait()
        readiness.ready = False
        _log.info("draining")
    _log.info("stopped")


async def _listening(setting: str, serving: Awaitable[AppRunner]) -> AppRunner:
    try:
        return await serving
    except OSError as error:
        raise CannotListen(f"cannot listen: {error.strerror}; set {setting} to a free port") from error


if __name__ == "__main__":
    main()
