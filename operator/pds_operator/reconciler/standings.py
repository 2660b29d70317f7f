"""How many resources stand how, and since when the first of those waits that nobody is needed for."""

from collections import Counter
from datetime import datetime

from prometheus_client import Gauge

from pds_contract.conditions import READY, STALLED
from pds_contract.resource import PdsProvision
from pds_operator.protocol.waiting import waiting_since

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
        self._known: dict[Standing, Standing] = {}
        self._waiting: dict[str, datetime] = {}
        self._closed = False

    def saw(self, provision: PdsProvision) -> None:
        """Count a resource as it stands now."""
        if self._closed:
            return
        name, standing, since = provision.metadata.name, standing_of(provision), waiting_since(provision)
        if self._of.get(name) != standing:
            self.forget(name)
            self._of[name] = self._known.setdefault(standing, standing)  # they are few: one object for each is enough
            self._count(standing, 1)
        if since is None:
            self._waiting.pop(name, None)
        else:
            self._waiting[name] = since

    def forget(self, name: str) -> None:
        """Count a resource no more."""
        self._waiting.pop(name, None)
        standing = self._of.pop(name, None)
        if standing is not None:
            self._count(standing, -1)

    def longest_wait(self, now: datetime) -> float:
        """Return for how many seconds the one has been waiting that has waited longest; 0 where none is."""
        return max(0.0, (now - min(self._waiting.values(), default=now)).total_seconds())

    def close(self) -> None:
        """Count nothing from now on, and show nothing: the resources are another process's to count."""
        self._closed = True
        self._waiting.clear()
        self._of.clear()
        self._gauge.clear()

    def _count(self, standing: Standing, more: int) -> None:
        self._counts[standing] += more
        reason, stalled = standing
        self._gauge.labels(reason=reason, stalled=str(stalled).lower()).set(self._counts[standing])
