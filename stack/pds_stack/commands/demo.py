"""`pds-stack demo`: from a signed checkout to a running PDS, shown as it happens, and a replay that changes nothing."""

import argparse
import time

from pds_stack import interrupt, parts, stack
from pds_stack.console import Console, elapsed
from pds_stack.demo.road import Road

HELP = "start everything, go from a signed checkout to a running PDS, and stop again"


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Say what the command takes: nothing."""


def run(_options: argparse.Namespace) -> int:
    """Show the road; 0 only if all of it was as it has to be."""
    return interrupt.run(_demo())


async def _demo() -> int:
    console = Console()
    begun = time.monotonic()
    async with stack.start(parts.ALL, stack.LOCALHOST, console) as started:
        if started.cluster is None or started.backend is None:
            raise AssertionError("all parts were started")
        good = await started.guard(Road(started, started.cluster, started.backend, console).go())
    took = elapsed(time.monotonic() - begun)
    console.say(
        f"\n{'All of it is so' if good else 'NOT all of it is so'}. Everything is stopped again; {took} in all."
    )
    return 0 if good else 1
