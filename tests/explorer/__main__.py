"""The command ``python -m explorer [--large] [WORD ...]``: all searches, or those with a word in their names."""

import argparse
import multiprocessing
import time
from collections.abc import Sequence

from explorer.jobs import jobs, search, told

PROCESSES = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Search, and return the exit code: 1 where something was found that should not be, or not found that should."""
    parser = argparse.ArgumentParser(prog="python -m explorer", description=__doc__)
    parser.add_argument("--large", action="store_true", help="larger bounds; takes minutes")
    parser.add_argument("words", nargs="*", metavar="WORD", help="search only what holds one of these in its name")
    asked = parser.parse_args(arguments)
    chosen = [
        job for job in jobs(large=asked.large) if not asked.words or any(word in job.name for word in asked.words)
    ]
    began, states, bad = time.perf_counter(), 0, 0
    with multiprocessing.get_context("spawn").Pool(PROCESSES, maxtasksperchild=1) as pool:
        for done in pool.imap(search, chosen):
            print("\n".join(told(done)), flush=True)  # noqa: T201 - for a person
            states += done.result.states
            bad += not done.good
    seconds = time.perf_counter() - began
    print(f"{len(chosen)} searches, {states:,} states, {seconds:.0f} s, {bad} not as promised")  # noqa: T201 - the same
    return 1 if bad or not chosen else 0


if __name__ == "__main__":
    raise SystemExit(main())
