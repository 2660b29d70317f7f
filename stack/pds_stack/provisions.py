"""One PdsProvision as it stands and as it moves, read from the Kubernetes API."""

import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx

from pds_contract.resource import GROUP, PLURAL, VERSION
from pds_stack.errors import StackError
from pds_stack.kubernetes import Cluster

_SECONDS = 10.0


@dataclass(frozen=True)
class Provisions:
    """The PdsProvisions of one namespace."""

    client: httpx.AsyncClient
    namespace: str

    @property
    def _path(self) -> str:
        return f"/apis/{GROUP}/{VERSION}/namespaces/{self.namespace}/{PLURAL}"

    async def get(self, name: str) -> dict[str, Any]:
        """The resource `name`.

        Raises:
            StackError: there is none.
        """
        answer = await self.client.get(f"{self._path}/{name}")
        if not answer.is_success:
            raise StackError(f"there is no {PLURAL}/{name} in {self.namespace}: {answer.status_code} {answer.text}")
        resource: dict[str, Any] = answer.json()
        return resource

    async def follow(self, name: str) -> AsyncIterator[dict[str, Any]]:
        """The resource `name` each time that it changes, and first as it is, if it is there already.

        Raises:
            StackError: the watch was refused or ended.
        """
        query = {"watch": "true", "fieldSelector": f"metadata.name={name}"}
        async with self.client.stream("GET", self._path, params=query, timeout=None) as answer:
            if not answer.is_success:
                raise StackError(f"the Kubernetes API refuses to watch {PLURAL}: {answer.status_code}")
            async for line in answer.aiter_lines():
                yield json.loads(line)["object"]
        raise StackError("the Kubernetes API ended the watch")


@contextlib.asynccontextmanager
async def provisions(cluster: Cluster, namespace: str) -> AsyncIterator[Provisions]:
    """Read the PdsProvisions of `namespace` as the cluster's administrator."""
    context = ssl.create_default_context(cafile=str(cluster.authority))
    headers = {"Authorization": f"Bearer {cluster.token}"}
    async with httpx.AsyncClient(
        base_url=cluster.url, headers=headers, verify=context, timeout=_SECONDS, trust_env=False
    ) as client:
        yield Provisions(client, namespace)


def conditions(resource: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Status, reason and message of each of the resource's conditions, by type."""
    listed = resource.get("status", {}).get("conditions", [])
    return {item["type"]: (item["status"], item.get("reason", ""), item.get("message", "")) for item in listed}
