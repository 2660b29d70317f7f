"""``python -m bench``: measure, print the table, and write JSON and pictures where they are asked for."""

import argparse
import shlex
import sys
from pathlib import Path

from bench import catalogue, document, machine, picture, table
from bench.api_server import ApiServer
from bench.context import Context, StackFailedError, stack
from bench.figures import Figure
from pds_stack import interrupt

ROUNDS, QUICK_ROUNDS = 5, 1


def main() -> None:
    """Read the arguments and measure.

    Raises:
        SystemExit: 0; 130 where a signal ended it; the local stack's own words where it does not start.
    """
    options = _parser().parse_args()
    try:
        raise SystemExit(interrupt.run(_run(options)))
    except StackFailedError as error:
        raise SystemExit(f"the local stack did not start:\n{error}") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure what the product costs, each figure beside its floor."
    )
    parser.add_argument("--quick", action="store_true", help="measure little: a minute, and rough figures")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=catalogue.MODULES, help="these benches alone")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"rounds of each ({ROUNDS}; quick: {QUICK_ROUNDS})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round of every figure")
    parser.add_argument("--svg", type=Path, metavar="FOLDER", help="draw how each cost grows")
    return parser


async def _run(options: argparse.Namespace) -> int:
    facts = machine.facts()
    _say(machine.in_words(facts))
    figures = await _measure(options)
    sys.stdout.write(f"\n{machine.in_words(facts)}\n\n{table.render(figures)}\n")
    if options.json:
        command = shlex.join(["python", "-m", "bench", *sys.argv[1:]])
        options.json.write_text(document.render(figures, facts, command))
    if options.svg:
        options.svg.mkdir(parents=True, exist_ok=True)
        for name, drawn in picture.render(figures).items():
            (options.svg / f"{name}.svg").write_text(drawn)
    return 0


async def _measure(options: argparse.Namespace) -> list[Figure]:
    figures: list[Figure] = []
    async with stack(_say) as settings:
        context = Context(
            settings=settings,
            api=ApiServer.of(Path(settings["KUBECONFIG"])),
            rounds=options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS),
            quick=options.quick,
            say=_say,
        )
        for name in options.only or catalogue.MODULES:
            _say(f"measuring: {name}")
            figures += await catalogue.bench(name).measure(context)
    return figures


def _say(text: str) -> None:
    """Tell whoever waits; the table alone goes to stdout."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
