"""The command as a process: what it refuses to start with, how it stops, what it loads."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from pds_stack.ports import free_ports
from stages.portal_settings import USABLE

COMMAND = Path(sys.executable).parent / "pds-portal"
SECONDS = 30.0
NEEDED = ("SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_JWKS_URL", "STRIPE_SECRET_KEY", "PDS_API_TOKEN", "PORTAL_URL",
          "PDS_PLANS")  # fmt: skip
NOT_FOR_CUSTOMERS = {"kubernetes", "kopf", "pds_clients.kubernetes", "pds_clients.supabase", "pds_clients.leases",
                     "pds_clients.reservations", "pds_webhook", "pds_operator"}  # fmt: skip


async def start(environment: Mapping[str, str]) -> Process:
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return await asyncio.create_subprocess_exec(COMMAND, env={**bare, **environment}, stderr=PIPE)


async def refused(environment: Mapping[str, str]) -> tuple[int | None, str]:
    process = await start(environment)
    _, stderr = await asyncio.wait_for(process.communicate(), SECONDS)
    return process.returncode, stderr.decode()


@dataclass(frozen=True)
class Running:
    process: Process
    url: str
    admin: str


@contextlib.asynccontextmanager
async def running(environment: Mapping[str, str]) -> AsyncIterator[Running]:
    port, admin_port = free_ports(2)
    process = await start({**environment, "PORT": str(port), "ADMIN_PORT": str(admin_port)})
    made = Running(process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin_port}")
    try:
        async with asyncio.timeout(SECONDS), httpx.AsyncClient(trust_env=False) as client:
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


async def test_a_proxy_of_another_kind_is_refused_and_not_quoted() -> None:
    code, stderr = await refused({**USABLE, "ALL_PROXY": "socks5://zqxj@proxy.example", "NO_PROXY": ""})
    assert code == 2
    assert "_PROXY: names a proxy of another kind" in stderr
    assert "zqxj" not in stderr
    assert "Traceback" not in stderr


async def test_all_missing_settings_are_named_at_once() -> None:
    code, stderr = await refused({"PORT": "http", "TRUSTED_PROXIES": "everybody"})
    assert code == 2
    for name in (*NEEDED, "PORT", "TRUSTED_PROXIES"):
        assert f"{name}: " in stderr, stderr
    assert len(stderr.splitlines()) == len(NEEDED) + 2, stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_URL", "http://portal.example"),
        ("STRIPE_CHECKOUT_ORIGIN", "https://checkout.example/pay"),
        ("SUPABASE_JWT_SECRET", "zqxj"),
        ("PDS_PLANS", '[{"name": "zqxj"}]'),
        ("PDS_USE_MOCK", "perhaps"),
        ("SUPABASE_JWKS_URL", "https://project.example/jwks.json"),
    ],
)
async def test_an_unusable_setting_is_named_without_its_value(name: str, value: str) -> None:
    code, stderr = await refused({**USABLE, name: value})
    assert (code, stderr.splitlines()[0].partition(":")[0], len(stderr.splitlines())) == (2, name, 1), stderr
    assert "zqxj" not in stderr


async def test_it_serves_and_stops() -> None:
    async with running(USABLE) as command, httpx.AsyncClient(trust_env=False) as client:
        page = await client.get(f"{command.url}/pricing")
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        metrics = (await client.get(f"{command.admin}/metrics")).text
        assert 'pds_portal_requests_total{code="200",method="GET",route="/pricing"} 1.0' in metrics
        command.process.send_signal(signal.SIGTERM)
        assert command.process.stderr is not None
        lines = (await asyncio.wait_for(command.process.stderr.read(), SECONDS)).decode().splitlines()
        assert await asyncio.wait_for(command.process.wait(), SECONDS) == 0
    logged = [json.loads(line) for line in lines]
    assert [line["message"] for line in logged] == ["serving", "answered", "draining", "stopped"]
    assert logged[1]["request_id"] == page.headers["X-Request-Id"]


async def test_it_loads_nothing_that_the_portal_may_not_have() -> None:
    program = "import sys, pds_portal.__main__; print(*sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=PIPE)
    loaded, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0
    assert not NOT_FOR_CUSTOMERS & set(loaded.decode().split())
