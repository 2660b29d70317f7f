"""`pds-stack up`: the stack in the foreground, until Ctrl-C."""

import argparse
import asyncio
import contextlib
import ipaddress
import socket
from pathlib import Path

from pds_stack import envfile, interrupt, parts, stack
from pds_stack.console import Console
from pds_stack.errors import UsageError

HELP = "run the stack in the foreground and write a file to source"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "--only", metavar="PART,…", default=",".join(parts.ALL), help="the parts to run (default: %(default)s)"
    )
    parser.add_argument(
        "--env",
        metavar="FILE",
        type=Path,
        default=envfile.DEFAULT,
        help="the file to write the settings to, once all is ready (default: %(default)s)",
    )
    parser.add_argument(
        "--host",
        metavar="ADDRESS",
        default=stack.LOCALHOST,
        help="where supabase, backend and stripe listen, for pods to reach them (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Run the stack until a signal comes (0), or until one of its programs dies."""
    chosen = parts.chosen(options.only)
    envfile.refuse_if_in_use(options.env)
    host = _address(options.host, loopback=parts.PORTAL in chosen)
    return interrupt.run(_up(chosen, options.env, host))


async def _up(chosen: tuple[str, ...], env: Path, host: str) -> int:
    console = Console()
    stopping = False
    try:
        async with stack.start(chosen, host, console) as started:
            with envfile.published(env, started.env()), contextlib.suppress(asyncio.CancelledError):
                console.say(f"ready; in another terminal:\n\n  source {env}\n\nCtrl-C stops everything.")
                await started.guard(asyncio.Event().wait())
            stopping = True
            console.say("stopping")
    except asyncio.CancelledError:
        if not stopping:
            console.say("stopped before everything was ready")
        raise
    return 0


def _address(text: str, *, loopback: bool) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise UsageError(f"--host {text}: give an IP address of this machine") from error
    if address.is_unspecified:
        raise UsageError(f"--host {text}: give the one address by which others reach this machine")
    if loopback and not address.is_loopback:
        raise UsageError(
            f"--host {text}: the portal sends browsers to Stripe's page by plain HTTP, on this machine alone: "
            "leave out --host, or portal from --only"
        )
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError as error:
            raise UsageError(f"--host {text}: is no address of this machine ({error.strerror})") from error
    return str(address)
