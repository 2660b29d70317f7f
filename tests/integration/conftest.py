"""The real API server, and a namespace for each test."""

import uuid
from collections.abc import AsyncIterator, Mapping

import pytest

from pds_clients.kubernetes import KubernetesApi


@pytest.fixture
async def api(stack: Mapping[str, str]) -> AsyncIterator[KubernetesApi]:
    """The API server as its administrator sees it."""
    async with await KubernetesApi.connect(stack["KUBECONFIG"]) as connected:
        yield connected


@pytest.fixture
async def namespace(api: KubernetesApi) -> str:
    """A namespace that no other test uses."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    await api.call("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
    return name
