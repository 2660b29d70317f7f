"""Dependencies that fail for a while, at the seam: in front of the real ones, or in them."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_clients.kubernetes import KubernetesApi
from pds_contract.errors import Refused

POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"


@dataclass
class FlakySupabase:
    """A gateway in front of the real one.

    Args:
        away: How many of the next writes of pds_services are answered 503.
    """

    upstream: str
    url: str = ""
    away: int = 0
    _http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=20))

    async def handle(self, request: web.Request) -> web.Response:
        if self.away and request.path.endswith("/mirror_pds_service"):
            self.away -= 1
            return web.Response(status=503, text="<h1>away</h1>", content_type="text/html")
        kept = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        answer = await self._http.request(
            request.method, f"{self.upstream}{request.path_qs}", headers=kept, content=await request.read()
        )
        return web.Response(
            status=answer.status_code, body=answer.content, headers={"Content-Type": answer.headers["Content-Type"]}
        )

    async def close(self) -> None:
        await self._http.aclose()


@contextlib.asynccontextmanager
async def flaky_supabase(upstream: str) -> AsyncIterator[FlakySupabase]:
    """Run such a gateway."""
    gateway = FlakySupabase(upstream)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", gateway.handle)
    async with TestServer(app) as server:
        gateway.url = str(server.make_url("")).rstrip("/")
        try:
            yield gateway
        finally:
            await gateway.close()


@contextlib.asynccontextmanager
async def forbidden_outcomes(api: KubernetesApi, namespace: str) -> AsyncIterator[None]:
    """Let the API server answer 403 to every status with an id, as a cluster's own admission policy might."""
    rule = {
        "apiGroups": ["pds.eny.space"],
        "apiVersions": ["*"],
        "resources": ["pdsprovisions/status"],
        "operations": ["UPDATE"],
    }
    async with _forbidden(api, namespace, rule, "!has(object.status.serviceId)"):
        await _until_in_force(api, namespace)
        yield


@contextlib.asynccontextmanager
async def forbidden_secrets(api: KubernetesApi, namespace: str) -> AsyncIterator[None]:
    """Let the API server answer 403 to every new Secret."""
    rule = {"apiGroups": [""], "apiVersions": ["*"], "resources": ["secrets"], "operations": ["CREATE"]}
    async with _forbidden(api, namespace, rule, "false"):
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "probe"}}
        await _until_refused(
            lambda: api.call("POST", f"/api/v1/namespaces/{namespace}/secrets", query={"dryRun": "All"}, body=secret)
        )
        yield


@contextlib.asynccontextmanager
async def _forbidden(
    api: KubernetesApi, namespace: str, rule: dict[str, list[str]], unless: str
) -> AsyncIterator[None]:
    name = f"forbidden-{uuid.uuid4().hex[:8]}"
    policy = {
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": unless, "reason": "Forbidden"}],
        },
    }
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    binding = {
        "metadata": {"name": name},
        "spec": {
            "policyName": name,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": here},
        },
    }
    await api.call("POST", POLICIES, body=policy)
    await api.call("POST", BINDINGS, body=binding)
    try:
        yield
    finally:
        await api.call("DELETE", f"{BINDINGS}/{name}")
        await api.call("DELETE", f"{POLICIES}/{name}")


async def _until_in_force(api: KubernetesApi, namespace: str) -> None:
    user_id = str(uuid.uuid4())
    resources = f"/apis/pds.eny.space/v1alpha1/namespaces/{namespace}/pdsprovisions"
    spec = {"userId": user_id, "email": "probe@a.example", "suspend": True}
    manifest = {
        "apiVersion": "pds.eny.space/v1alpha1",
        "kind": "PdsProvision",
        "metadata": {"name": f"pds-{user_id}"},
        "spec": spec,
    }
    await api.call("POST", resources, body=manifest)
    probe = f"{resources}/pds-{user_id}"
    await _until_refused(
        lambda: api.call(
            "PATCH",
            f"{probe}/status",
            query={"dryRun": "All"},
            body={"status": {"serviceId": 1}},
            content_type="application/merge-patch+json",
        )
    )
    await api.call("DELETE", probe)


async def _until_refused(attempt: Callable[[], Coroutine[Any, Any, object]]) -> None:
    with contextlib.suppress(Refused):
        async with asyncio.timeout(30):
            while True:
                await attempt()
                await asyncio.sleep(0.05)
