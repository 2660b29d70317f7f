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
from types import TracebackType
from typing import Any, Self

import aiohttp

ZYGOTE = Path(__file__).with_name("zygote.py")
START_SECONDS = 60.0
STOP_SECONDS = 60.0
RESTART_PAUSE = 0.05


class Command(StrEnum):
    """The product's commands that serve."""

    OPERATOR = "pds-operator"
    WEBHOOK = "pds-webhook"


class NotReadyError(Exception):
    """A process has ended, or did not become ready in time. The message holds the end of its log."""


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

    async def ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until it says on its admin port that it is ready.

        Raises:
            NotReadyError: It ended, or did not become ready in time.
        """
        url = f"http://127.0.0.1:{self.environment['ADMIN_PORT']}/readyz"
        deadline = asyncio.get_running_loop().time() + seconds
        async with aiohttp.ClientSession() as session:
            while asyncio.get_running_loop().time() < deadline and self.alive:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(url) as answer:
                        if answer.ok:
                            return
                await asyncio.sleep(0.02)
        how = f"was not ready within {seconds:.0f} s" if self.alive else f"ended with {await self.wait()}"
        raise NotReadyError(f"{self.command} {how}; the end of its log:\n{self.log.read_text()[-3000:]}")

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
        self._started: asyncio.Queue[int | None] = asyncio.Queue()
        self._starting = asyncio.Lock()
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
            RuntimeError: The zygote itself has ended; it said why on stderr.
        """
        log = self.folder / f"{next(self._numbers):05}-{name or command}.log"
        async with self._starting:
            self._write({"start": command, "environment": dict(environment), "log": str(log)})
            pid = await self._started.get()
        if pid is None:
            raise RuntimeError("the process that forks the commands has ended; see above for why")
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
        while line := await self._reader.readline():
            told = json.loads(line)
            if "started" in told:
                self._started.put_nowait(told["started"])
            elif told["ended"] in self._running:
                self._running.pop(told["ended"]).ended(told["code"])
            else:  # before ``start`` has had its turn
                self._codes[told["ended"]] = told["code"]
        self._started.put_nowait(None)
        for process in self._running.values():  # they end with it
            process.ended(-signal.SIGKILL)
        self._running.clear()

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
        RuntimeError: The zygote has ended before the block, and with it everything that it started.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        zygote_process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ZYGOTE),
            str(theirs.fileno()),
            pass_fds=[theirs.fileno()],
            env={name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
        )
    reader, writer = await asyncio.open_connection(sock=ours)
    zygote = Zygote(folder, reader, writer)
    following = asyncio.create_task(zygote.follow())
    owner = asyncio.current_task()
    assert owner is not None

    def cancel(_: asyncio.Task[None]) -> None:
        owner.cancel()  # else whoever waits for a process would wait for ever

    following.add_done_callback(cancel)
    try:
        yield zygote
        await zygote.kill_all()
    except asyncio.CancelledError:
        if not following.done():
            raise
        owner.uncancel()
        code = await zygote_process.wait()
        raise RuntimeError(f"the process that forks the commands has ended, with {code}") from None
    finally:
        following.remove_done_callback(cancel)
        writer.close()  # the zygote ends, and with it whatever was left
        await asyncio.gather(zygote_process.wait(), following)
        await writer.wait_closed()


class Kept:
    """A process that is started again whenever it ends, as a Deployment does; an async context manager.

    ``ends`` has how each of them ended: -9 for one that was killed; anything else it did by itself.

    Args:
        zygote: Starts it.
        command: What runs.
        environment: Its whole environment.
        name: Goes into the names of its logs.
    """

    def __init__(self, zygote: Zygote, command: Command, environment: Mapping[str, str], *, name: str = "") -> None:
        self.ends: list[int] = []
        self._zygote = zygote
        self._command = command
        self._environment = environment
        self._name = name
        self._stopping = False
        self._keeping: asyncio.Task[None]
        self.process: Process

    async def __aenter__(self) -> Self:
        await self._start()
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        await self.process.kill()
        await self._keeping

    async def kill(self) -> None:
        """Kill the process that runs now; another one is started."""
        await self.process.kill()

    async def pause(self) -> None:
        """Pause the process that runs now."""
        await self.process.pause()

    async def resume(self) -> None:
        """Let the process that runs now go on."""
        await self.process.resume()

    async def ready(self) -> None:
        """Wait until one is ready, be it the next.

        Raises:
            NotReadyError: None was, for as long as one may take to start.
        """
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while True:
            process = self.process
            try:
                return await process.ready()
            except NotReadyError:
                if process.alive or asyncio.get_running_loop().time() > deadline:
                    raise
            while self.process is process:  # noqa: ASYNC110 - for as long as RESTART_PAUSE
                await asyncio.sleep(RESTART_PAUSE)

    async def _start(self) -> None:
        self.process = await self._zygote.start(self._command, self._environment, name=self._name)

    async def _keep(self) -> None:
        while True:
            code = await self.process.wait()
            if self._stopping:
                return
            self.ends.append(code)
            await asyncio.sleep(RESTART_PAUSE)
            await self._start()
            if self._stopping:
                await self.process.kill()
                return
