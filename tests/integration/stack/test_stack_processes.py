"""Started programs: their readiness, their end, and that they do not outlive who started them."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pds_stack.errors import ProgramDiedError, StackError
from pds_stack.processes import Start, ready, run, running

from .conftest import descendants, still_running, wait_until

SHELL = "/bin/sh"
# Starts a program as the stack does, says its pid, and waits for ever.
PARENT = """
import asyncio, pathlib, sys
from pds_stack.processes import running

async def main():
    async with running("child", ["/bin/sleep", "600"], pathlib.Path(sys.argv[1])):
        print("started", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_run_returns_the_output_and_passes_lines_on() -> None:
    lines: list[str] = []

    output = await run([SHELL, "-c", "cat; echo one >&2; echo two >&2"], given="given\n", on_line=lines.append)

    assert output == "given\n"
    assert lines == ["one", "two"]


async def test_run_that_fails_says_why() -> None:
    with pytest.raises(StackError, match=r"exit code 3\):\nthe reason"):
        await run([SHELL, "-c", "echo the reason >&2; exit 3"])


async def test_a_program_that_is_missing_is_said() -> None:
    with pytest.raises(StackError, match="cannot start /nowhere/program: No such file"):
        await run(["/nowhere/program", "argument"])


async def test_a_cancelled_run_leaves_nothing(tmp_path: Path) -> None:
    started = tmp_path / "started"
    work = asyncio.create_task(run([SHELL, "-c", f"sleep 600 & echo $! > {started}; wait"]))
    await asyncio.to_thread(wait_until, "it to start", lambda: started.exists() and started.read_text() != "", 20)

    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    child = int(started.read_text())
    wait_until("the program's own child to be gone", lambda: still_running([child]) == [], 20)


async def test_a_program_that_dies_before_it_is_ready_is_said(tmp_path: Path) -> None:
    with pytest.raises(ProgramDiedError, match=r"part ended by itself \(exit code 7\)(.|\n)*cannot bind"):
        async with running("part", [SHELL, "-c", "echo cannot bind; exit 7"], tmp_path) as program:
            await program.ready(ready.exists(tmp_path / "never"), 20)


async def test_a_program_that_is_not_ready_in_time_is_said(tmp_path: Path) -> None:
    async with running("part", [SHELL, "-c", "echo still at it; exec sleep 600"], tmp_path) as program:
        await program.ready(ready.exists(program.log), 20)
        with pytest.raises(StackError, match=r"part was not ready in 0 s(.|\n)*still at it"):
            await program.ready(ready.exists(tmp_path / "never"), 0)


async def test_a_program_that_ignores_sigterm_is_killed_with_its_children(tmp_path: Path) -> None:
    script = "trap '' TERM; sleep 600 & echo ready; wait; sleep 600"
    others = descendants(os.getpid())  # of stacks that other tests use
    async with running("part", [SHELL, "-c", script], tmp_path, Start(stop_seconds=0.2)) as program:
        await program.ready(ready.exists(program.log), 20)
        programs = {pid: command for pid, command in descendants(os.getpid()).items() if pid not in others}
        assert any("sleep 600" in command for command in programs.values())

    wait_until("all of it gone", lambda: still_running(programs) == [], 20)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_program_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        wait_until("the child", lambda: "sleep" in " ".join(descendants(parent.pid).values()), 20)
        children = descendants(parent.pid)
        parent.send_signal(signal.SIGKILL)

    wait_until("the child gone", lambda: still_running(children) == [], 20)
