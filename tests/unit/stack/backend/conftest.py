"""The simulated backend in the test's own process, on a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx
import pytest
from aiohttp.test_utils import TestServer

from pds_stack.backend import BackendSimulator, create_app

TOKEN = "the-first-token"
ORDER = {
    "username": "alice",
    "password": "correct-horse",
    "email": "alice@a.example",
    "hostname": "alice.eny.k8s.frx.pub",
    "disksize": 10,
}

Deploy = Callable[..., Coroutine[Any, Any, httpx.Response]]


async def eventually(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until the condition holds; TimeoutError if it does not in time."""
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


@pytest.fixture
def simulator() -> BackendSimulator:
    return BackendSimulator(TOKEN)


@pytest.fixture
async def server(simulator: BackendSimulator) -> AsyncIterator[str]:
    async with TestServer(create_app(simulator)) as running:
        yield str(running.make_url("")).rstrip("/")


@pytest.fixture
async def api(server: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
    async with httpx.AsyncClient(base_url=f"{server}/api/v1", headers=headers, timeout=10) as client:
        yield client


@pytest.fixture
async def control(server: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{server}/_control", timeout=10) as client:
        yield client


@pytest.fixture
def deploy(api: httpx.AsyncClient) -> Deploy:
    """Send the usual deploy, with changes; a change to None leaves the field out."""

    async def send(key: str | None = None, **changes: object) -> httpx.Response:
        body = {name: value for name, value in {**ORDER, **changes}.items() if value is not None}
        return await api.post("/deploy", json=body, headers={"Idempotency-Key": key} if key else {})

    return send
