"""The command ``pds-operator``."""

import asyncio
import sys

import kopf

import pds_operator.handlers  # noqa: F401 - registers the handlers with kopf
from pds_contract.errors import InvalidInput
from pds_operator.process import OperatorProcess
from pds_operator.settings import OperatorSettings
from pds_runtime.logs import log_json
from pds_runtime.settings import EXIT_UNUSABLE_SETTINGS, load_settings


def main() -> None:
    """Run the operator until SIGTERM or SIGINT, then drain.

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
    except OSError as error:
        print(f"ADMIN_PORT: {error.strerror}; set it to a free port", file=sys.stderr)  # noqa: T201 - the same
        raise SystemExit(1) from None


async def run(settings: OperatorSettings) -> None:
    """Run kopf around what does the work; the work is started first, so that kopf's end does not cancel it."""
    process = await OperatorProcess.start(settings)
    try:
        await kopf.operator(standalone=True, namespaces=[settings.pds_namespace], memo=kopf.Memo(process=process))
    finally:
        await process.stop()


if __name__ == "__main__":
    main()
