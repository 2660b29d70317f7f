"""The operator's floor: bare clients that make the same calls in the same order, and decide nothing.

``python -m bench.operators.floor`` is a process of its own, so that the kernel can say what it uses. It takes up each
customer that a line of its standard input names, so many at once, and ends with its input. Its environment holds the
settings that the operator has.
"""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import aiohttp

from bench.api_server import ApiServer
from bench.operators.customers import Customer, patch_status
from pds_contract.resource import API_VERSION, KIND
from pds_contract.rows import PdsServiceRow

AT_ONCE = 32


@dataclass(frozen=True)
class Paid:
    """A customer whose resource was made.

    Args:
        customer: Who.
        resource_version: Of the resource.
    """

    customer: Customer
    resource_version: str

    def line(self) -> bytes:
        """Write it as the floor reads it."""
        return json.dumps({**asdict(self.customer), "resource_version": self.resource_version}).encode() + b"\n"

    @classmethod
    def of(cls, line: bytes) -> Self:
        """Read such a line."""
        read = json.loads(line)
        return cls(Customer(read["user_id"], read["service_id"]), read["resource_version"])


class Floor:
    """Bare clients of the three dependencies, with pools of kept connections; an async context manager."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        key = settings["SUPABASE_SERVICE_ROLE_KEY"]
        bearer = f"Bearer {settings['PDS_API_TOKEN']}"
        api = ApiServer.of(Path(settings["KUBECONFIG"]))
        self._namespace = settings["PDS_NAMESPACE"]
        self._opened = AsyncExitStack()
        self._kubernetes = api.session()
        self._supabase = aiohttp.ClientSession(
            settings["SUPABASE_URL"], headers={"apikey": key, "Authorization": f"Bearer {key}"}
        )
        self._backend = aiohttp.ClientSession(f"{settings['PDS_API_URL']}/", headers={"Authorization": bearer})

    async def __aenter__(self) -> Self:
        for session in (self._kubernetes, self._supabase, self._backend):
            await self._opened.enter_async_context(session)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    async def provision(self, paid: Paid) -> None:
        """Make all calls of one provision."""
        customer = paid.customer
        names = {"hostname": customer.hostname, "username": customer.username}
        await self._kube("secrets", self._secret(customer))
        await self._rpc("look_up_pds_service", p_user_id=customer.user_id, p_hostname=customer.hostname)
        await self._post(self._backend, "check-pds", {"hostname": customer.hostname})
        claim = {"attempts": 1, "observedGeneration": 1, **names, "conditions": [_condition("False", "Deploying")]}
        version = await self._status(customer, paid.resource_version, claim)
        await self._event(customer, "Deploying")
        deploy = {**names, "email": customer.email, "password": secrets.token_urlsafe(32), "disksize": 10}
        service_id: int = (await self._post(self._backend, "deploy", deploy))["serviceId"]
        outcome = {
            "serviceId": service_id,
            "phase": "provisioning",
            "conditions": [_condition("False", "Provisioning")],
        }
        version = await self._status(customer, version, outcome)
        await self._event(customer, "Deployed")
        row = PdsServiceRow(
            user_id=customer.user_id, pds_service_id=service_id, hostname=customer.hostname, status="provisioning"
        )
        await self._rpc("mirror_pds_service", **{f"p_{name}": value for name, value in row.model_dump().items()})
        await self._get(self._backend, f"service/{service_id}")
        ready = {"serviceState": "Running", "conditions": [_condition("True", "Running")]}
        await self._status(customer, version, ready)
        await self._event(customer, "Running")

    async def poll(self, customer: Customer) -> None:
        """Make all calls of one look at a settled customer."""
        await self._get(
            self._kubernetes, f"/apis/{API_VERSION}/namespaces/{self._namespace}/pdsprovisions/{customer.name}"
        )
        await self._rpc("look_up_pds_service", p_user_id=customer.user_id, p_hostname=None)
        await self._get(self._backend, f"service/{customer.service_id}")

    def _secret(self, customer: Customer) -> dict[str, Any]:
        data = {"userId": customer.user_id, "provisionUid": customer.name}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": customer.hostname},
            "type": "pds.eny.space/reservation",
            "immutable": True,
            "stringData": {**data, "password": secrets.token_urlsafe(32), "key": secrets.token_hex(16)},
        }

    async def _event(self, customer: Customer, reason: str) -> None:
        about = {"apiVersion": API_VERSION, "kind": KIND, "name": customer.name, "namespace": self._namespace}
        said = {"type": "Normal", "reason": reason, "message": f"{reason}: {customer.hostname}"}
        event = {
            "metadata": {"generateName": "bench-"},
            "involvedObject": about,
            "source": {"component": "bench"},
            **said,
        }
        await self._kube("events", event)

    async def _status(self, customer: Customer, version: str, status: Mapping[str, object]) -> str:
        change = {"metadata": {"resourceVersion": version}, "status": status}
        patched = await patch_status(self._kubernetes, self._namespace, customer, change)
        written: str = patched["metadata"]["resourceVersion"]
        return written

    async def _kube(self, kind: str, body: Mapping[str, object]) -> None:
        await self._post(self._kubernetes, f"/api/v1/namespaces/{self._namespace}/{kind}", body)

    async def _rpc(self, function: str, **arguments: object) -> None:
        await self._post(self._supabase, f"/rest/v1/rpc/{function}", arguments)

    async def _post(self, session: aiohttp.ClientSession, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
        async with session.post(path, json=body, raise_for_status=True) as answer:
            return await answer.json(content_type=None)

    async def _get(self, session: aiohttp.ClientSession, path: str) -> None:
        async with session.get(path, raise_for_status=True) as answer:
            await answer.json(content_type=None)


def _condition(status: str, reason: str) -> dict[str, object]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = {"type": "Ready", "status": status, "reason": reason, "message": reason}
    return {**said, "observedGeneration": 1, "lastTransitionTime": now}


async def _next(lines: asyncio.StreamReader, reading: asyncio.Lock) -> bytes:
    async with reading:
        return await lines.readline()


async def _main() -> None:
    loop, lines = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with Floor(os.environ) as floor:
        reading = asyncio.Lock()

        async def work() -> None:
            while line := await _next(lines, reading):
                await floor.provision(Paid.of(line))

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(_main())
