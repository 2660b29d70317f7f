"""The command ``pds-webhook``: serves until SIGTERM or SIGINT, or backfills what Stripe could not deliver."""

import argparse
import asyncio
import logging
import sys

from pds_contract.errors import InvalidInput
from pds_runtime.admin import CannotListen
from pds_runtime.logs import log_json
from pds_runtime.settings import EXIT_UNUSABLE_SETTINGS, load_settings
from pds_webhook import serving
from pds_webhook.backfill import command as backfill
from pds_webhook.settings import WebhookSettings

_log = logging.getLogger(__name__)


def main() -> None:
    """Run what the arguments name; without any, the webhook.

    Raises:
        SystemExit: 2 where arguments or settings are unusable; 1 where a port cannot be listened on; else as the
            command says.
    """
    options = _parser().parse_args()
    try:
        code: int = options.run(options)
    except InvalidInput as error:
        print(error, file=sys.stderr)  # noqa: T201 - in the form of the other unusable settings
        raise SystemExit(EXIT_UNUSABLE_SETTINGS) from None
    raise SystemExit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pds-webhook", description="Takes Stripe's checkouts in. Without a command it serves the webhook."
    )
    parser.set_defaults(run=_serve)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    command = commands.add_parser(
        "backfill",
        help=backfill.HELP,
        description=backfill.DESCRIPTION,
        epilog=backfill.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    backfill.add_arguments(command)
    command.set_defaults(run=backfill.run)
    return parser


def _serve(_options: argparse.Namespace) -> int:
    settings = load_settings(WebhookSettings)
    log_json()
    try:
        asyncio.run(serving.run(settings))
    except CannotListen as error:
        _log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    main()
