"""Run a program to its end."""

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pds_stack.errors import StackError
from pds_stack.processes.program import Account, Start, environment, launcher

_TAIL_LINES = 30


def _ignore(_line: str) -> None:
    """Nobody asked for the lines."""


async def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    given: str = "",
    account: Account | None = None,
    on_line: Callable[[str], None] = _ignore,
) -> str:
    """Run `command` and return its standard output.

    Args:
        command: the program, by its full path, and its arguments.
        env: its whole environment; None for this process's own.
        cwd: the folder it runs in.
        given: its standard input.
        account: whom it runs as; None for no change.
        on_line: called with each line of its standard error.

    Raises:
        StackError: it ended with another code than 0; the message holds the end of its standard error.
    """
    process = await asyncio.create_subprocess_exec(
        *launcher(command, Start(account=account)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(env),
        cwd=cwd,
        start_new_session=True,
    )
    try:
        output, tail, _ = await asyncio.gather(
            _read(process.stdout), _follow(process.stderr, on_line), _feed(process.stdin, given)
        )
        code = await process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.shield(asyncio.ensure_future(process.wait()))
    if code != 0:
        raise StackError(
            f"{' '.join([Path(command[0]).name, *map(str, command[1:2])])} failed (exit code {code}):\n{tail}"
        )
    return output


async def _read(stream: asyncio.StreamReader | None) -> str:
    return (await stream.read()).decode(errors="replace") if stream else ""


async def _follow(stream: asyncio.StreamReader | None, on_line: Callable[[str], None]) -> str:
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    if stream:
        async for raw in stream:
            line = raw.decode(errors="replace").rstrip()
            tail.append(line)
            on_line(line)
    return "\n".join(tail)


async def _feed(stream: asyncio.StreamWriter | None, given: str) -> None:
    if stream:
        # A program that ends without reading has its own say in its exit code.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stream.write(given.encode())
            await stream.drain()
        stream.close()
