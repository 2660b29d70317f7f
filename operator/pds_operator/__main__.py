"""The command ``pds-operator``: reconciles until SIGTERM or SIGINT, then finishes what it has begun; or imports."""

import argparse
import asyncio
import logging
import sys

from pds_contract.errors import InvalidInput
from pds_operator.garbage import collect_less
from pds_operator.importing import command as importing
from pds_operator.importing.settings import ImportSettings
from pds_operator.serving import LeadEnded, run
from pds_operator.settings import OperatorSettings
from pds_runtime.admin import CannotListen
from pds_runtime.logs import log_json
from pds_runtime.settings import EXIT_UNUSABLE_SETTINGS, load_settings

_log = logging.getLogger(__name__)


def main() -> None:
    """Run the operator, or what its first argument names.

    Raises:
        SystemExit: With the exit code of what was run.
    """
    parser = argparse.ArgumentParser(
        prog="pds-operator",
        description="Reconciles PdsProvisions until SIGTERM or SIGINT. Settings come from the environment.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    importing.add_arguments(commands.add_parser("import", help=importing.HELP, description=importing.DESCRIPTION))
    options = parser.parse_args()
    if options.command == "import":
        _import(options)
    else:
        _reconcile()


def _import(options: argparse.Namespace) -> None:
    settings = load_settings(ImportSettings)
    log_json(logging.WARNING)
    try:
        raise SystemExit(asyncio.run(importing.run(settings, options)))
    except InvalidInput as error:
        print(error, file=sys.stderr)  # noqa: T201 - in the form of the other unusable settings
        raise SystemExit(EXIT_UNUSABLE_SETTINGS) from None


def _reconcile() -> None:
    """Run the operator.

    Raises:
        SystemExit: 2 where settings are unusable, 1 where the admin port cannot be listened on, or where this process
            was leading and cannot go on.
    """
    settings = load_settings(OperatorSettings)
    log_json()
    collect_less()
    try:
        asyncio.run(run(settings))
    except InvalidInput as error:
        print(error, file=sys.stderr)  # noqa: T201 - in the form of the other unusable settings
        raise SystemExit(EXIT_UNUSABLE_SETTINGS) from None
    except (CannotListen, LeadEnded) as error:
        _log.error("%s", error)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
