"""How the commands start and stop."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from aiohttp.test_utils import unused_port

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
    told = subprocess.run(
        [BIN / command], env={**only_path(), "PDS_API_URL": "nowhere"}, text=True, capture_output=True, check=False
    )
    assert told.returncode == 2
    for name in (*missing, "PDS_API_URL"):
        assert name in told.stderr
    assert "Traceback" not in told.stderr


@contextlib.asynccontextmanager
async def running(command: str, settings: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command with nothing but these settings, from ready on."""
    admin_port = unused_port()
    environment = {**only_path(), "PORT": str(unused_port()), "ADMIN_PORT": str(admin_port), **settings}
    process = await asyncio.create_subprocess_exec(
        BIN / command, env=environment, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(30), httpx.AsyncClient(base_url=f"http://127.0.0.1:{admin_port}") as client:
            while not await is_ready(client):
                assert process.returncode is None, (await process.communicate())[1].decode()
                await asyncio.sleep(0.05)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def ended(process: asyncio.subprocess.Process) -> str:
    """Send SIGTERM, and return what the command wrote to stderr until its clean end."""
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert not out, "logs go to stderr"
    assert b"Traceback" not in err, err.decode()
    return err.decode()


async def is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("command", ["pds-webhook", "pds-operator"])
async def test_a_command_is_ready_and_stops_cleanly(stack: Mapping[str, str], namespace: str, command: str) -> None:
    settings = {name: stack[name] for name in ("KUBECONFIG", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY")}
    settings |= {"STRIPE_WEBHOOK_SECRET": "whsec_x", "PDS_API_URL": "http://127.0.0.1:9/api/v1", "PDS_API_TOKEN": "x"}
    settings |= {"PDS_NAMESPACE": namespace}
    async with running(command, settings) as process:
        await ended(process)


async def test_sigterm_in_the_middle_of_a_deploy_awaits_and_keeps_the_outcome(stage: Stage) -> None:
    stage.simulator.change(answer_seconds=1.0)
    settings = {name: stage.stack[name] for name in ("KUBECONFIG", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY")}
    settings |= {"PDS_NAMESPACE": stage.namespace, "PDS_API_URL": f"{stage.backend_url}/api/v1", "PDS_API_TOKEN": TOKEN}
    async with running("pds-operator", settings) as process:
        user_id = await stage.ask("marked-mailbox@a.example")
        await stage.eventually(lambda: stage.simulator.services, "the deploy has taken effect, its answer has not come")
        log = await ended(process)
    provision = await stage.get(user_id)
    (made,) = stage.simulator.services
    assert (provision.status.service_id, provision.status.claim) == (made.id, None)
    row = stage.row(user_id)
    assert row
    assert row["pds_service_id"] == made.id
    assert "Deployed" in {event["reason"] for event in await stage.events(user_id)}
    assert "marked-mailbox@a.example" not in log
    assert made.password not in log


def test_a_kubeconfig_that_is_none_is_said(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    missing = subprocess.run(
        [BIN / "pds-operator"],
        env={
            **only_path(),
            "KUBECONFIG": str(kubeconfig),
            "SUPABASE_URL": "http://127.0.0.1:9",
            "SUPABASE_SERVICE_ROLE_KEY": "x",
            "PDS_API_TOKEN": "x",
            "ADMIN_PORT": str(unused_port()),
        },
        text=True,
        capture_output=True,
        check=False,
    )
    assert missing.returncode == 2
    assert "KUBECONFIG: is no usable kubeconfig file" in missing.stderr
