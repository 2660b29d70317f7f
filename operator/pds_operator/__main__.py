"""The command ``pds-operator``."""

import asyncio
import signal
import sys

import kopf

import pds_operator.handlers  # noqa: F401 - registers the handlers with kopf
from pds_contract.errors import InvalidInput
from pds_operator.process import OperatorProcess
from pds_operator.settings import OperatorSettings
from pds_runtime.logs import log_json
from pds_runtime.settings import EXIT_UNUSABLE_SETTINGS, load_settings

LAST_EVENTS = 0.2
"""Seconds in which kopf posts the Events of what was just finished."""


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
    """Run kopf around what does the work.

    The work is started first and drained first: kopf ends every task that is younger than itself, and posts no Event
    any more once it has begun to stop.
    """
    stopping, stop_kopf, watching = asyncio.Event(), asyncio.Event(), asyncio.Event()
    _stop_on_signals(stopping)
    process = await OperatorProcess.start(settings)
    try:
        signalled = asyncio.create_task(stopping.wait())
        started = asyncio.create_task(watching.wait())
        runs = asyncio.create_task(
            kopf.operator(
                standalone=True,
                namespaces=[settings.pds_namespace],
                memo=kopf.Memo(process=process),
                stop_flag=stop_kopf,
                ready_flag=watching,
            )
        )
        await asyncio.wait({signalled, started, runs}, return_when=asyncio.FIRST_COMPLETED)
        _stop_on_signals(stopping)  # again: kopf has put handlers of its own in their place
        await asyncio.wait({signalled, runs}, return_when=asyncio.FIRST_COMPLETED)
        await process.drain()
        await asyncio.sleep(LAST_EVENTS)
        stop_kopf.set()
        await runs
    finally:
        await process.stop()


def _stop_on_signals(stopping: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)


if __name__ == "__main__":
    main()
