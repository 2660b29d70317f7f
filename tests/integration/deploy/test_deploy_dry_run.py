"""Every manifest is taken by a real API server, each field known; every pod is fit for the `restricted` standard."""

import asyncio
import copy
import os
import subprocess
import uuid
from pathlib import Path

import pytest

from pds_clients.kubernetes import KubernetesApi
from pds_stack.errors import StackError
from pds_stack.kubernetes.kubectl import Kubectl
from pds_stack.paths import repository

from .rendering import (
    CUSTOMERS,
    DEPLOY,
    LOCAL,
    OWN_OVERLAY,
    PRODUCTION,
    SYSTEM,
    WITHOUT_PORTAL,
    Manifest,
    PodTemplate,
    as_text,
    files_of_no_folder,
    folders,
    is_foreign,
    named,
    objects_of,
    of_kind,
    pod_templates,
    render,
)

IMAGE = "registry.example.com/eny-pds@sha256:0f5ff0c2f5a7d0b3f5a9c5b3a1de6e5d8c4d3b2a19080706050403020100ffee"
PATIENCE = 20.0
PORTAL_KINDS = (
    "deployment.apps",
    "networkpolicy.networking.k8s.io",
    "poddisruptionbudget.policy",
    "service",
    "serviceaccount",
)


def relative(path: Path) -> str:
    return str(path.relative_to(repository()))


async def dry_run(kubectl: Kubectl, objects: list[Manifest], *more: str) -> str:
    """Have the API server validate objects strictly; fails with its complaint."""
    arguments = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", *more)
    return await kubectl(*arguments, "-f", "-", given=as_text(objects))


async def taken(kubectl: Kubectl, objects: list[Manifest], namespace: str) -> None:
    """Assert that the API server takes all that are of its own kinds."""
    ours = [found for found in objects if not is_foreign(found)]
    for found in ours:
        # Those of Argo CD and Prometheus are not on the test's cluster.
        if found["metadata"].get("namespace", SYSTEM) not in {SYSTEM, CUSTOMERS}:
            found["metadata"]["namespace"] = namespace
    if ours:
        assert (await dry_run(kubectl, ours)).count("(server dry run)") == len(ours)


@pytest.mark.parametrize("folder", folders(), ids=relative)
async def test_every_folder(kubectl: Kubectl, namespace: str, folder: Path) -> None:
    objects = await render(kubectl, folder)
    assert objects
    await taken(kubectl, objects, namespace)


@pytest.mark.parametrize("file", files_of_no_folder(), ids=relative)
async def test_every_file(kubectl: Kubectl, namespace: str, file: Path) -> None:
    objects = objects_of(file)
    assert objects
    await taken(kubectl, objects, namespace)


def test_no_manifest_is_left_out() -> None:
    everywhere = {*DEPLOY.rglob("*.y*ml"), *(repository() / "crds").rglob("*.y*ml")}
    rendered = {file for folder in (*folders(), OWN_OVERLAY, WITHOUT_PORTAL) for file in folder.rglob("*.y*ml")}
    assert everywhere == rendered | {*files_of_no_folder()}


async def test_an_overlay_over_a_remote_base(kubectl: Kubectl, namespace: str, own_overlay: Path) -> None:
    objects = await render(kubectl, own_overlay)
    await taken(kubectl, objects, namespace)
    (settings,) = of_kind(objects, "ConfigMap")
    assert settings["data"]["SUPABASE_URL"] == "https://PROJECT.supabase.co"
    assert settings["data"]["PORTAL_URL"] == "https://my.example.com"
    assert settings["data"]["PDS_BASE_DOMAIN"] == "eny.k8s.frx.pub", "what the overlay leaves out stays"
    assert {t.container["image"] for t in pod_templates(objects)} == {"registry.example.com/eny-pds:0.1.0"}
    (rule,) = named(objects, "NetworkPolicy", "pds-metrics")["spec"]["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "prometheus"}}}]


@pytest.fixture
def release(kubectl: Kubectl, tmp_path: Path) -> dict[str, list[Manifest]]:
    """What a release offers for download, by the files' names."""
    environment = {**os.environ, "KUBECTL": str(kubectl.program)}
    subprocess.run(("sh", DEPLOY / "render.sh", tmp_path, IMAGE), env=environment, check=True)  # noqa: S607 - any sh
    return {file.name: objects_of(file) for file in tmp_path.iterdir()}


async def test_what_a_release_offers(
    kubectl: Kubectl, namespace: str, production: list[Manifest], release: dict[str, list[Manifest]]
) -> None:
    assert release.keys() == {"prerequisites.yaml", "install.yaml"}
    assert {f["kind"] for f in release["prerequisites.yaml"]} == {"CustomResourceDefinition", "Namespace"}
    assert {t.container["image"] for t in pod_templates(release["install.yaml"])} == {IMAGE}
    for template in pod_templates(production):
        template.spec["containers"][0]["image"] = IMAGE
    assert release["install.yaml"] == production
    for objects in release.values():
        await taken(kubectl, objects, namespace)


async def test_a_release_without_the_portal(kubectl: Kubectl, release: dict[str, list[Manifest]]) -> None:
    """As docs/install.md has it: the file is the same, a selector leaves the portal out."""
    every = await dry_run(kubectl, release["install.yaml"])
    others = await dry_run(kubectl, release["install.yaml"], "--selector=app.kubernetes.io/component!=portal")
    left_out = set(every.splitlines()) - set(others.splitlines())
    assert left_out == {f"{kind}/pds-portal serverside-applied (server dry run)" for kind in PORTAL_KINDS}


@pytest.mark.parametrize("overlay", [PRODUCTION, LOCAL], ids=relative)
async def test_every_pod_in_a_restricted_namespace(kubectl: Kubectl, api: KubernetesApi, overlay: Path) -> None:
    objects = await render(kubectl, overlay)
    priority = copy.deepcopy(named(objects, "PriorityClass", "pds-programs"))
    # Priority admission asks for the class; under another name, since the API server is shared.
    priority["metadata"]["name"] = namespace = f"test-{uuid.uuid4().hex[:12]}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    await api.call("POST", "/api/v1/namespaces", body={"metadata": {"name": namespace, "labels": labels}})
    await kubectl("create", "-f", "-", given=as_text([priority]))
    templates = list(pod_templates(objects))
    assert {t.owner["metadata"]["name"] for t in templates} == {
        "pds-webhook",
        "pds-operator",
        "pds-backfill",
        "pds-portal",
    }
    try:
        for template in templates:
            await assert_restricted(kubectl, template, namespace)
    finally:
        await kubectl("delete", "priorityclass", namespace)


async def assert_restricted(kubectl: Kubectl, template: PodTemplate, namespace: str) -> None:
    pod = template.as_pod()
    if "priorityClassName" in pod["spec"]:
        pod["spec"]["priorityClassName"] = namespace
    pod["metadata"]["namespace"] = namespace
    await until_the_class_is_known(kubectl, pod)
    # That it is the standard which lets it pass: one step less, and it is refused.
    (container,) = pod["spec"]["containers"]
    less = {**container["securityContext"], "capabilities": {}}
    worse = {**pod, "spec": {**pod["spec"], "containers": [{**container, "securityContext": less}]}}
    with pytest.raises(StackError, match="violates PodSecurity"):
        await dry_run(kubectl, [worse])


async def until_the_class_is_known(kubectl: Kubectl, pod: Manifest) -> None:
    """Dry-run a pod; the API server's admission learns of a PriorityClass by a watch."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                assert "(server dry run)" in await dry_run(kubectl, [pod])
            except StackError as error:
                if "no PriorityClass" not in str(error):
                    raise
            else:
                return
            await asyncio.sleep(0.05)
