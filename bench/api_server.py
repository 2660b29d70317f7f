"""The API server as bare clients reach it: without a line of the product's."""

import contextlib
import ssl
import uuid
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import aiohttp
import yaml

GROUP = "/apis/pds.eny.space/v1alpha1"


@dataclass(frozen=True)
class ApiServer:
    """How to reach it as its administrator."""

    url: str
    token: str = field(repr=False)
    authority: str = field(repr=False)

    @classmethod
    def of(cls, kubeconfig: Path) -> Self:
        """Read the kubeconfig of the local stack."""
        content = yaml.safe_load(kubeconfig.read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        return cls(cluster["server"], user["token"], b64decode(cluster["certificate-authority-data"]).decode())

    def session(self, connections: int = 100) -> aiohttp.ClientSession:
        """Make a bare client with a pool of kept connections. To be used as an async context manager."""
        context = ssl.create_default_context(cadata=self.authority)
        return aiohttp.ClientSession(
            self.url,
            connector=aiohttp.TCPConnector(limit=connections, ssl=context),
            headers={"Authorization": f"Bearer {self.token}", "Accept": "application/json"},
        )

    @contextlib.asynccontextmanager
    async def namespace(self) -> AsyncIterator[str]:
        """Make a namespace that nothing else uses; the PdsProvisions in it are removed at the end."""
        name = f"bench-{uuid.uuid4().hex[:12]}"
        async with self.session() as client:
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            async with client.post("/api/v1/namespaces", json=namespace, raise_for_status=True):
                pass
            try:
                yield name
            finally:
                provisions = f"{GROUP}/namespaces/{name}/pdsprovisions"
                timeout = aiohttp.ClientTimeout(total=600)
                async with client.delete(provisions, timeout=timeout, raise_for_status=True) as answer:
                    await answer.read()
