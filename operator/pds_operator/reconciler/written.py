"""The newest resourceVersion that our own writes left, by name: a watch event no newer tells us nothing."""

from pds_contract.resource import PdsProvision


class WrittenVersions:
    """Remembers our writes. resourceVersions are compared as whole numbers, as Kubernetes allows since 1.35."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}

    def note(self, provision: PdsProvision) -> None:
        """Remember a resource as our write left it."""
        self._versions[provision.metadata.name] = int(provision.metadata.resource_version)

    def covers(self, provision: PdsProvision) -> bool:
        """Tell whether a resource is no newer than our last write of it."""
        return int(provision.metadata.resource_version) <= self._versions.get(provision.metadata.name, -1)

    def forget(self, name: str) -> None:
        """Forget a resource that was deleted."""
        self._versions.pop(name, None)
