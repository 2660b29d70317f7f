"""The command as a process: what it refuses to start with, how it follows a changed secret, how it stops."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from pds_stack.events import sign

COMMAND = Path(sys.executable).parent / "pds-webhook"
EVENT = json.dumps({"object": "event", "id": "evt_1", "type": "invoice.paid"}).encode()


def free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


async def start(environment: Mapping[str, str]) -> Process:
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return await asyncio.create_subprocess_exec(COMMAND, env={**bare, **environment}, stderr=PIPE)


async def refused(environment: Mapping[str, str]) -> tuple[int | None, str]:
    process = await start(environment)
    _, stderr = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, stderr.decode()


@dataclass(frozen=True)
class Running:
    process: Process
    port: int
    admin: str

    async def post(self, secret: str) -> httpx.Response:
        headers = {"Stripe-Signature": sign(EVENT, secret)}
        async with httpx.AsyncClient() as client:
            return await client.post(f"http://127.0.0.1:{self.port}/api/webhooks", content=EVENT, headers=headers)


@contextlib.asynccontextmanager
async def running(environment: Mapping[str, str]) -> AsyncIterator[Running]:
    port, admin_port = free_ports()
    process = await start({**environment, "PORT": str(port), "ADMIN_PORT": str(admin_port)})
    try:
        made = Running(process, port, f"http://127.0.0.1:{admin_port}")
        async with asyncio.timeout(30), httpx.AsyncClient() as client:
            while not await answers(client, f"{made.admin}/readyz"):
                assert process.returncode is None, "it ended instead of getting ready"
        yield made
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        await asyncio.sleep(0.05)
        return False


@pytest.fixture
def environment(kubeconfig: Path, closed_port: int) -> dict[str, str]:
    return {
        "KUBECONFIG": str(kubeconfig),
        "SUPABASE_URL": f"http://127.0.0.1:{closed_port}",
        "SUPABASE_SERVICE_ROLE_KEY": "the-service-role-key",
        "STRIPE_WEBHOOK_SECRET": "whsec_first",
    }


async def test_all_missing_settings_are_named_at_once() -> None:
    code, stderr = await refused({"PORT": "http"})
    assert code == 2
    for name in ("STRIPE_WEBHOOK_SECRET", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "PORT"):
        assert f"{name}: " in stderr, stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRIPE_WEBHOOK_SECRET", " , "),
        ("STRIPE_LIVEMODE", "maybe"),
        ("KUBECONFIG", "/nowhere/kubeconfig"),
        ("PORT", "0"),
        ("ADMIN_PORT", "65536"),
        ("PDS_RESERVED_HOSTNAMES", "www, *.example"),
    ],
)
async def test_an_unusable_setting_is_named(environment: dict[str, str], name: str, value: str) -> None:
    code, stderr = await refused({**environment, name: value})
    assert (code, f"{name}: " in stderr) == (2, True), stderr
    assert "the-service-role-key" not in stderr


@pytest.mark.parametrize("name", ["PORT", "ADMIN_PORT"])
async def test_a_port_in_use_is_said(environment: dict[str, str], name: str) -> None:
    port, admin_port = free_ports()
    with socket.create_server(("0.0.0.0", 0)) as taken:
        ports = {"PORT": str(port), "ADMIN_PORT": str(admin_port), name: str(taken.getsockname()[1])}
        code, stderr = await refused({**environment, **ports})
    said = f"set {name} to a free port" in stderr
    assert (code, said, "Traceback" in stderr) == (1, True, False), stderr


async def test_a_mounted_secret_that_changes_is_read_again(environment: dict[str, str], tmp_path: Path) -> None:
    del environment["STRIPE_WEBHOOK_SECRET"]
    folder = tmp_path / "secrets"
    folder.mkdir()
    file = folder / "STRIPE_WEBHOOK_SECRET"
    file.write_text("whsec_first\n")
    async with running({**environment, "SECRETS_DIR": str(folder)}) as command:
        assert (await command.post("whsec_first")).status_code == 200
        assert (await command.post("whsec_next")).status_code == 400
        (folder / "new").write_text(" whsec_next\nwhsec_first\n")
        (folder / "new").replace(file)
        assert [(await command.post(secret)).status_code for secret in ("whsec_next", "whsec_first")] == [200, 200]


async def test_a_request_under_way_is_answered_before_it_stops(environment: dict[str, str]) -> None:
    async with running(environment) as command:
        reader, writer = await asyncio.open_connection("127.0.0.1", command.port)
        head = f"POST /api/webhooks HTTP/1.1\r\nHost: h\r\nStripe-Signature: {sign(EVENT, 'whsec_first')}\r\n"
        writer.write(f"{head}Expect: 100-continue\r\nContent-Length: {len(EVENT)}\r\n\r\n".encode())
        await asyncio.wait_for(reader.readuntil(b"100 Continue\r\n\r\n"), 10)
        command.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            while not await is_refused(command.port):  # noqa: ASYNC110 - another process closes it
                await asyncio.sleep(0.02)
        async with httpx.AsyncClient() as client:
            readyz = await client.get(f"{command.admin}/readyz")
        assert readyz.status_code == 503, "it drains, so it must not be ready"
        writer.write(EVENT)
        answer = await asyncio.wait_for(reader.read(), 10)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        assert await asyncio.wait_for(command.process.wait(), 10) == 0
        writer.close()
        await writer.wait_closed()


async def is_refused(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return True
    writer.close()
    await writer.wait_closed()
    return False
