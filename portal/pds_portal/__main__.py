"""The command ``pds-portal``: serves the customer's side until SIGTERM or SIGINT."""

import argparse
import asyncio
import logging
import sys

from pds_contract.errors import InvalidInput
from pds_portal import serving
from pds_portal.settings import PortalSettings
from pds_runtime.admin import CannotListen
from pds_runtime.logs import log_json
from pds_runtime.settings import EXIT_UNUSABLE_SETTINGS, load_settings

_log = logging.getLogger(__name__)


def main() -> None:
    """Serve.

    Raises:
        SystemExit: 2 where arguments or settings are unusable, 1 where a port cannot be listened on.
    """
    argparse.ArgumentParser(
        prog="pds-portal", description="Serves the customer's pages, checkout and PDS."
    ).parse_args()
    settings = load_settings(PortalSettings)
    log_json()
    try:
        asyncio.run(serving.run(settings))
    except InvalidInput as error:
        print(error, file=sys.stderr)  # noqa: T201 - in the form of the other unusable settings
        raise SystemExit(EXIT_UNUSABLE_SETTINGS) from None
    except CannotListen as error:
        _log.error("%s", error)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
