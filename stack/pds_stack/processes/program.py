"""One started program: its process group, its log, its readiness, its end."""

import asyncio
import contextlib
import os
import pwd
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pds_stack.errors import ProgramDiedError, StackError
from pds_stack.proxies import exceptions

_LAUNCHER = Path(__file__).with_name("launch.py")
_POLL_SECONDS = 0.05
_TAIL_LINES = 30
_TAIL_BYTES = 16_384


@dataclass(frozen=True)
class Account:
    """A user of this machine that a program runs as."""

    uid: int
    gid: int

    @classmethod
    def unprivileged(cls) -> "Account | None":
        """`nobody`, where this process is root; None where it is not, and need not become anyone else."""
        if os.geteuid() != 0:
            return None
        entry = pwd.getpwnam("nobody")
        return cls(entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True)
class Start:
    """How a program is started and stopped.

    Attributes:
        env: the whole environment; None for this process's own.
        account: whom it runs as; None for no change.
        stop_signal: what asks it to end.
        orphan_signal: what the kernel sends it when the stack is gone without having stopped it.
        stop_seconds: how long it may take to end before it is killed.
    """

    env: Mapping[str, str] | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    stop_seconds: float = 20.0


def environment(given: Mapping[str, str] | None) -> dict[str, str]:
    """The environment of a program: `given`, or this process's own, and no proxy before this machine's addresses."""
    base = os.environ if given is None else given
    return {**base, **exceptions(base)}


def launcher(command: Sequence[str | Path], start: Start) -> list[str]:
    """The command line that runs `command` bound to this process's life (see launch.py)."""
    account = f"{start.account.uid}:{start.account.gid}" if start.account else "-"
    bound = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), str(int(start.orphan_signal)), account]
    return [*bound, *(str(part) for part in command)]


class Program:
    """A running program. Made by `running`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path, start: Start) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._start = start

    def tail(self) -> str:
        """The last lines of the log."""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:]) or "(empty)"

    async def ready(self, condition: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """Wait until `condition` holds.

        Raises:
            ProgramDiedError: the program ended first.
            StackError: the condition did not hold within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while True:
            if self._process.returncode is not None:
                raise ProgramDiedError(self.name, self._process.returncode, self.tail())
            if await condition():
                return
            if time.monotonic() > deadline:
                raise StackError(f"{self.name} was not ready in {seconds:.0f} s. The end of its log:\n{self.tail()}")
            await asyncio.sleep(_POLL_SECONDS)

    async def died(self) -> ProgramDiedError:
        """Wait until the program ends; the error to raise if nobody asked it to."""
        code = await self._process.wait()
        return ProgramDiedError(self.name, code, self.tail())

    async def stop(self) -> None:
        """Ask the program to end, wait, and kill what is left of its process group."""
        if self._process.returncode is None:
            self._signal(self._start.stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), self._start.stop_seconds)
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


@contextlib.asynccontextmanager
async def running(
    name: str, command: Sequence[str | Path], folder: Path, start: Start | None = None
) -> AsyncIterator[Program]:
    """Run `command` in `folder` till the block ends: a process group of its own, its output in `<name>.log`."""
    start = start or Start()
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *launcher(command, start),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(start.env),
            cwd=folder,
            start_new_session=True,
        )
    program = Program(name, process, log, start)
    try:
        yield program
    finally:
        # A second request to stop must not leave half of the programs running.
        await asyncio.shield(asyncio.ensure_future(program.stop()))
