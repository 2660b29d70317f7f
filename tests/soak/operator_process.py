"""``pds-operator`` as a process of its own, started by exec."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from aiohttp.test_utils import unused_port

START_SECONDS = 60.0
STOP_SECONDS = 60.0


@dataclass(frozen=True)
class OperatorProcess:
    """A running operator.

    Args:
        process: The process.
        admin_port: Where it shows its metrics.
        log: The file that it logs to.
    """

    process: asyncio.subprocess.Process
    admin_port: int
    log: Path

    def resident_bytes(self) -> int:
        """Return the memory that the process holds (RSS)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(kilobytes) * 1024

    async def stop(self) -> None:
        """Stop it as Kubernetes does, and wait until it has drained.

        Raises:
            AssertionError: It did not end cleanly.
        """
        if self.process.returncode is None:
            self.process.terminate()
        code = await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        assert code == 0, f"exit code {code}; the end of {self.log}:\n{self.log.read_text()[-2000:]}"


@contextlib.asynccontextmanager
async def operating(
    settings: Mapping[str, str], folder: Path, command: Sequence[str] = ("pds_operator",)
) -> AsyncIterator[OperatorProcess]:
    """Run an operator with nothing but these settings, from ready on; it is stopped in the end.

    Args:
        settings: Its environment.
        folder: Where its log is kept.
        command: The module to run, and its arguments.
    """
    admin_port = unused_port()
    log = folder / f"operator-{admin_port}.log"
    paths = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[1])}
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *command,
            env={**paths, **settings, "ADMIN_PORT": str(admin_port)},
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
    operator = OperatorProcess(process, admin_port, log)
    try:
        await _ready(operator)
        yield operator
        await operator.stop()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _ready(operator: OperatorProcess) -> None:
    async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(trust_env=False) as client:
        while True:
            assert operator.process.returncode is None, operator.log.read_text()
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(f"http://127.0.0.1:{operator.admin_port}/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.05)
