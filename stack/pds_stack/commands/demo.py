"""`pds-stack demo`: from a signed checkout to a running PDS, shown as it happens, and a replay that changes nothing.

With `--portal`: everything, and the customer's portal, left running to click through.
"""

import argparse
import asyncio
import contextlib
import time

from pds_stack import envfile, interrupt, parts, stack
from pds_stack.console import Console, elapsed
from pds_stack.demo import clicking
from pds_stack.demo.road import Road

HELP = "start everything, go from a signed checkout to a running PDS, and stop again"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "--portal",
        action="store_true",
        help="start the customer's portal too, and leave all of it running until Ctrl-C",
    )


def run(options: argparse.Namespace) -> int:
    """Show the road; 0 only if all of it was as it has to be. With the portal: 0 once a signal ends it."""
    if options.portal:
        envfile.refuse_if_in_use(envfile.DEFAULT)
        return interrupt.run(_portal())
    return interrupt.run(_demo())


async def _demo() -> int:
    console = Console()
    begun = time.monotonic()
    chosen = tuple(part for part in parts.ALL if part != parts.PORTAL)
    async with stack.start(chosen, stack.LOCALHOST, console) as started:
        if started.cluster is None or started.backend is None:
            raise AssertionError("both were started")
        good = await started.guard(Road(started, started.cluster, started.backend, console).go())
    took = elapsed(time.monotonic() - begun)
    console.say(
        f"\n{'All of it is so' if good else 'NOT all of it is so'}. Everything is stopped again; {took} in all."
    )
    return 0 if good else 1


async def _portal() -> int:
    console = Console()
    async with stack.start(parts.ALL, stack.LOCALHOST, console) as started:
        if started.backend is None:
            raise AssertionError("all parts were started")
        await started.backend.behave(**clicking.BEHAVIOUR)
        with envfile.published(envfile.DEFAULT, started.env()), contextlib.suppress(asyncio.CancelledError):
            console.say(clicking.instructions(started.values))
            console.say(
                f"kubectl and the rest, in another terminal: source {envfile.DEFAULT}. Ctrl-C stops everything."
            )
            await started.guard(asyncio.Event().wait())
        console.say("stopping")
    return 0
