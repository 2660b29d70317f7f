"""Installing and uninstalling as an administrator does: Kustomize over ``deploy/``, Secrets by its ``secrets.sh``."""

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cluster.failed import Failed
from cluster.kubernetes import CRD, CUSTOMERS, SYSTEM, Json, Kubernetes
from cluster.sender import NAMESPACE as SENDER
from pds_stack import paths

_LABEL = "pds.eny.space/e2e"
"""What tells a namespace that a run of this made from one that customers are in."""
_TIMES = {"PDS_DEPLOY_TIMEOUT": "15", "PDS_CLAIM_SECONDS": "5", "PDS_SETTLE_SECONDS": "5"}
"""A leader that was killed in the middle of a deploy is waited for by as much; its defaults make that two minutes."""
_SETTINGS = (
    "SUPABASE_URL",
    "PDS_API_URL",
    "PDS_BASE_DOMAIN",
    "STRIPE_LIVEMODE",
    "STRIPE_API_BASE",
    "SUPABASE_ANON_KEY",
)
_REMOVED_SECONDS = 300


@dataclass(frozen=True)
class Installation:
    """The product on a cluster.

    Args:
        kubernetes: The cluster.
        folder: Where the overlay is written.
        values: The settings and secrets.
    """

    kubernetes: Kubernetes
    folder: Path
    values: dict[str, str]

    async def refuse_another(self, say: Callable[[str], None]) -> None:
        """Remove what a run that was killed has left; see to it that the product is not here otherwise.

        Raises:
            Failed: It is, and somebody's customers with it.
        """
        namespaces = {each["metadata"]["name"]: each["metadata"] for each in await self._namespaces()}
        others = [name for name, found in namespaces.items() if _LABEL not in found.get("labels", {})]
        if others or (not namespaces and await self.kubernetes.there("crd", CRD)):
            what = f"the namespace {others[0]}" if others else f"the CRD {CRD}"
            raise Failed(f"{what} is there already; this installs, and removes customers: take an empty cluster")
        if namespaces:
            say("removing what an earlier run has left")
            await self.remove_everything()

    async def prepare(self) -> None:
        """Apply what customers have, and the namespace of the programs with its Secrets."""
        repository = paths.repository()
        apply = ("apply", "--server-side")
        await self.kubernetes.kubectl(*apply, "-k", repository / "crds")
        await self.kubernetes.kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=60s")
        await self.kubernetes.kubectl(*apply, "-k", repository / "deploy" / "customers")
        await self.kubernetes.kubectl(*apply, "-f", repository / "deploy" / "base" / "namespace.yaml")
        for name in (CUSTOMERS, SYSTEM):
            await self.kubernetes.kubectl("label", "namespace", name, f"{_LABEL}=true", "--overwrite")
        await self.secrets()

    async def secrets(self, **changed: str) -> None:
        """Apply the programs' Secrets, with some of them changed from now on."""
        self.values.update(changed)
        process = await asyncio.create_subprocess_exec(
            *("sh", str(paths.repository() / "deploy" / "secrets.sh")),
            # The stand-in for Stripe knows one key.
            env={**os.environ, **self.values, "PORTAL_STRIPE_SECRET_KEY": self.values["STRIPE_SECRET_KEY"]},
            stdout=asyncio.subprocess.PIPE,
        )
        manifest, _ = await process.communicate()
        if process.returncode != 0:
            raise Failed(f"deploy/secrets.sh ended with exit code {process.returncode}")
        await self.kubernetes.kubectl.apply([], given=manifest.decode())

    async def install(self, image: str) -> None:
        """Apply the programs with an image, over what is there; return at once."""
        await asyncio.to_thread(self._write_overlay, image)
        await self.kubernetes.kubectl("apply", "--server-side", "-k", self.folder)

    async def uninstall(self) -> None:
        """Remove the programs, and wait until they are gone."""
        await self.kubernetes.kubectl(
            "delete", "-k", self.folder, "--ignore-not-found", f"--timeout={_REMOVED_SECONDS}s"
        )

    async def left(self) -> list[str]:
        """List what an uninstall should have removed and has not."""
        listed = await self.kubernetes.kubectl("get", "-k", self.folder, "--ignore-not-found", "-o", "name")
        return listed.split()

    async def remove_everything(self) -> None:
        """Remove the programs and the customers, the CRD and the sender too."""
        if not self._overlay.is_file():
            await asyncio.to_thread(self._write_overlay, "eny-pds")
        await self.uninstall()
        repository = paths.repository()
        delete = ("delete", "--ignore-not-found", f"--timeout={_REMOVED_SECONDS}s")
        await self.kubernetes.kubectl(*delete, "-k", repository / "deploy" / "customers")
        await self.kubernetes.kubectl(*delete, "-k", repository / "crds")
        await self.kubernetes.kubectl(*delete, "namespace", SENDER)

    @property
    def _overlay(self) -> Path:
        return self.folder / "kustomization.yaml"

    async def _namespaces(self) -> list[Json]:
        listed = await self.kubernetes.documents("namespaces")
        return [each for each in listed if each["metadata"]["name"] in {SYSTEM, CUSTOMERS}]

    def _write_overlay(self, image: str) -> None:
        """Write a Kustomize overlay over ``deploy/overlays/local``. JSON is YAML too."""
        local = paths.repository() / "deploy" / "overlays" / "local"
        settings = {name: self.values[name] for name in _SETTINGS} | _TIMES
        overlay = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [os.path.relpath(local, self.folder.resolve()), "scraping.yaml"],
            "images": [{"name": "eny-pds", **image_reference(image)}],
            "configMapGenerator": [
                {
                    "name": "pds-settings",
                    "namespace": SYSTEM,
                    "behavior": "merge",
                    "literals": [f"{name}={value}" for name, value in settings.items()],
                }
            ],
        }
        self._overlay.write_text(json.dumps(overlay, indent=2))
        (self.folder / "scraping.yaml").write_text(json.dumps(_let_the_sender_scrape(), indent=2))


def image_reference(image: str) -> dict[str, str]:
    """Split an image's reference into the fields of Kustomize's ``images``."""
    name, at, digest = image.partition("@")
    last = name.rpartition("/")[2]
    tag = last.partition(":")[2]
    if tag:
        name = name.removesuffix(f":{tag}")
    reference = {"newName": name}
    if tag:
        reference["newTag"] = tag
    if at:
        reference["digest"] = digest
    return reference


def _let_the_sender_scrape() -> Json:
    """Return a NetworkPolicy, for clusters that enforce them: the sender reads the metrics, as Prometheus would."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "pds-e2e", "namespace": SYSTEM},
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "eny-pds"}},
            "policyTypes": ["Ingress"],
            "ingress": [
                {
                    "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": SENDER}}}],
                    "ports": [{"protocol": "TCP", "port": "admin"}],
                }
            ],
        },
    }
