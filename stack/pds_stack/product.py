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

    async def behave(self, **behaviour: object) -> None:
        """Tell the simulator of the backend how to behave.

        Raises:
            StackError: it refused.
        """
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.patch(f"{self.url}/_control/behaviour", json=behaviour)
        if not answer.is_success:
            raise StackError(f"the simulated backend refused its behaviour: {answer.text}")


def backend(folder: Path, host: str) -> contextlib.AbstractAsyncContextManager[Simulator]:
    """Run the simulator of the PDS backend on a free port of `host` until the block ends."""
    token = secrets.token_urlsafe(24)
    return _simulator("backend", token, {"PDS_API_TOKEN": token}, folder, host)


def stripe(folder: Path, host: str, webhook: Mapping[str, str]) -> contextlib.AbstractAsyncContextManager[Simulator]:
    """Run the stand-in for Stripe on a free port of `host` until the block ends.

    Args:
        folder: where its log goes.
        host: the address to listen on.
        webhook: the settings of the endpoint that hears of payments; empty: none does.
    """
    token = f"sk_test_{secrets.token_hex(24)}"
    return _simulator("stripe", token, {"STRIPE_SECRET_KEY": token, **webhook}, folder, host)


@contextlib.asynccontextmanager
async def _simulator(
    name: str, token: str, settings: Mapping[str, str], folder: Path, host: str
) -> AsyncIterator[Simulator]:
    (port,) = free_ports(1, host)
    url = str(URL.build(scheme="http", host=host, port=port))
    command = [sys.executable, "-m", f"pds_stack.{name}", "--host", host, "--port", str(port)]
    inherited = {name: value for name, value in os.environ.items() if name not in {"WEBHOOK_URL", *parts.SECRETS}}
    async with running(name, command, folder, Start(env={**inherited, **settings})) as program:
        await _answers(program, f"{url}/_control/health")
        yield Simulator(url, token, program)


@contextlib.asynccontextmanager
async def service(
    part: str, values: Mapping[str, str], folder: Path, port: int | None = None
) -> AsyncIterator[Service]:
    """Run the command of `part` until the block ends, on a free port where none was allotted.

    It inherits the environment, where further settings can be made; of the stack's, and of all secrets, it gets those
    meant for it.

    Raises:
        StackError: the command is not installed, or did not become ready.
    """
    command = parts.COMMANDS[part]
    program_path = paths.command(command.name)
    if program_path is None:
        raise StackError(f"no command {command.name}: install the product into the environment (make install)")
    free_port, admin_port = free_ports(2)
    port = port or free_port
    kept_back = {*values, *parts.SECRETS}
    inherited = {name: value for name, value in os.environ.items() if name not in kept_back}
    ports = {"PORT": str(port), "ADMIN_PORT": str(admin_port)}
    start = Start(env={**inherited, **command.environment(values), **ports})
    admin_url = f"http://127.0.0.1:{admin_port}"
    async with running(part, [program_path], folder, start) as program:
        await _answers(program, f"{admin_url}/readyz")
        yield Service(f"http://127.0.0.1:{port}", admin_url, program)


async def _answers(program: Program, url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        await program.ready(ready.answers(client, url), _START_SECONDS)
