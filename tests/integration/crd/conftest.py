"""PdsProvisions as an administrator writes them, with nothing of ours between the test and the API server."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pds_clients.kubernetes import MERGE_PATCH, Json, KubernetesApi
from pds_contract.resource import API_VERSION, GROUP, KIND, PLURAL, VERSION
from pds_stack.console import Console
from pds_stack.kubernetes import programs
from pds_stack.kubernetes.kubectl import Kubectl

RunKubectl = Callable[..., Awaitable[str]]

CLAIM: Json = {
    "id": "claim-1",
    "attempt": 1,
    "hostname": "alice.example.org",
    "startTime": "2026-05-01T12:00:00Z",
    "durationSeconds": 15,
    "timeoutSeconds": 60.5,
}
READY: Json = {
    "type": "Ready",
    "status": "True",
    "lastTransitionTime": "2026-05-01T12:00:00Z",
    "reason": "Running",
    "message": "The PDS runs.",
}


def new_user_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True)
class Crd:
    """The PdsProvisions of a namespace. What the API server answers is returned as it is."""

    api: KubernetesApi
    path: str

    async def create(self, *, user_id: Any = None, name: str | None = None, **spec: Any) -> Json:
        """Create one; a field of spec that is given as None is left out."""
        user_id = user_id or new_user_id()
        fields = {"userId": user_id, "email": "alice@a.example", **spec}
        manifest = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": name or f"pds-{user_id}"},
            "spec": {field: value for field, value in fields.items() if value is not None},
        }
        return await self.api.call("POST", self.path, body=manifest)

    async def get(self, made: Json) -> Json:
        return await self.api.call("GET", self._one(made))

    async def patch(self, made: Json, change: Json) -> Json:
        """Merge into the object, apart from its status."""
        return await self.api.call("PATCH", self._one(made), body=change, content_type=MERGE_PATCH)

    async def patch_spec(self, made: Json, **spec: object) -> Json:
        return await self.patch(made, {"spec": spec})

    async def patch_status(self, made: Json, **status: object) -> Json:
        """Merge into the status; None removes a field."""
        return await self.patch_status_as(made, {"status": status})

    async def patch_status_as(self, made: Json, change: Json) -> Json:
        return await self.api.call("PATCH", f"{self._one(made)}/status", body=change, content_type=MERGE_PATCH)

    async def put(self, document: Json, subresource: str = "") -> Json:
        return await self.api.call("PUT", self._one(document) + subresource, body=document)

    async def apply(self, made: Json, spec: Json) -> Json:
        """Apply a spec on the server's side, as GitOps does."""
        manifest = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": made["metadata"]["name"]},
            "spec": spec,
        }
        return await self.api.call(
            "PATCH",
            self._one(made),
            query={"fieldManager": "gitops", "force": "true"},
            body=manifest,
            content_type="application/apply-patch+yaml",
        )

    async def select(self, selector: str) -> list[Any]:
        """The names of those that a field selector finds."""
        found = await self.api.call("GET", self.path, query={"fieldSelector": selector})
        return [item["metadata"]["name"] for item in found["items"]]

    def _one(self, made: Json) -> str:
        return f"{self.path}/{made['metadata']['name']}"


@pytest.fixture
def crd(api: KubernetesApi, namespace: str) -> Crd:
    return Crd(api, f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{PLURAL}")


@pytest.fixture
async def kubectl(stack: Mapping[str, str], namespace: str, tmp_path: Path) -> RunKubectl:
    """The stack's kubectl, in the test's namespace; what it prints."""
    program = Kubectl((await programs(Console())).kubectl, Path(stack["KUBECONFIG"]))

    async def run(*arguments: str) -> str:
        return await program(*arguments, f"--namespace={namespace}", f"--cache-dir={tmp_path}")

    return run
