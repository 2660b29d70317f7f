"""``python -m soak``: everything fails at random, and everybody is served; ``no-fault``, ``backend-down``: see below.

Kubernetes and Supabase are started for it, unless PDS_STACK_ENV names the env file of a stack that runs.
"""

import argparse
import secrets
import statistics
import sys

from pds_stack import interrupt
from soak import backend_down, everything, no_fault
from soak.arena import running_stack
from soak.outage_figures import Load, Way
from soak.verdict import kinds

SLOWEST = 1
SHOWN = 20
"""How many customers are shown with their history: of those who waited longest, and of those that are wrong."""


def main() -> int:
    """Read the arguments, do what they ask for, and return the exit code: 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    faults = commands.add_parser("faults", help="a random fault every second, random kills and pauses")
    faults.add_argument("--customers", type=int, default=2000)
    faults.add_argument("--minutes", type=float, default=10.0)
    faults.add_argument("--seed", type=int, default=None, help="of an earlier run, to repeat what it injected")
    none = commands.add_parser("no-fault", help="no fault but watches that are late and cut")
    none.add_argument("--customers", type=int, default=1000)
    none.add_argument("--runs", type=int, default=10)
    none.add_argument("--seed", type=int, default=1)
    down = commands.add_parser("backend-down", help="a backend that is down while customers wait")
    down.add_argument("--customers", type=int, default=500)
    down.add_argument("--minutes", type=float, default=60.0, help="how long it is down, by the operator's clock")
    down.add_argument("--speed", type=float, default=20.0, help="how fast the operator's clock runs")
    down.add_argument("--ways", nargs="+", type=Way, choices=list(Way), default=list(Way), metavar="WAY")
    options = parser.parse_args()
    return interrupt.run(_commands[options.command](options))


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command for a terminal


async def _faults(options: argparse.Namespace) -> int:
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    soak = everything.Soak(seed, options.customers, options.minutes * 60)
    _say(f"seed {seed}: {soak.customers} customers in {options.minutes:g} minutes")
    async with running_stack() as stack:
        report = await everything.run(stack, soak, _say)
    _say(show(report))
    return 0 if report.verdict.holds else 1


def show(report: everything.Report) -> str:
    """Write a report for a person, with the histories of the slowest and of all with whom something is wrong."""
    verdict = report.verdict
    paid = f"{verdict.customers} of {verdict.asked_for} customers paid"
    made = f"{verdict.made} PDSes were made by {report.posts} POSTs"
    p50, p99, longest = (verdict.percentile(share) for share in (0.5, 0.99, 1.0))
    lines = [
        f"seed {report.soak.seed}: {paid}, {made}, {len(verdict.wrong)} customers are wrong",
        f"from payment to Ready: p50 {p50:.1f} s, p99 {p99:.1f} s, longest {longest:.1f} s",
        f"all at the end {report.rest:.0f} s after the last fault",
    ]
    counted = {
        "injected": report.injected,
        "started again": report.restarts,
        "the webhook's answers": report.answers,
        "a person": report.person,
        "wrong": kinds(verdict.wrong),
    }
    for what, counts in counted.items():
        lines.append(f"{what}: {', '.join(f'{count} x {kind}' for kind, count in sorted(counts.items())) or 'nothing'}")
    slowest = [(user_id, f"Ready after {seconds:.0f} s") for user_id, seconds in verdict.seconds.items()][-SLOWEST:]
    for user_id, what in [*slowest, *list(verdict.wrong.items())[:SHOWN]]:
        history = report.journal.history(user_id)
        began = history[0].at if history else 0.0
        lines += [f"\n{user_id}: {what}", *(f"{each.at - began:7.1f} s {each}" for each in history)]
    if not verdict.holds:
        minutes = report.soak.seconds / 60
        lines.append(
            f'again: make soak ARGS="--seed {report.soak.seed} --customers {report.soak.customers} '
            f'--minutes {minutes!r}"'
        )
    return "\n".join(lines)


async def _no_fault(options: argparse.Namespace) -> int:
    wrong = 0
    runs: list[no_fault.Figures] = []
    async with running_stack() as stack:
        for number in range(options.runs):
            figures = await no_fault.run_once(stack, options.customers, options.seed + number, _say)
            runs.append(figures)
            wrong += bool(figures.faults())
            _say(f"run {number + 1}: {figures}; {'; '.join(figures.faults()) or 'as it has to be'}")
    times = [run.seconds for run in runs]
    _say(
        f"{len(runs)} runs of {options.customers} customers: {sum(run.posts for run in runs)} POSTs, "
        f"{sum(run.made for run in runs)} PDSes, {min(times):.0f} to {max(times):.0f} s a run "
        f"(median {statistics.median(times):.0f} s), {wrong} runs wrong"
    )
    return 1 if wrong else 0


async def _backend_down(options: argparse.Namespace) -> int:
    wrong = 0
    async with running_stack() as stack:
        for way in options.ways:
            load = Load(way, options.customers, options.minutes * 60, options.speed)
            figures = await backend_down.run(stack, load, _say)
            wrong += bool(figures.faults())
            _say(f"{figures}\n  {'; '.join(figures.faults()) or 'as it has to be'}")
    return 1 if wrong else 0


_commands = {"faults": _faults, "no-fault": _no_fault, "backend-down": _backend_down}


if __name__ == "__main__":
    sys.exit(main())
