"""How the commands start and stop, and the operator under kopf's own runner."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from aiohttp.test_utils import unused_port
from kopf.testing import KopfRunner

from stages.operator_stage import TOKEN, Stage

BIN = Path(sys.executable).parent


def only_path() -> dict[str, str]:
    return {"PATH": os.environ["PATH"]}


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("pds-webhook", ["SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "STRIPE_WEBHOOK_SECRET"]),
        ("pds-operator", ["SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "PDS_API_TOKEN"]),
    ],
)
def test_all_that_is_missing_or_wrong_is_said_at_once(command: str, missing: list[str]) -> None:
    ended = subprocess.run(
        [BIN / command], env={**only_path(), "PDS_API_URL": "nowhere"}, text=True, capture_output=True, check=False
    )
    assert ended.returncode == 2
    for name in (*missing, "PDS_API_URL"):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["pds-webhook", "pds-operator"])
async def test_a_command_is_ready_and_stops_cleanly(stack: Mapping[str, str], command: str) -> None:
    admin_port = unused_port()
    environment = {
        **only_path(),
        **{name: stack[name] for name in ("KUBECONFIG", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY")},
        "STRIPE_WEBHOOK_SECRET": "whsec_x",
        "PDS_API_URL": "http://127.0.0.1:9/api/v1",
        "PDS_API_TOKEN": "x",
        "PORT": str(unused_port()),
        "ADMIN_PORT": str(admin_port),
    }
    process = await asyncio.create_subprocess_exec(
        BIN / command, env=environment, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(30), httpx.AsyncClient(base_url=f"http://127.0.0.1:{admin_port}") as client:
            while not await is_ready(client):
                assert process.returncode is None, (await process.communicate())[1].decode()
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()
    assert not out, "logs go to stderr"
    assert b"Traceback" not in err


async def is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def test_the_operator_runs_under_kopfs_own_runner(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBECONFIG", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY"):
        monkeypatch.setenv(name, stage.stack[name])
    monkeypatch.setenv("PDS_NAMESPACE", stage.namespace)
    monkeypatch.setenv("PDS_API_URL", f"{stage.backend_url}/api/v1")
    monkeypatch.setenv("PDS_API_TOKEN", TOKEN)
    monkeypatch.setenv("ADMIN_PORT", str(unused_port()))
    runner = KopfRunner(["run", "--standalone", "-n", stage.namespace, "-m", "pds_operator.handlers"], timeout=30)
    await asyncio.to_thread(runner.__enter__)
    try:
        provision = await stage.until_ready(await stage.ask())
    finally:
        await asyncio.to_thread(runner.__exit__, None, None, None)
    assert runner.exit_code == 0
    assert runner.exception is None
    assert provision.status.service_id == stage.simulator.services[0].id
