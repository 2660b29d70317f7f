"""How many resources stand how: the metric that says of what a person is needed for, and what waits for what."""

from collections import Counter

from prometheus_client import Gauge

from pds_contract.conditions import READY, STALLED
from pds_contract.resource import PdsProvision

UNVISITED = "Unvisited"
"""The reason of a resource that has no condition yet."""

Standing = tuple[str, bool]


def standing_of(provision: PdsProvision) -> Standing:
    """Return why a resource stands as it stands, and whether it needs a person.

    A trouble counts before Ready's reason: a PDS that runs may have one all the same.
    """
    stalled = provision.status.condition(STALLED)
    if stalled and stalled.status == "True":
        return stalled.reason, True
    ready = provision.status.condition(READY)
    return (ready.reason if ready else UNVISITED), False


class Standings:
    """Counts resources by their standing, each once.

    Args:
        gauge: With the labels ``reason`` and ``stalled``; cleared, since the resources of this process are counted
            from nothing.
    """

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._gauge.clear()
        self._of: dict[str, Standing] = {}
        self._counts: Counter[Standing] = Counter()

    def saw(self, provision: PdsProvision) -> None:
        """Count a resource as it stands now."""
        name, standing = provision.metadata.name, standing_of(provision)
        if self._of.get(name) != standing:
            self.forget(name)
            self._of[name] = standing
            self._count(standing, 1)

    def forget(self, name: str) -> None:
        """Count a resource no more."""
        standing = self._of.pop(name, None)
        if standing is not None:
            self._count(standing, -1)

    def _count(self, standing: Standing, more: int) -> None:
        self._counts[standing] += more
        reason, stalled = standing
        self._gauge.labels(reason=reason, stalled=str(stalled).lower()).set(self._counts[standing])
