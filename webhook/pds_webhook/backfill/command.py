"""The command line of a backfill, from its arguments to its exit code."""

import argparse
import asyncio
import json
import logging
import signal
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_clients.stripe import CheckoutSessions
from pds_clients.supabase import Supabase
from pds_contract.errors import InvalidInput
from pds_runtime.logs import log_json
from pds_runtime.settings import load_settings, rotating
from pds_webhook.backfill.progress import Progress
from pds_webhook.backfill.rehearsal import RehearsedProvisioning, RehearsedSubscriptions
from pds_webhook.backfill.rendering import as_document, as_text
from pds_webhook.backfill.report import Report
from pds_webhook.backfill.run import Backfill
from pds_webhook.backfill.settings import BackfillSettings
from pds_webhook.backfill.window import NotATime, Window, moment
from pds_webhook.decide import MANAGER
from pds_webhook.intake import Intake
from pds_webhook.provisioning import Provisioning

HELP = "take in the checkouts that Stripe could not deliver"
DESCRIPTION = """\
List the completed Checkout Sessions from Stripe and take each in as its delivery would be. What was
delivered is left as it is, so that it can be repeated, and run every hour with --since 2h."""
EPILOG = """\
exit codes:
  0  everybody in the window who paid, and still pays, has a resource
  1  not everything was done: run it again, as its last line says
  2  unusable arguments or settings
  3  everything was done, but somebody paid and has no resource, and only a person can help
In a dry run, those who would get a resource count as if they had one.

It reads STRIPE_SECRET_KEY (a restricted key that may read Checkout Sessions and Subscriptions is
enough) and the webhook's settings for Kubernetes, Supabase and hostnames."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    now = datetime.now(UTC)

    def read(text: str) -> datetime:
        try:
            return moment(text, now)
        except NotATime as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    parser.add_argument(
        "--since",
        type=read,
        required=True,
        metavar="WHEN",
        help="look at the sessions that may have been completed since then: a date (2026-11-01, or "
        "2026-11-01T06:30:00Z; UTC) or a time ago (72h, 3d). A session can be completed up to 24 hours after it was "
        "created, so those created up to 24 hours earlier are looked at too",
    )
    parser.add_argument(
        "--until", type=read, metavar="WHEN", help="leave out the sessions that were created after that (default: none)"
    )
    parser.add_argument("--dry-run", action="store_true", help="write nothing, and say what would be done")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Run the backfill and print its report; the exit code.

    Raises:
        SystemExit: 2 where settings are unusable.
        InvalidInput: The times are, or there is no usable kubeconfig.
    """
    window = Window(options.since, options.until)
    if window.empty:
        raise InvalidInput("backfill", "--until lies more than 24 hours before --since", "invalid_window")
    settings = load_settings(BackfillSettings)
    log_json(logging.WARNING)
    report = asyncio.run(_run(settings, window, dry_run=options.dry_run))
    sys.stdout.write(f"{json.dumps(as_document(report), indent=2)}\n" if options.json else as_text(report))
    return report.exit_code


async def _run(settings: BackfillSettings, window: Window, *, dry_run: bool) -> Report:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    service_role_key = rotating("SUPABASE_SERVICE_ROLE_KEY", settings.supabase_service_role_key.get_secret_value())
    stripe_key = rotating("STRIPE_SECRET_KEY", settings.stripe_secret_key.get_secret_value())
    async with AsyncExitStack() as closing:
        kubernetes = await closing.enter_async_context(await KubernetesApi.connect(settings.kubeconfig))
        supabase = await closing.enter_async_context(Supabase(settings.supabase_url, service_role_key))
        sessions = await closing.enter_async_context(CheckoutSessions(settings.stripe_api_base, stripe_key))
        provisions = Provisions(kubernetes, settings.pds_namespace, MANAGER)
        intake = Intake(
            RehearsedProvisioning(provisions) if dry_run else Provisioning(kubernetes, settings.pds_namespace),
            RehearsedSubscriptions(supabase) if dry_run else supabase,
            settings.hostname_rules(),
            livemode=settings.stripe_livemode,
        )
        backfill = Backfill(sessions, intake, provisions, Progress(sys.stderr), stop)
        return await backfill.run(window, dry_run=dry_run)
