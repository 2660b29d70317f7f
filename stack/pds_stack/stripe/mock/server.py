"""A running stripe-mock."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from pds_stack.ports import free_ports
from pds_stack.processes import Program, running

_START_SECONDS = 60.0


@dataclass(frozen=True)
class StripeMock:
    """Where it listens, as STRIPE_API_BASE is given; it takes any secret key that begins with `sk_test_`."""

    url: str
    program: Program


@contextlib.asynccontextmanager
async def serving(program_path: Path, folder: Path) -> AsyncIterator[StripeMock]:
    """Run stripe-mock on a free port of this machine until the block ends.

    Args:
        program_path: the program.
        folder: where its log goes.
    """
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [program_path, "-http-addr", f"127.0.0.1:{port}"]
    async with running("stripe-mock", command, folder) as program:
        async with httpx.AsyncClient(trust_env=False) as client:

            async def answers() -> bool:
                try:
                    await client.get(url)  # it knows no path of its own: a refusal will do
                except httpx.TransportError:
                    return False
                return True

            await program.ready(answers, _START_SECONDS)
        yield StripeMock(url, program)
