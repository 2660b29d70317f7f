"""The operator as a service: kopf around what does the work, from start to drained."""

import asyncio
import signal

import kopf

import pds_operator.handlers  # noqa: F401 - registers the handlers with kopf
from pds_operator.process import OperatorProcess
from pds_operator.settings import OperatorSettings

LAST_EVENTS = 0.2
"""Seconds in which kopf posts the Events of what was just finished."""


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
