"""The command ``pds-operator``: reconciles until SIGTERM or SIGINT, then finishes what it has begun."""

import asyncio
import logging
import sys

from pds_contract.errors import InvalidInput
from pds_operator.serving import run
from pds_operator.settings import OperatorSettings
from pds_runtime.admin import CannotListen
from pds_runtime.logs import log_json
from pds_runtime.settings import EXIT_UNUSABLE_SETTINGS, load_settings

_log = logging.getLogger(__name__)


def main() -> None:
    """Run the operator.

    Raises:
        SystemExit: 2 where settings are unusable, 1 where the admin port cannot be listened on.
    """
    settings = load_settings(OperatorSettings)
    log_json()
    try:
        asyncio.run(run(settings))
    except InvalidInput as error:
        print(error, file=sys.stderr)  # noqa: T201 - in the form of the other unusable settings
        raise SystemExit(EXIT_UNUSABLE_SETTINGS) from None
    except CannotListen as error:
        _log.error("%s", error)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
