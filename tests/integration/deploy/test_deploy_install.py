"""Installing, upgrading and uninstalling on a real API server, and what GitOps tools would see as drift."""

import copy
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from pds_clients.kubernetes import KubernetesApi
from pds_stack.errors import StackError
from pds_stack.kubernetes.kubectl import Kubectl
from pds_stack.paths import repository
from stages.operator_stage import Stage

from .rendering import (
    CUSTOMERS,
    DEPLOY,
    LOCAL,
    SYSTEM,
    Manifest,
    as_text,
    named,
    objects_in,
    objects_of,
    of_kind,
    pod_templates,
    render,
)

APPLY = ("apply", "--server-side", "--validate=strict")
CLUSTER_WIDE = {"PriorityClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}


@dataclass(frozen=True)
class Installation:
    """The production overlay, installed under names of its own: the API server is shared."""

    kubectl: Kubectl
    mark: str
    objects: list[Manifest]
    customers: str

    @property
    def system(self) -> str:
        return f"{self.mark}-system"

    async def apply(self, *, changed: list[Manifest] | None = None) -> str:
        return await self.kubectl(*APPLY, "-f", "-", given=as_text(changed or self.objects))

    async def live(self) -> list[Manifest]:
        listed = await self.kubectl("get", "-o", "yaml", "-f", "-", given=as_text(self.objects))
        (found,) = objects_in(listed)
        return list(found["items"])

    async def delete(self) -> str:
        # No controller manager runs here, which would end a namespace.
        arguments = ("delete", "--ignore-not-found", "--wait=false")
        return await self.kubectl(*arguments, "-f", "-", given=as_text(self.objects))


def renamed(objects: list[Manifest], mark: str, customers: str) -> list[Manifest]:
    """The same objects in other namespaces, and with other names where they are in none."""
    places = {SYSTEM: f"{mark}-system", CUSTOMERS: customers}
    ours = copy.deepcopy(objects)
    for found in ours:
        metadata = found["metadata"]
        if found["kind"] == "Namespace":
            metadata["name"] = places[metadata["name"]]
        elif found["kind"] in CLUSTER_WIDE:
            metadata["name"] = f"{mark}-{metadata['name']}"
        else:
            metadata["namespace"] = places[metadata["namespace"]]
        for subject in found.get("subjects", ()):
            subject["namespace"] = places[subject["namespace"]]
        if found["kind"] == "ValidatingAdmissionPolicyBinding":
            found["spec"]["policyName"] = f"{mark}-{found['spec']['policyName']}"
    for template in pod_templates(ours):
        if "priorityClassName" in template.spec:
            template.spec["priorityClassName"] = f"{mark}-{template.spec['priorityClassName']}"
    return ours


@pytest.fixture
async def installation(kubectl: Kubectl, production: list[Manifest], namespace: str) -> AsyncIterator[Installation]:
    mark = f"test-{uuid.uuid4().hex[:12]}"
    installed = Installation(kubectl, mark, renamed(production, mark, namespace), namespace)
    await installed.apply()
    try:
        yield installed
    finally:
        await installed.delete()


def what_differs(wanted: Any, live: Any, path: str = "") -> Iterator[str]:
    """Each value of a manifest that the API server has in another way; what it adds is no difference."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        for key, value in wanted.items():
            yield from what_differs(value, live.get(key), f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        for place, (one, other) in enumerate(zip(wanted, live, strict=True)):
            yield from what_differs(one, other, f"{path}[{place}]")
    elif wanted != live:
        yield f"{path}: {wanted!r} is kept as {live!r}"


async def test_the_api_server_keeps_every_value_as_it_is_written(installation: Installation) -> None:
    live = await installation.live()
    assert len(live) == len(installation.objects)
    for wanted in installation.objects:
        name = wanted["metadata"]["name"]
        (found,) = (
            f
            for f in of_kind(live, wanted["kind"])
            if (f["metadata"]["name"], f["metadata"].get("namespace")) == (name, wanted["metadata"].get("namespace"))
        )
        assert list(what_differs(wanted, found)) == [], f"{wanted['kind']} {name}"


async def test_no_drift(installation: Installation) -> None:
    before = await installation.live()
    # kubectl ends with 1 where anything differs, as Argo CD's server-side diff would show it.
    assert await installation.kubectl("diff", "--server-side", "-f", "-", given=as_text(installation.objects)) == ""
    await installation.apply()
    after = await installation.live()
    assert [f["metadata"]["resourceVersion"] for f in after] == [f["metadata"]["resourceVersion"] for f in before]


async def test_what_somebody_changes_is_seen_as_drift(installation: Installation) -> None:
    scale = ("scale", "deployment", "pds-webhook", "--replicas=1", f"--namespace={installation.system}")
    await installation.kubectl(*scale)
    with pytest.raises(StackError):
        await installation.kubectl("diff", "--server-side", "-f", "-", given=as_text(installation.objects))


async def test_a_changed_setting_rolls_the_pods_out(
    installation: Installation, kubectl: Kubectl, production: list[Manifest]
) -> None:
    (before,), (after,) = (of_kind(found, "ConfigMap") for found in (production, await render(kubectl, LOCAL)))
    assert before["data"] != after["data"]
    assert before["metadata"]["name"] != after["metadata"]["name"]
    local = renamed(await render(kubectl, LOCAL), installation.mark, installation.customers)
    generation = {
        d["metadata"]["name"]: d["metadata"]["generation"] for d in of_kind(await installation.live(), "Deployment")
    }
    await installation.apply(changed=local)
    for deployment in of_kind(await installation.live(), "Deployment"):
        name = deployment["metadata"]["name"]
        assert deployment["metadata"]["generation"] == generation[name] + 1


async def test_uninstalling_leaves_the_customers(installation: Installation, stage: Stage, api: KubernetesApi) -> None:
    assert stage.namespace == installation.customers
    operator = await stage.operate()
    user_id = await stage.ask()
    served = await stage.until_ready(user_id)
    await operator.stop()
    await installation.delete()
    for found in await gone_or_ending(installation):
        assert found["kind"] == "Namespace"
        assert found["metadata"]["name"] == installation.system
        assert found["metadata"]["deletionTimestamp"]
    assert await stage.get(user_id) == served
    secret = await api.call("GET", f"/api/v1/namespaces/{stage.namespace}/secrets/{served.status.hostname}")
    assert secret["data"]
    place = await api.call("GET", f"/api/v1/namespaces/{stage.namespace}")
    assert place["status"]["phase"] == "Active"


async def gone_or_ending(installation: Installation) -> list[Manifest]:
    arguments = ("get", "--ignore-not-found", "-o", "yaml", "-f", "-")
    left = objects_in(await installation.kubectl(*arguments, given=as_text(installation.objects)))
    return [item for found in left for item in (found["items"] if found["kind"] == "List" else [found])]


async def test_a_customer_in_git_shows_no_drift(stage: Stage, kubectl: Kubectl) -> None:
    (example,) = objects_of(DEPLOY / "examples" / "pdsprovision.yaml")
    user_id = stage.new_user()
    example["metadata"] |= {"name": f"pds-{user_id}", "namespace": stage.namespace}
    # The least that one can write: the API server fills in the rest.
    example["spec"] = {"userId": user_id, "email": "alice@a.example"}
    text = as_text([example])
    diff = ("diff", "--server-side", "--field-manager=gitops", "-f", "-")
    await kubectl(*APPLY, "--field-manager=gitops", "-f", "-", given=text)
    assert await kubectl(*diff, given=text) == ""
    await stage.operate()
    await stage.until_ready(user_id)
    assert await kubectl(*diff, given=text) == ""
    version = (await stage.get(user_id)).metadata.resource_version
    await kubectl(*APPLY, "--field-manager=gitops", "-f", "-", given=text)
    assert (await stage.get(user_id)).metadata.resource_version == version


async def test_the_crd_shows_no_drift(kubectl: Kubectl) -> None:
    (crd,) = await render(kubectl, repository() / "crds")
    # As the stack applies it, which knows nothing of GitOps tools.
    del crd["metadata"]["annotations"]
    assert await kubectl("diff", "--server-side", "-f", "-", given=as_text([crd])) == ""


async def test_argo_cds_other_settings_stay(kubectl: Kubectl, api: KubernetesApi, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    theirs = {"url": "https://argo-cd.example.com"}
    await api.call("POST", path, body={"metadata": {"name": "argocd-cm"}, "data": theirs})
    ours = named(await render(kubectl, DEPLOY / "argo-cd"), "ConfigMap", "argocd-cm")
    ours["metadata"]["namespace"] = namespace
    await kubectl(*APPLY, "--field-manager=eny-pds", "-f", "-", given=as_text([ours]))
    merged = await api.call("GET", f"{path}/argocd-cm")
    health = {"resource.customizations.health.pds.eny.space_PdsProvision": (DEPLOY / "argo-cd/health.lua").read_text()}
    assert merged["data"] == {**theirs, **health}
