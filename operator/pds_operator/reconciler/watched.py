"""What the watch has told of, and what our own writes left: a watch event no newer than those tells us nothing."""

from pds_contract.resource import PdsProvision


class Watched:
    """The names of the resources there are, and the newest resourceVersion that we wrote of each.

    resourceVersions are compared as whole numbers, as Kubernetes allows since 1.35.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._written: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        """Note that there is a resource of this name."""
        self._names.add(name)

    def wrote(self, provision: PdsProvision) -> None:
        """Remember a resource as our write left it."""
        self._written[provision.metadata.name] = int(provision.metadata.resource_version)

    def told_before(self, provision: PdsProvision) -> bool:
        """Tell whether a resource is no newer than our last write of it."""
        return int(provision.metadata.resource_version) <= self._written.get(provision.metadata.name, -1)

    def forget(self, name: str) -> None:
        """Forget a resource that is not there any more."""
        self._names.discard(name)
        self._written.pop(name, None)
