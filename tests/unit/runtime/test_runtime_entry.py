"""A signal that comes while a command is still being loaded ends it, also where the kernel would drop it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pds_runtime.entry import EXIT_TERMINATED


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_loading_ends_the_command(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "slow.py").write_text("print('loading', flush=True)\nimport signal\nsignal.pause()\n")
    command = [sys.executable, "-c", "from pds_runtime.entry import enter; enter('slow')"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "loading\n"
        process.send_signal(number)
        _, told = process.communicate(timeout=30)
    assert process.returncode == EXIT_TERMINATED, "it had a handler, without which process 1 would have gone on"
    assert told == ""


@pytest.mark.parametrize("package", ["pds_operator", "pds_webhook"])
def test_what_comes_before_that_loads_at_once(package: str) -> None:
    program = f"import sys, {package}.entry; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"aiohttp", "kopf", "kubernetes", "pydantic", "stripe", "prometheus_client"} & set(loaded)
    assert f"{package}.__main__" not in loaded
