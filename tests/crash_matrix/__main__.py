"""``python -m crash_matrix``: run the crash matrix, print its tables.

Exit code 1 where a cell is red, none ran, or too many faults never came to their exchange.
"""

import argparse
import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from itertools import chain
from pathlib import Path

from crash_matrix.cells import OPERATOR_TABLES, WEBHOOK_TABLES, Selection
from crash_matrix.ground import ground
from crash_matrix.matrix import run
from crash_matrix.table import render
from pds_stack import envfile, parts, stack
from pds_stack.console import Console


def main() -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(
        prog="python -m crash_matrix",
        description="Every exchange of a customer with every fault. Starts a stack of its own, unless PDS_STACK_ENV "
        "names the env file of one that runs.",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="CONFIGURATION/ROAD[:K[:FAULT]]",
        help="only these cells; * and ? as in the shell; can be given several times",
    )
    parser.add_argument("--sample", type=_share, default=1.0, metavar="SHARE", help="only such a share, as 0.1")
    parser.add_argument("--seed", type=int, default=0, help="which cells a sample has (default: %(default)s)")
    parser.add_argument(
        "--deep", action="store_true", help="after a lost answer strike with every fault, not with one of each kind"
    )
    options = parser.parse_args()
    selection = Selection(options.only, options.sample, options.seed, options.deep)
    tables = [*chain.from_iterable(OPERATOR_TABLES.values()), *WEBHOOK_TABLES]
    if not any(selection.may_hold(table) for table in tables):
        parser.error(f"--only fits none of the tables: {', '.join(map(str, tables))}")
    return asyncio.run(_main(selection))


async def _main(selection: Selection) -> int:
    console = Console()
    async with _running_stack(console) as settings, ground(settings) as opened:
        started = time.monotonic()
        results = await run(opened, selection, console.say)
        console.say(render(results))
        console.say(f"{time.monotonic() - started:.0f} s, seed {selection.seed}")
    if not results.results:
        console.say("no cell was chosen: the exchanges and faults of each table are above")
    return 0 if results.holds else 1


@contextlib.asynccontextmanager
async def _running_stack(console: Console) -> AsyncIterator[Mapping[str, str]]:
    running = os.environ.get("PDS_STACK_ENV")
    if running:
        yield envfile.parse(Path(running).read_text())  # noqa: ASYNC240 - before anything else runs
        return
    async with stack.start((parts.KUBERNETES, parts.SUPABASE), stack.LOCALHOST, console) as started:
        yield started.values


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share <= 1:
        raise ValueError
    return share


if __name__ == "__main__":
    sys.exit(main())
