"""A release's stored objects, on the real API server, before and after the CRD is updated to the present one.

Each test installs the CRD under an API group of its own, so that nobody else's resources are touched.
"""

import asyncio
import copy
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest

from crd_releases.releases import Release, objects_until, present, releases
from pds_clients.kubernetes import MERGE_PATCH, Json, KubernetesApi
from pds_contract.errors import DependencyError, Refused

PATIENCE = 30.0
APPLY = "application/apply-patch+yaml"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MARKER = "updateMarker"
"""A field that the updated CRD has in addition: by it one sees that the API server heeds the update."""


@dataclass(frozen=True)
class Cluster:
    """The API server, with a PdsProvision of a group of its own."""

    api: KubernetesApi
    group: str
    namespace: str

    @property
    def path(self) -> str:
        return f"/apis/{self.group}/v1alpha1/namespaces/{self.namespace}/pdsprovisions"

    async def install(self, crd: Json) -> None:
        crd = copy.deepcopy(crd)
        crd["metadata"] = {"name": f"pdsprovisions.{self.group}"}
        crd["spec"]["group"] = self.group
        query: dict[str, str | int] = {"fieldManager": "test", "force": "true"}
        await self.api.call("PATCH", f"{CRDS}/{self.crd}", query=query, body=crd, content_type=APPLY)

    @property
    def crd(self) -> str:
        return f"pdsprovisions.{self.group}"

    async def until(self, holds: Callable[[], Coroutine[Any, Any, object]], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not await holds():  # noqa: ASYNC110 - the API server's word
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"not within {PATIENCE:.0f} s: {what}")

    async def is_served(self) -> bool:
        try:
            await self.api.call("GET", self.path)
        except DependencyError:
            return False
        return True

    async def knows_the_marker(self) -> bool:
        user_id = str(uuid.uuid4())
        probe = self.named({"metadata": {}, "spec": {"userId": user_id, "email": "a@a.example", MARKER: "x"}}, user_id)
        query: dict[str, str | int] = {"dryRun": "All", "fieldValidation": "Strict"}
        try:
            await self.api.call("POST", self.path, query=query, body=probe)
        except Refused:
            return False
        return True

    def named(self, document: Json, user_id: str) -> Json:
        named = {**document["metadata"], "name": f"pds-{user_id}"}
        return {**document, "apiVersion": f"{self.group}/v1alpha1", "kind": "PdsProvision", "metadata": named}

    async def store(self, document: Json) -> None:
        """Make an object and give it its status, as a release's programs do."""
        manifest = self.named(document, document["spec"]["userId"])
        await self.api.call("POST", self.path, body=manifest)
        await self.api.call(
            "PATCH", f"{self._one(document)}/status", body={"status": document["status"]}, content_type=MERGE_PATCH
        )

    async def get(self, document: Json) -> Json:
        return await self.api.call("GET", self._one(document))

    async def write(self, document: Json, change: Json, subresource: str = "") -> Json:
        path = self._one(document) + subresource
        return await self.api.call("PATCH", path, body=change, content_type=MERGE_PATCH)

    async def replace(self, read: Json, subresource: str = "") -> Json:
        return await self.api.call("PUT", self._one(read) + subresource, body=read)

    async def apply(self, document: Json) -> Json:
        """Apply the manifest as GitOps does: unknown fields are errors."""
        manifest = self.named({**document}, document["spec"]["userId"])
        del manifest["status"]
        query: dict[str, str | int] = {"fieldManager": "gitops", "force": "true", "fieldValidation": "Strict"}
        return await self.api.call("PATCH", self._one(document), query=query, body=manifest, content_type=APPLY)

    def _one(self, document: Json) -> str:
        return f"{self.path}/pds-{document['spec']['userId']}"


@pytest.fixture
async def cluster(api: KubernetesApi, namespace: str) -> AsyncIterator[Cluster]:
    cluster = Cluster(api, f"t{uuid.uuid4().hex[:12]}.eny.space", namespace)
    yield cluster
    await api.call("DELETE", f"{CRDS}/{cluster.crd}")


async def troubles(cluster: Cluster, old: Json, new: Json, objects: list[Json]) -> list[str]:
    """Store objects under one CRD, update it, and say whatever is not as it was, or cannot be done any more."""
    await cluster.install(old)
    await cluster.until(cluster.is_served, "the old CRD is served")
    for document in objects:
        await cluster.store(document)
    before = [await cluster.get(document) for document in objects]
    marked = copy.deepcopy(new)
    for version in marked["spec"]["versions"]:
        version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"][MARKER] = {"type": "string"}
    await cluster.install(marked)
    await cluster.until(cluster.knows_the_marker, "the updated CRD is heeded")
    found = []
    for document, stored in zip(objects, before, strict=True):
        kind = document["metadata"]["labels"]["recorded"]
        found += [f"{kind}: {trouble}" for trouble in await _troubles(cluster, document, stored)]
    return found


async def _troubles(cluster: Cluster, document: Json, before: Json) -> list[str]:
    read = await cluster.get(document)
    if changed := [part for part in ("spec", "status") if read[part] != before[part]]:
        return [f"{part} was {before[part]}, is {read[part]}" for part in changed]
    resumed = {"spec": {"suspend": not before["spec"]["suspend"]}}
    counted = {"status": {"attempts": before["status"]["attempts"] + 1}}
    try:
        await cluster.replace(read)
        await cluster.replace(await cluster.get(document), "/status")
        edited = await cluster.write(document, resumed)
        told = await cluster.write(document, counted, "/status")
        applied = await cluster.apply(document)
    except DependencyError as error:
        return [f"a write is refused: {error}"]
    return [
        f"{part} was {was}, is {now} after a write"
        for part, was, now in (
            ("spec", {**before["spec"], **resumed["spec"]}, edited["spec"]),
            ("status", {**before["status"], **counted["status"]}, told["status"]),
            ("spec", before["spec"], applied["spec"]),
        )
        if was != now
    ]


@pytest.mark.parametrize("release", releases(), ids=str)
async def test_what_a_release_has_stored_survives_the_update(release: Release, cluster: Cluster) -> None:
    assert await troubles(cluster, release.crd, present(), objects_until(release)) == []


@pytest.mark.parametrize("release", releases(), ids=str)
async def test_what_a_release_has_stored_can_be_made_anew(release: Release, cluster: Cluster) -> None:
    """As from a backup, or in another cluster: no leniency towards what is there already."""
    await cluster.install(present())
    await cluster.until(cluster.is_served, "the CRD is served")
    for document in objects_until(release):
        await cluster.store(document)
        made = await cluster.get(document)
        assert (made["spec"], made["status"]) == (document["spec"], document["status"])


def _without_a_field(crd: Json) -> None:
    del _schema(crd)["properties"]["status"]["properties"]["serviceState"]
    version = crd["spec"]["versions"][0]
    version["selectableFields"] = [each for each in version["selectableFields"] if "State" not in each["jsonPath"]]


def _with_a_lower_bound(crd: Json) -> None:
    _schema(crd)["properties"]["status"]["properties"]["attempts"]["maximum"] = 0


def _schema(crd: Json) -> Json:
    schema: Json = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


@pytest.mark.parametrize(
    ("narrow", "said"),
    [
        (_without_a_field, "running: status was"),
        (_with_a_lower_bound, "running: a write is refused: the API server answered 422"),
    ],
)
async def test_a_narrower_crd_is_seen(narrow: Callable[[Json], None], said: str, cluster: Cluster) -> None:
    """The tests above can fail."""
    newest = releases()[-1]
    narrower = copy.deepcopy(newest.crd)
    narrow(narrower)
    found = await troubles(cluster, newest.crd, narrower, objects_until(newest))
    assert any(trouble.startswith(said) for trouble in found), found
