"""What `kubectl kustomize` makes of the folders under deploy/ and crds/, and what is looked for in it."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pds_stack.kubernetes.kubectl import Kubectl
from pds_stack.paths import repository

Manifest = dict[str, Any]

DEPLOY = repository() / "deploy"
PRODUCTION = DEPLOY / "overlays" / "production"
LOCAL = DEPLOY / "overlays" / "local"
# Rendered through a git repository of its own, since its base is a remote one.
OWN_OVERLAY = DEPLOY / "examples" / "overlay"
# What changes other folders, and holds nothing itself.
WITHOUT_PORTAL = DEPLOY / "components" / "without-portal"

SYSTEM, CUSTOMERS = "pds-system", "pds-customers"

# Kinds of other projects, whose CRDs are not on the test's API server.
FOREIGN_GROUPS = {
    "argoproj.io",
    "external-secrets.io",
    "gateway.networking.k8s.io",
    "kustomize.toolkit.fluxcd.io",
    "monitoring.coreos.com",
    "source.toolkit.fluxcd.io",
}


def folders() -> list[Path]:
    """Every folder that can be rendered where it is."""
    found = [file.parent for root in (DEPLOY, repository() / "crds") for file in root.rglob("kustomization.yaml")]
    return sorted(set(found) - {OWN_OVERLAY, WITHOUT_PORTAL})


def files_of_no_folder() -> list[Path]:
    """Every manifest that is applied as a file."""
    rendered = set(folders())
    return sorted(
        file
        for file in DEPLOY.rglob("*.yaml")
        if file.name != "kustomization.yaml" and not rendered.intersection(file.parents)
    )


async def render(kubectl: Kubectl, folder: Path) -> list[Manifest]:
    return objects_in(await kubectl("kustomize", folder))


def overlay_without_portal(folder: Path, scratch: Path) -> Path:
    """Write an overlay over a folder under deploy/ that leaves the portal out, and return its folder.

    Args:
        folder: The folder.
        scratch: An empty one for the overlay.
    """
    here = scratch.resolve()
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(folder, here)],
        "components": [os.path.relpath(WITHOUT_PORTAL, here)],
    }
    (here / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return here


def objects_in(text: str) -> list[Manifest]:
    return [found for found in yaml.safe_load_all(text) if found]


def objects_of(file: Path) -> list[Manifest]:
    return objects_in(file.read_text())


def as_text(objects: Sequence[Manifest]) -> str:
    return yaml.safe_dump_all(objects, sort_keys=False)


def is_foreign(found: Manifest) -> bool:
    return str(found["apiVersion"]).partition("/")[0] in FOREIGN_GROUPS


def of_kind(objects: Sequence[Manifest], *kinds: str) -> list[Manifest]:
    return [found for found in objects if found["kind"] in kinds]


def named(objects: Sequence[Manifest], kind: str, name: str) -> Manifest:
    (one,) = (found for found in of_kind(objects, kind) if found["metadata"]["name"] == name)
    return one


@dataclass(frozen=True)
class PodTemplate:
    """What pods are made of, and whose it is."""

    owner: Manifest
    metadata: Manifest
    spec: Manifest

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.metadata["labels"])

    @property
    def container(self) -> Manifest:
        (one,) = self.spec["containers"]
        return dict(one)

    def as_pod(self, **fields: object) -> Manifest:
        """A Pod of its own with this spec; `fields` come over the spec's."""
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**self.metadata, "name": self.owner["metadata"]["name"]},
            "spec": {**self.spec, **fields},
        }


def pod_templates(objects: Sequence[Manifest]) -> Iterator[PodTemplate]:
    for found in objects:
        spec = found.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", {}).get("template") or spec.get("template")
        if template and "spec" in template and "containers" in template["spec"]:
            yield PodTemplate(found, template["metadata"], template["spec"])


def template_of(objects: Sequence[Manifest], name: str) -> PodTemplate:
    (one,) = (found for found in pod_templates(objects) if found.owner["metadata"]["name"] == name)
    return one


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a label selector with matchLabels, `In` and `NotIn` expressions selects these labels."""
    expressions = selector.get("matchExpressions", ())
    known = {"In": True, "NotIn": False}
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        (labels.get(expression["key"]) in expression["values"]) is known[expression["operator"]]
        for expression in expressions
    )
