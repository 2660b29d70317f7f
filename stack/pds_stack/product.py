"""Starts the product's commands and what is simulated for them, each told all by its environment."""

import contextlib
import os
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from yarl import URL

from pds_stack import parts, paths
from pds_stack.errors import StackError
from pds_stack.ports import free_ports
from pds_stack.processes import Program, Start, ready, running

_START_SECONDS = 60.0


@dataclass(frozen=True)
class Service:
    """A running command: its addresses without a slash at the end."""

    url: str
    admin_url: str
    program: Program


@dataclass(frozen=True)
class Simulator:
    """A running simulator of what the product calls.

    Attributes:
        url: where it listens, without a path.
        token: what its API asks for.
        program: what runs, to be watched.
    """

    url: str
    token: str = field(repr=False)
    program: Program


def backend(folder: Path, host: str) -> contextlib.AbstractAsyncContextManager[Simulator]:
    """Run the simulator of the PDS backend on a free port of `host` until the block ends."""
    return _simulator("backend", "PDS_API_TOKEN", secrets.token_urlsafe(24), folder, host)


def stripe(folder: Path, host: str) -> contextlib.AbstractAsyncContextManager[Simulator]:
    """Run the stand-in for Stripe's API on a free port of `host` until the block ends."""
    return _simulator("stripe", "STRIPE_SECRET_KEY", f"sk_test_{secrets.token_hex(24)}", folder, host)


@contextlib.asynccontextmanager
async def _simulator(name: str, setting: str, token: str, folder: Path, host: str) -> AsyncIterator[Simulator]:
    (port,) = free_ports(1, host)
    url = str(URL.build(scheme="http", host=host, port=port))
    command = [sys.executable, "-m", f"pds_stack.{name}", "--host", host, "--port", str(port)]
    start = Start(env={**os.environ, setting: token})
    async with running(name, command, folder, start) as program:
        await _answers(program, f"{url}/_control/health")
        yield Simulator(url, token, program)


@contextlib.asynccontextmanager
async def service(part: str, values: Mapping[str, str], folder: Path) -> AsyncIterator[Service]:
    """Run the command of `part` on free ports until the block ends.

    It inherits the environment, where further settings can be made; of the stack's it gets those meant for it.

    Raises:
        StackError: the command is not installed, or did not become ready.
    """
    command = parts.COMMANDS[part]
    program_path = paths.command(command.name)
    if program_path is None:
        raise StackError(f"no command {command.name}: install the product into the environment (make install)")
    port, admin_port = free_ports(2)
    inherited = {name: value for name, value in os.environ.items() if name not in values}
    ports = {"PORT": str(port), "ADMIN_PORT": str(admin_port)}
    start = Start(env={**inherited, **command.environment(values), **ports})
    admin_url = f"http://127.0.0.1:{admin_port}"
    async with running(part, [program_path], folder, start) as program:
        await _answers(program, f"{admin_url}/readyz")
        yield Service(f"http://127.0.0.1:{port}", admin_url, program)


async def _answers(program: Program, url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        await program.ready(ready.answers(client, url), _START_SECONDS)
