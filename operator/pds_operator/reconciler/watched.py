"""What the watch has told of, and what our own writes left: a watch event no newer than those tells us nothing."""

from datetime import datetime

from pds_contract.resource import SERVICE_ID_ANNOTATION, UNOBSERVED, PdsProvision
from pds_operator import metrics
from pds_operator.reconciler.standings import Standings


class Watched:
    """The names of the resources there are, and the newest resourceVersion that we wrote of each.

    resourceVersions are compared as whole numbers, as Kubernetes allows since 1.35.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._unvisited: dict[str, str] = {}
        self._written: dict[str, int] = {}
        self._standings = Standings(metrics.RESOURCES)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        """Note that there is a resource of this name."""
        self._names.add(name)

    def wrote(self, provision: PdsProvision) -> None:
        """Remember a resource as our write left it."""
        self._written[provision.metadata.name] = int(provision.metadata.resource_version)
        self._unvisited.pop(provision.metadata.name, None)
        self._standings.saw(provision)

    def saw(self, provision: PdsProvision) -> bool:
        """Take note of a resource as the watch shows it; tell whether that is newer than our last write of it."""
        newer = int(provision.metadata.resource_version) > self._written.get(provision.metadata.name, -1)
        if newer:
            self._standings.saw(provision)
            self._note_unvisited(provision)
        return newer

    def unvisited(self, name: str) -> str | None:
        """Return the uid of a resource that waits for its first visit, which is to deploy; None of any other."""
        return self._unvisited.get(name)

    def longest_wait(self, now: datetime) -> float:
        """Return for how many seconds the resource has been waiting that has waited longest to be Ready."""
        return self._standings.longest_wait(now)

    def close(self) -> None:
        """Show nothing of the resources any more: another process leads."""
        self._standings.close()

    def forget(self, name: str) -> None:
        """Forget a resource that is not there any more."""
        self._names.discard(name)
        self._unvisited.pop(name, None)
        self._written.pop(name, None)
        self._standings.forget(name)

    def _note_unvisited(self, provision: PdsProvision) -> None:
        metadata, untouched = provision.metadata, provision.status.observed_generation == UNOBSERVED
        adopted = SERVICE_ID_ANNOTATION in metadata.annotations
        if untouched and not adopted and not provision.spec.suspend and metadata.deletion_timestamp is None:
            self._unvisited[metadata.name] = metadata.uid
        else:
            self._unvisited.pop(metadata.name, None)
