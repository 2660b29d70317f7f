"""pds-webhook as a process of its own, with a limit of open files, and what its admin port says of it."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from pds_stack.events import sign
from pds_stack.ports import free_ports
from stages.metrics import Metrics

COMMAND = Path(sys.executable).parent / "pds-webhook"
SECRET = "whsec_of_the_attack"
START_SECONDS = 60.0
STOP_SECONDS = 60.0
NORMAL_OPEN_FILES = 1024
"""What a login shell, and most containers, may open."""


@dataclass(frozen=True)
class WebhookProcess:
    """A running webhook."""

    pid: int
    port: int
    admin_port: int

    async def metric(self, name: str, **labels: str) -> float:
        """One sample of its metrics now; 0 where there is none."""
        return (await Metrics.read(self.admin_port)).value(name, **labels)

    async def deliver(self, event: Mapping[str, Any]) -> tuple[int, str]:
        """Deliver an event over a connection of its own, as Stripe does; the answer's status and code."""
        body = json.dumps(event).encode()
        headers = {"Stripe-Signature": sign(body, SECRET), "Content-Type": "application/json; charset=utf-8"}
        url = f"http://127.0.0.1:{self.port}/api/webhooks"
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            response = await client.post(url, content=body, headers=headers)
        return response.status_code, response.json()["code"]


@contextlib.asynccontextmanager
async def running_webhook(
    stack: Mapping[str, str], namespace: str, log: Path, open_files: int = NORMAL_OPEN_FILES
) -> AsyncIterator[WebhookProcess]:
    """Run the command until the block ends, and see it stop cleanly."""
    port, admin_port = free_ports(2)
    environment = {
        "PATH": os.environ["PATH"],
        **{name: stack[name] for name in ("KUBECONFIG", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY")},
        "PDS_NAMESPACE": namespace,
        "PDS_BASE_DOMAIN": stack["PDS_BASE_DOMAIN"],
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "STRIPE_LIVEMODE": "false",
        "PORT": str(port),
        "ADMIN_PORT": str(admin_port),
    }
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            "prlimit", f"--nofile={open_files}", str(COMMAND), env=environment, stdout=output, stderr=output
        )
    try:
        await _ready(process, admin_port, log)
        yield WebhookProcess(process.pid, port, admin_port)
        process.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            assert await process.wait() == 0, _end(log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _ready(process: asyncio.subprocess.Process, admin_port: int, log: Path) -> None:
    async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(trust_env=False, timeout=30) as client:
        while process.returncode is None:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(f"http://127.0.0.1:{admin_port}/readyz")).is_success:
                    return
            await asyncio.sleep(0.05)
    raise RuntimeError(f"the webhook ended with {process.returncode}:\n{_end(log)}")


def _end(log: Path) -> str:
    return log.read_text()[-3000:]
