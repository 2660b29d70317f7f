"""The processes that are measured: the product's commands, and what the kernel says of each."""

import asyncio
import contextlib
import os
import sysconfig
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter
from typing import IO, Self

from pds_stack.ports import free_ports

_TICKS = os.sysconf("SC_CLK_TCK")
_MEGABYTE = 1024 * 1024
_START_SECONDS = 120.0
_STOP_SECONDS = 120.0
_READY = b"GET /readyz HTTP/1.0\r\n\r\n"
_POLL_SECONDS = 0.005
_OUTPUT_SHOWN = 4000


class DiedError(Exception):
    """A process ended that was to be measured."""


@dataclass(frozen=True)
class Usage:
    """What a process has used up to now.

    Args:
        cpu_seconds: In user mode and in the kernel, of all its threads.
        rss: Resident megabytes now.
        peak_rss: The most there were since the start, or since ``forget_peak``.
    """

    cpu_seconds: float
    rss: float
    peak_rss: float

    @classmethod
    def of(cls, pid: int) -> Self:
        """Ask the kernel."""
        # The program's name, the second field, may hold anything.
        numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        memory = {name: value for name, _, value in (line.partition(":") for line in lines)}
        rss, peak = (int(memory[name].split()[0]) * 1024 / _MEGABYTE for name in ("VmRSS", "VmHWM"))
        return cls((int(numbers[11]) + int(numbers[12])) / _TICKS, rss, peak)


def forget_peak(pid: int) -> None:
    """Have a process's peak begin anew from what it holds now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


@dataclass(frozen=True)
class Command:
    """A running command of the product.

    Args:
        pid: Its process.
        port: Its public port, where it has one.
        admin_port: Where it answers probes.
        ready_after: Seconds from its start until it said that it was ready.
    """

    pid: int
    port: int
    admin_port: int
    ready_after: float

    def usage(self) -> Usage:
        """Say what it has used up to now."""
        return Usage.of(self.pid)


@contextlib.asynccontextmanager
async def running(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[Command]:
    """Run a command of the product until the block ends; it is ready when the block begins.

    Args:
        command: Its name and its arguments.
        environment: All of its environment but PATH, PORT and ADMIN_PORT.

    Raises:
        DiedError: It ended before it was asked to.
    """
    port, admin_port = free_ports(2)
    program = Path(sysconfig.get_path("scripts")) / command[0]
    ports = {"PATH": os.environ["PATH"], "PORT": str(port), "ADMIN_PORT": str(admin_port)}
    with TemporaryFile() as output:
        started = perf_counter()
        process = await asyncio.create_subprocess_exec(
            program, *command[1:], env={**environment, **ports}, stdout=output, stderr=output
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await _ready(admin_port):
                    if process.returncode is not None:
                        raise DiedError(f"{command[0]} did not start:\n{_end_of(output)}")
                    await asyncio.sleep(_POLL_SECONDS)
            yield Command(process.pid, port, admin_port, perf_counter() - started)
            if process.returncode is not None:
                raise DiedError(f"{command[0]} ended while it was measured:\n{_end_of(output)}")
        finally:
            await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _ready(admin_port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", admin_port)
    except OSError:
        return False
    try:
        writer.write(_READY)
        return b" 200 " in await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()


def _end_of(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace")[-_OUTPUT_SHOWN:]
