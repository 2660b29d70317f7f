"""The command ``pds-operator import``: opens the clients, runs, reports."""

import argparse
import asyncio
import signal
import sys
import time
from contextlib import AsyncExitStack

from pydantic import ValidationError

from pds_clients.backend import PdsBackend
from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_clients.reservations import Reservations
from pds_clients.supabase import Supabase
from pds_contract.errors import DependencyError, NotFound
from pds_operator.importing.dry_run import DryRunApi
from pds_operator.importing.importer import Importer
from pds_operator.importing.patience import Patience, Stopped
from pds_operator.importing.report import as_json, as_text
from pds_operator.importing.settings import ImportSettings
from pds_operator.importing.verdicts import Kind, Verdict
from pds_runtime.settings import rotating

HELP = "make resources for customers from before the operator; deploys nothing"
DESCRIPTION = (
    "Makes a PdsProvision for each row of pds_services that has a service's id and no PdsProvision yet. The operator "
    "adopts the service; nothing is deployed. Exit code 0: all is said and done; 1: something failed, run it again; "
    "2: unusable settings. docs/import.md tells more."
)
FIELD_MANAGER = "pds-import"
PROGRESS_SECONDS = 2.0
NO_DEPLOY = 1.0
"""The time-out of deploys, of which there are none."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and write nothing")
    parser.add_argument("--json", action="store_true", help="report as one JSON document on stdout")


async def run(settings: ImportSettings, options: argparse.Namespace) -> int:
    """Import, and report on stdout; progress goes to stderr. Returns the exit code."""
    patience = Patience()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, patience.stop, "it was asked to stop")
    try:
        async with AsyncExitStack() as opened:
            importer = await _importer(settings, patience, opened, dry_run=options.dry_run)
            verdicts = await importer.run()
    except (DependencyError, Stopped, ValidationError) as error:
        _say(f"nothing was imported: {_explained(error)}")
        return 1
    report = as_json if options.json else as_text
    sys.stdout.write(f"{report(verdicts, dry_run=options.dry_run)}\n")
    return _exit_code(verdicts)


async def _importer(settings: ImportSettings, patience: Patience, opened: AsyncExitStack, *, dry_run: bool) -> Importer:
    kubernetes = DryRunApi if dry_run else KubernetesApi
    api = await opened.enter_async_context(await kubernetes.connect(settings.kubeconfig))
    token = rotating("PDS_API_TOKEN", settings.pds_api_token.get_secret_value())
    key = rotating("SUPABASE_SERVICE_ROLE_KEY", settings.supabase_service_role_key.get_secret_value())
    return Importer(
        supabase=await opened.enter_async_context(Supabase(settings.supabase_url, key)),
        services=await opened.enter_async_context(PdsBackend(settings.pds_api_url, token, NO_DEPLOY)),
        provisions=Provisions(api, settings.pds_namespace, FIELD_MANAGER),
        reservations=Reservations(api, settings.pds_namespace, FIELD_MANAGER),
        rules=settings.hostname_rules(),
        patience=patience,
        progress=_Progress(),
    )


def _explained(error: Exception) -> str:
    if isinstance(error, NotFound):
        return "the API server does not serve pdsprovisions; apply crds/ first"
    if isinstance(error, ValidationError):
        return "a PdsProvision cannot be read; is the CRD newer than this program?"
    return str(error)


def _exit_code(verdicts: list[Verdict]) -> int:
    return 1 if any(verdict.kind is Kind.FAILED for verdict in verdicts) else 0


class _Progress:
    """A line now and then."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if done == total or time.monotonic() - self._said >= PROGRESS_SECONDS:
            self._said = time.monotonic()
            _say(f"{done} of {total} rows")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
