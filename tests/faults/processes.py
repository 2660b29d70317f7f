"""The commands as real processes that cost a fork to start, and can be killed, stopped and paused."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from faults.readiness import NotReadyError, until_ready

ZYGOTE = Path(__file__).with_name("zygote.py")
STOP_SECONDS = 60.0


class Command(StrEnum):
    """The product's commands that serve."""

    OPERATOR = "pds-operator"
    WEBHOOK = "pds-webhook"


class ZygoteEndedError(Exception):
    """The process that forks the commands has ended, and with it everything that it had started."""

    def __init__(self, how: str = "see above for why") -> None:
        super().__init__(f"the process that forks the commands has ended; {how}")


class Process:
    """One process. Made by ``Zygote.start``.

    Args:
        command: What runs.
        environment: Its whole environment.
        log: The file with its output.
        pid: Its process id.
    """

    def __init__(self, zygote: "Zygote", command: Command, environment: Mapping[str, str], log: Path, pid: int) -> None:
        self.command = command
        self.environment = environment
        self.log = log
        self.pid = pid
        self._zygote = zygote
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def alive(self) -> bool:
        """Whether it has not ended; a paused one is alive."""
        return not self._ended.done()

    async def wait(self) -> int:
        """Wait until it ends; its exit code, or minus the signal that killed it."""
        return await asyncio.shield(self._ended)

    async def kill(self) -> int:
        """Kill it with SIGKILL and wait until it is dead."""
        self.send(signal.SIGKILL)
        return await self.wait()

    async def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Ask it to stop with SIGTERM and wait until it has.

        Raises:
            TimeoutError: It has not stopped within so many seconds.
        """
        self.send(signal.SIGTERM)
        async with asyncio.timeout(seconds):
            return await self.wait()

    async def pause(self) -> None:
        """Stop it with SIGSTOP: it stands still wherever it is."""
        self.send(signal.SIGSTOP)
        while self.alive and not _stands_still(self.pid):  # noqa: ASYNC110 - the kernel sets no event of ours
            await asyncio.sleep(0.001)

    async def resume(self) -> None:
        """Let a paused one go on, with SIGCONT."""
        self.send(signal.SIGCONT)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.alive:
            self._zygote.send(self.pid, number)

    async def ready(self) -> None:
        """Wait until it says on its admin port that it is ready.

        Raises:
            NotReadyError: It ended, or did not become ready in time.
        """
        try:
            await until_ready(self.environment["ADMIN_PORT"], lambda: self.alive)
        except NotReadyError as error:
            raise NotReadyError(
                f"{self.command} {error}; the end of its log:\n{self.log.read_text()[-3000:]}"
            ) from None

    def ended(self, code: int) -> None:
        """Note that it has ended; the zygote's word."""
        self._ended.set_result(code)


def _stands_still(pid: int) -> bool:
    """Tell whether a process is stopped or gone, by its state in proc(5)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "TtZ"
    except OSError:
        return True


class Zygote:
    """Starts processes by forking one that has imported everything. Made by ``start_zygote``."""

    def __init__(self, folder: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.folder = folder
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._starting: dict[str, asyncio.Future[int]] = {}
        self._ended = False
        self._running: dict[int, Process] = {}
        self._codes: dict[int, int] = {}

    @property
    def logs(self) -> list[Path]:
        """The output of every process that was ever started, a file each."""
        return sorted(self.folder.glob("*.log"))

    async def start(self, command: Command, environment: Mapping[str, str], *, name: str = "") -> Process:
        """Start a process with this environment and no other.

        Args:
            command: What to run.
            environment: Its whole environment.
            name: Goes into the name of its log.

        Raises:
            ZygoteEndedError: The zygote itself has ended; it said why on stderr.
        """
        if self._ended:
            raise ZygoteEndedError
        log = self.folder / f"{next(self._numbers):05}-{name or command}.log"
        started = self._starting[str(log)] = asyncio.get_running_loop().create_future()
        self._write({"start": command, "environment": dict(environment), "log": str(log)})
        pid = await started
        process = Process(self, command, environment, log, pid)
        if pid in self._codes:
            process.ended(self._codes.pop(pid))
        else:
            self._running[pid] = process
        return process

    def send(self, pid: int, number: signal.Signals) -> None:
        """Let the zygote, which knows whether it has ended, send a child a signal."""
        self._write({"signal": int(number), "pid": pid})

    async def follow(self) -> None:
        """Take in what the zygote tells, until it ends."""
        try:
            while line := await self._reader.readline():
                self._take_in(json.loads(line))
        finally:
            self._ended = True
            for started in self._starting.values():
                if not started.done():
                    started.set_exception(ZygoteEndedError())
            for process in self._running.values():  # they end with it
                process.ended(-signal.SIGKILL)
            self._running.clear()

    def _take_in(self, told: Mapping[str, Any]) -> None:
        if "started" in told:
            started = self._starting.pop(told["log"])
            if started.cancelled():
                self.send(told["started"], signal.SIGKILL)
            else:
                started.set_result(told["started"])
        elif told["ended"] in self._running:
            self._running.pop(told["ended"]).ended(told["code"])
        else:  # before ``start`` has had its turn
            self._codes[told["ended"]] = told["code"]

    async def kill_all(self) -> None:
        """Kill what still runs."""
        await asyncio.gather(*(process.kill() for process in list(self._running.values())))

    def _write(self, request: Mapping[str, Any]) -> None:
        self._writer.write(json.dumps(request).encode() + b"\n")


@contextlib.asynccontextmanager
async def start_zygote(folder: Path) -> AsyncIterator[Zygote]:
    """Run a zygote until the block ends, which ends every process that it started.

    Args:
        folder: Where the logs go; it has to exist.

    Raises:
        ZygoteEndedError: It has ended before the block. Who is inside the block is cancelled, so that nobody waits for
            a process that will never be.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        # In a session of its own: a signal for our whole process group (Ctrl-C, a closed terminal, timeout(1)) is for
        # us, who still need it while we stop. It ends with us, whatever becomes of us.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ZYGOTE),
            str(theirs.fileno()),
            pass_fds=[theirs.fileno()],
            env={name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
            start_new_session=True,
        )
    reader, writer = await asyncio.open_connection(sock=ours)
    zygote = Zygote(folder, reader, writer)
    following = asyncio.create_task(zygote.follow())
    inside = asyncio.current_task()
    assert inside is not None

    def cancel(_: asyncio.Task[None]) -> None:
        inside.cancel()

    following.add_done_callback(cancel)
    try:
        yield zygote
        await zygote.kill_all()
    except asyncio.CancelledError as error:
        if not following.done():
            raise
        inside.uncancel()
        following.result()
        raise ZygoteEndedError(f"its exit code is {await process.wait()}") from error
    finally:
        following.remove_done_callback(cancel)
        writer.close()
        if process.returncode is None:
            process.kill()  # whatever it was at; its children end with it
        await asyncio.gather(process.wait(), following)
