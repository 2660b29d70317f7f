"""The operator as a service: stand by, lead, work, give the lead back, drain."""

import asyncio
import logging
import signal

from pds_operator.process import OperatorProcess
from pds_operator.settings import OperatorSettings

logger = logging.getLogger(__name__)


class LeadEnded(Exception):
    """This process was leading and cannot go on; a new start mends it. The message says why."""


async def run(settings: OperatorSettings) -> None:
    """Run the operator until SIGTERM or SIGINT, then finish what was begun.

    Raises:
        LeadEnded: What was begun is finished, and the process has to be started anew.
    """
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await operate(settings, stopping)


async def operate(settings: OperatorSettings, stopping: asyncio.Event) -> None:
    """Do the same until an event is set.

    Raises:
        LeadEnded: As for ``run``.
    """
    process = await OperatorProcess.start(settings)
    leadership = process.leadership
    asked = asyncio.create_task(stopping.wait(), name="until stopped")
    acquired = asyncio.create_task(leadership.acquire(), name="acquire the Lease")
    tasks: list[asyncio.Task[object]] = [asked, acquired]
    try:
        await asyncio.wait({asked, acquired}, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            return
        acquired.result()
        await process.lead()
        held = asyncio.create_task(leadership.hold(), name="hold the Lease")
        watched = asyncio.create_task(process.watch.ended(), name="until kopf ends")
        tasks += [held, watched]
        await asyncio.wait({asked, held, watched}, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            why = held.result() if held.done() else "kopf has ended by itself"
            logger.error("leading no more; finishing what was begun, then leaving", extra={"why": why})
            raise LeadEnded(why)
        logger.info("stopping; finishing what was begun", extra={"grace_seconds": settings.grace_seconds()})
    finally:
        # Nothing more is begun, so whoever leads next need not wait for what is under way: the claims protect that.
        process.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await leadership.release()
        await process.stop()
