"""The stack as a process: `pds-stack` with folders of its own, and a look at what it leaves behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from pds_stack import envfile

# A first start builds Kubernetes: minutes.
START_SECONDS = 900.0
STOP_SECONDS = 30.0


def wait_until(what: str, condition: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition; fail saying what did not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.05)


def _parent(pid: int) -> int | None:
    """The parent of a process that runs; None if it does not, or is but waiting to be reaped."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return None
    return None if state == "Z" else int(parent)


def still_running(pids: Iterable[int]) -> list[int]:
    return [pid for pid in pids if _parent(pid) is not None]


def descendants(pid: int) -> dict[int, str]:
    """The processes below `pid`, each with its command line."""
    parents = {int(entry.name): _parent(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found: dict[int, str] = {}
    below = {pid}
    while below:
        below = {child for child, parent in parents.items() if parent in below}
        for child in below:
            try:
                found[child] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
    return found


@dataclass
class Up:
    """A running `pds-stack`."""

    process: subprocess.Popen[str]
    folder: Path
    env: Path
    log: Path

    def ready(self, said: str = "ready;") -> dict[str, str]:
        """Wait until everything is ready, which it says; the settings of the env file."""

        def there() -> bool:
            if self.process.poll() is not None:
                pytest.fail(f"pds-stack ended with {self.process.returncode}:\n{self.output()}")
            return said in self.output()

        wait_until("the stack to be ready", there, START_SECONDS)
        return envfile.parse(self.env.read_text())

    def programs(self) -> dict[int, str]:
        return descendants(self.process.pid)

    def end(self, how: signal.Signals | None = None) -> int:
        """Send a signal, if any, and wait for the end; the exit code."""
        if how is not None:
            self.process.send_signal(how)
        return self.process.wait(STOP_SECONDS)

    def output(self) -> str:
        return self.log.read_text()

    def temporary(self) -> list[str]:
        return [entry.name for entry in (self.folder / "tmp").iterdir()]


@dataclass
class Stacks:
    """Makes stacks in one folder, and knows which to stop."""

    folder: Path
    started: list[Up]

    def up(self, only: str, env: str = ".stack/env", host: str = "127.0.0.1") -> Up:
        return self.run("up", "--only", only, "--env", env, "--host", host, env=env)

    def run(self, *arguments: str, env: str) -> Up:
        """Run a command of `pds-stack` that goes on until it is stopped, and writes the file `env`."""
        log = self.folder / f"output-{len(self.started)}"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "pds_stack", *arguments],
                cwd=self.folder,
                env={**os.environ, "TMPDIR": str(self.folder / "tmp")},
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        up = Up(process, self.folder, self.folder / env, log)
        self.started.append(up)
        return up


@pytest.fixture
def stacks() -> Iterator[Stacks]:
    """A folder for stacks, which PostgreSQL's user may pass through even where root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="stacks-"))
    (folder / "tmp").mkdir()
    for passable in (folder, folder / "tmp"):
        passable.chmod(0o711)
    stacks = Stacks(folder, [])
    yield stacks
    for up in stacks.started:
        programs = up.programs()
        up.process.terminate()
        up.process.wait(STOP_SECONDS)
        wait_until("its programs gone", partial(lambda pids: still_running(pids) == [], programs), STOP_SECONDS)
    shutil.rmtree(folder)
