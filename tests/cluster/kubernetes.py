"""The cluster, as an administrator's kubectl shows it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pds_contract.resource import PLURAL, PdsProvision
from pds_stack.errors import StackError
from pds_stack.kubernetes.kubectl import Kubectl

SYSTEM = "pds-system"
CUSTOMERS = "pds-customers"
CRD = "pdsprovisions.pds.eny.space"
DEPLOYMENTS = ("pds-webhook", "pds-operator", "pds-portal")
OURS = "app.kubernetes.io/name=eny-pds"

Json = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod of a program.

    Attributes:
        name: Its name.
        uid: Of this very pod: another one has another.
        component: ``webhook``, ``operator``, ``portal`` or ``backfill``.
        address: Its IP address, as it stands in a URL; empty where it has none yet.
        node: Where it runs; empty where it runs nowhere yet.
        ready: Whether it is ready, and nobody has asked it to go.
        restarts: How often its container was started anew.
    """

    name: str
    uid: str
    component: str
    address: str
    node: str
    ready: bool
    restarts: int

    @classmethod
    def of(cls, document: Json) -> "Pod":
        """Read a pod as the API server shows it."""
        metadata, status = document["metadata"], document.get("status", {})
        conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
        address = status.get("podIP", "")
        return cls(
            name=metadata["name"],
            uid=metadata["uid"],
            component=metadata["labels"].get("app.kubernetes.io/component", ""),
            address=f"[{address}]" if ":" in address else address,
            node=document["spec"].get("nodeName", ""),
            ready=conditions.get("Ready") == "True" and "deletionTimestamp" not in metadata,
            restarts=sum(each["restartCount"] for each in status.get("containerStatuses", [])),
        )


@dataclass(frozen=True)
class Kubernetes:
    """A cluster.

    Args:
        kubectl: What speaks to it.
    """

    kubectl: Kubectl

    @classmethod
    def of(cls, program: Path, kubeconfig: str) -> "Kubernetes":
        """Speak to the cluster of a kubeconfig."""
        return cls(Kubectl(program, Path(kubeconfig)))

    async def documents(self, kind: str, *more: str) -> list[Json]:
        """List resources of a kind; none where there is no such kind."""
        try:
            listed = json.loads(await self.kubectl("get", kind, "-o", "json", *more))
        except StackError as error:
            if "doesn't have a resource type" in str(error):
                return []
            raise
        items: list[Json] = listed["items"]
        return items

    async def pods(self, component: str | None = None) -> list[Pod]:
        """List the pods of the programs, or of one of them, also those that are on their way out."""
        labels = OURS if component is None else f"{OURS},app.kubernetes.io/component={component}"
        return [Pod.of(each) for each in await self.documents("pods", "-n", SYSTEM, "-l", labels)]

    async def ready(self, component: str) -> list[Pod]:
        """List the ready pods of a program."""
        return [pod for pod in await self.pods(component) if pod.ready]

    async def provisions(self) -> dict[str, PdsProvision]:
        """Return all customers' resources by their users' ids."""
        models = [PdsProvision.model_validate(each) for each in await self.documents(PLURAL, "-n", CUSTOMERS)]
        return {each.spec.user_id: each for each in models}

    async def leader(self) -> str:
        """Return the name of the operator's pod that leads; empty where none does."""
        leases = await self.documents("leases", "-n", SYSTEM, "--field-selector=metadata.name=pds-operator")
        holder = leases[0]["spec"].get("holderIdentity") or "" if leases else ""
        return str(holder).rpartition("_")[0]

    async def there(self, kind: str, name: str) -> bool:
        """Tell whether the cluster has this thing, which is in no namespace."""
        return bool((await self.kubectl("get", kind, name, "--ignore-not-found", "-o", "name")).strip())

    async def rolled_out(self, seconds: float = 300) -> None:
        """Wait until all Deployments have all their pods, of the newest template, ready.

        Raises:
            StackError: They had not in time.
        """
        for name in DEPLOYMENTS:
            await self.kubectl("rollout", "status", f"deployment/{name}", "-n", SYSTEM, f"--timeout={seconds:.0f}s")
