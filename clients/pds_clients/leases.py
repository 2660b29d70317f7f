"""One coordination.k8s.io/v1 Lease: read, made, changed only where nobody else has changed it meanwhile."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from pds_clients.kubernetes import MERGE_PATCH, Json, KubernetesApi
from pds_clients.timing import Operation
from pds_contract.errors import Conflict, NotFound


@dataclass(frozen=True)
class Lease:
    """A Lease as the API server has it.

    Attributes:
        resource_version: What a change of it has to name.
        holder: Whose it is; empty: nobody's.
        duration: For how many seconds after a renewal its holder may count on it; 0 where nobody has said.
        acquired: When its holder took it, by the holder's clock, as written.
        renewed: When its holder renewed it last, by the holder's clock, as written.
        transitions: How often it went from one holder to another.
    """

    resource_version: str
    holder: str
    duration: int
    acquired: str
    renewed: str
    transitions: int


@dataclass(frozen=True)
class LeaseTerms:
    """What a holder writes into a Lease.

    Attributes:
        holder: Whose it becomes; empty: nobody's.
        duration: Whole seconds, at least 1: the API server takes no fraction.
        acquired: When the holder took it; None leaves what is written.
        renewed: When the holder renewed it.
        transitions: How often it went from one holder to another.
    """

    holder: str
    duration: int
    acquired: datetime | None
    renewed: datetime
    transitions: int


class Leases:
    """The Lease of one name.

    Raw calls, since the generated CoordinationV1Api brings the models of every API with it.

    Args:
        api: The API server.
        namespace: The Lease's namespace.
        name: The Lease's name.
        field_manager: Who writes, as ``metadata.managedFields`` shows it.
    """

    def __init__(self, api: KubernetesApi, namespace: str, name: str, field_manager: str) -> None:
        self._api = api
        self._name = name
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._one = f"{self._path}/{quote(name, safe='')}"
        self._writer: dict[str, str | int] = {"fieldManager": field_manager}

    async def get(self) -> Lease | None:
        """Read it; None where there is none."""
        try:
            return _lease(await self._api.call("GET", self._one, operation=Operation.GET_LEASE))
        except NotFound:
            return None

    async def create(self, terms: LeaseTerms) -> Lease:
        """Make it.

        Raises:
            Conflict: Somebody else was first.
            NotFound: The namespace is missing.
        """
        manifest = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name},
            "spec": _spec(terms),
        }
        made = await self._api.call(
            "POST", self._path, query=self._writer, body=manifest, operation=Operation.CREATE_LEASE
        )
        return _lease(made)

    async def change(self, resource_version: str, terms: LeaseTerms) -> Lease:
        """Change it, and leave its labels and annotations alone.

        Raises:
            Conflict: It is not what was read any more, or not there.
        """
        change = {"metadata": {"resourceVersion": resource_version}, "spec": _spec(terms)}
        try:
            changed = await self._api.call(
                "PATCH",
                self._one,
                query=self._writer,
                body=change,
                content_type=MERGE_PATCH,
                operation=Operation.PATCH_LEASE,
            )
        except NotFound as error:
            raise Conflict("kubernetes", "the Lease is gone", error.status) from None
        return _lease(changed)


def _spec(terms: LeaseTerms) -> Json:
    spec: Json = {
        "holderIdentity": terms.holder,
        "leaseDurationSeconds": terms.duration,
        "renewTime": _micro_time(terms.renewed),
        "leaseTransitions": terms.transitions,
    }
    if terms.acquired is not None:
        spec["acquireTime"] = _micro_time(terms.acquired)
    return spec


def _micro_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _lease(document: Json) -> Lease:
    spec = document.get("spec") or {}
    return Lease(
        resource_version=document["metadata"]["resourceVersion"],
        holder=spec.get("holderIdentity") or "",
        duration=spec.get("leaseDurationSeconds") or 0,
        acquired=spec.get("acquireTime") or "",
        renewed=spec.get("renewTime") or "",
        transitions=spec.get("leaseTransitions") or 0,
    )
