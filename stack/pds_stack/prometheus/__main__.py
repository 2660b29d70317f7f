"""``python -m pds_stack.prometheus``: scrape a running stack, with the rules of deploy/monitoring, until Ctrl-C."""

import argparse
import sys
import tempfile
from pathlib import Path

from yarl import URL

from pds_stack import envfile, interrupt
from pds_stack.console import Console
from pds_stack.errors import StackError, UsageError
from pds_stack.prometheus.programs import prometheus
from pds_stack.prometheus.server import server

_JOBS = {
    "pds-webhook": "WEBHOOK_ADMIN_URL",
    "pds-operator": "OPERATOR_ADMIN_URL",
    "pds-portal": "PORTAL_ADMIN_URL",
}


def main() -> int:
    """Read the arguments and run; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pds_stack.prometheus", description=__doc__)
    parser.add_argument("--env", metavar="FILE", type=Path, help="the stack's env file (default: .stack/env)")
    parser.add_argument(
        "--replica",
        metavar="JOB=URL",
        action="append",
        default=[],
        help=f"the admin address of a further process, of {' or '.join(_JOBS)}; can be given again",
    )
    parser.add_argument(
        "--every", metavar="SECONDS", type=float, default=5.0, help="from scrape to scrape (default: %(default)s)"
    )
    options = parser.parse_args()
    try:
        return interrupt.run(_serve(_targets(options.env, options.replica), options.every))
    except StackError as error:
        sys.stderr.write(f"pds_stack.prometheus: {error}\n")
        return error.exit_code


def _targets(env: Path | None, replicas: list[str]) -> dict[str, list[str]]:
    found = envfile.settings(tuple(_JOBS.values()), env)
    targets = {job: [found[name]] for job, name in _JOBS.items()}
    for replica in replicas:
        job, _, url = replica.partition("=")
        if job not in targets or not URL(url).absolute:
            raise UsageError(f"--replica {replica}: give {' or '.join(f'{job}=http://HOST:PORT' for job in _JOBS)}")
        targets[job].append(url)
    return targets


async def _serve(targets: dict[str, list[str]], every: float) -> int:
    console = Console()
    program = await prometheus(console)
    with tempfile.TemporaryDirectory(prefix="pds-prometheus-") as folder:
        async with server(program, targets, Path(folder), every) as started:
            console.say(f"ready at {started.url}; Ctrl-C stops it and forgets everything")
            raise await started.program.died()


if __name__ == "__main__":
    sys.exit(main())
