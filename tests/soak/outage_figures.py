"""What a backend that was down came to: the calls that it got, the operator's memory, and the order of service."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations, pairwise

from pds_clients.backend_requests import LOOK_TIMEOUT
from pds_operator.process import LOOKERS
from pds_operator.protocol.policy import RETRY_CAP
from pds_operator.protocol.schedule import JITTER

RETRY_BASE = 5.0
CALLS_TO_SERVE = 4
"""check-pds, deploy, and two looks at a service that runs at once: the second only where a visit was broken off."""
MINUTE = 60.0
STALL = 2.0
"""Real seconds by which a visit may come too late on a machine that is busy."""
MORE_MEMORY = 1.08
MORE_TASKS = 12
"""What visits that happen to be under way may add at a moment."""
APART = 0.25
"""Customers count as one after the other from this share of the outage on."""


class Way(StrEnum):
    """How a backend can be down."""

    REFUSED = "refused"
    """Nobody listens: connections are refused."""
    UNAVAILABLE_RETRY_AFTER = "503-retry-after"
    """Every call is answered 503, and asked to come back after two seconds."""
    UNAVAILABLE = "503"
    """Every call is answered 503."""
    HANGING = "hanging"
    """No call is ever answered."""


MANY = 100
"""So many customers tell of an order; of fewer nearly all are served in one burst, and chance decides."""
IN_ORDER = {Way.REFUSED: 0.55, Way.UNAVAILABLE_RETRY_AFTER: 0.65, Way.UNAVAILABLE: 0.65, Way.HANGING: 0.6}
"""Of the pairs of customers, how many are served in the order of arrival at least.

The first to come by itself after the outage is anybody, and of a few that are called at once each may be the first.
Calls that hang when the backend is back end only with their time-out.
"""


@dataclass(frozen=True)
class Load:
    """What to bring about. All times are seconds of the operator's clock.

    Args:
        way: How the backend is down.
        customers: How many arrive while it is.
        outage: How long it is down.
        speed: How many of the operator's seconds pass in one.
        at_once: How many deploys may be under way at one time (PDS_MAX_DEPLOYS).
    """

    way: Way
    customers: int
    outage: float
    speed: float
    at_once: int = 32


@dataclass(frozen=True)
class Moment:
    """One look at the operator: when, by its clock from the outage's begin; its memory, its tasks, its visits."""

    at: float
    resident_bytes: int
    tasks: int
    visits: int


@dataclass(frozen=True)
class Call:
    """One call that the backend received: its path, when it came, and when it was answered, if it was."""

    path: str
    at: float
    ended: float | None


@dataclass
class Figures:
    """What came of a load. Times are seconds of the operator's clock, from the begin of the outage.

    Args:
        load: The load.
        moments: Looks at the operator during the outage.
        arrived: When each customer did, in their order.
        served: When each one's deploy arrived at the backend, in the same order.
        calls: What the backend received, in order; nothing of what it refused to connect.
        returned: When it was back.
        all_served: When the last one was Ready.
        made: PDSes.
    """

    load: Load
    moments: list[Moment] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    returned: float = 0.0
    all_served: float = 0.0
    made: int = 0

    def calls_in_vain(self) -> int:
        """Return how many calls were made during the outage. A visit ends with its first call in vain."""
        if self.load.way is Way.REFUSED:
            return self.moments[-1].visits
        return sum(call.at < self.returned for call in self.calls)

    def most_calls_in_vain(self) -> int:
        """Return how many the back-off allows at most: its shortest delays, for each customer's time."""
        return self.most_calls_between(0.0, self.returned)

    def minutes(self) -> Iterator[tuple[float, float, int]]:
        """Return stretches of the outage, and the calls in each: every minute that begins with a call.

        Of connections that are refused the backend knows nothing: there it is the visits from look to look.
        """
        if self.load.way is Way.REFUSED:
            for one, other in pairwise([Moment(0.0, 0, 0, 0), *self.moments]):
                yield one.at, other.at, other.visits - one.visits
        times = [call.at for call in self.calls if call.at < self.returned]
        for first, at in enumerate(times):
            until = min(at + MINUTE, self.returned)
            yield at, until, bisect_left(times, until) - first

    def most_calls_between(self, since: float, until: float) -> int:
        """Return how many the back-off allows between two moments at most.

        Of each customer, those that its shortest delays allow by the end, without those that even its longest ones,
        and a machine that is busy, have brought about before.
        """
        shortest = _visits(self.returned, 1 - JITTER, 0.0)
        longest = _visits(self.returned, 1 + JITTER, LOOK_TIMEOUT + STALL * self.load.speed)
        return sum(bisect_right(shortest, until - at) - bisect_left(longest, since - at) for at in self.arrived)

    def too_many(self) -> list[str]:
        """Say in which stretches there were more calls than the back-off allows."""
        return [
            f"{calls} calls from {since:.0f} to {until:.0f} s, {most} are allowed"
            for since, until, calls in self.minutes()
            if calls > (most := self.most_calls_between(since, until))
        ]

    def most_at_once(self, path: str = "") -> int:
        """Return how many calls (of one path) that came after the outage were under way at the same moment."""
        after = [call for call in self.calls if call.at >= self.returned and call.path.endswith(path)]
        edges = sorted([(call.at, 1) for call in after] + [(call.ended or call.at, -1) for call in after])
        most = now = 0
        for _, change in edges:
            now += change
            most = max(most, now)
        return most

    def busiest_minute(self) -> str:
        """Describe the stretch of the outage that comes nearest to what is allowed."""
        since, until, calls = max(
            self.minutes(), key=lambda each: each[2] / max(1, self.most_calls_between(each[0], each[1]))
        )
        return f"{calls} from {since:.0f} to {until:.0f} s (at most {self.most_calls_between(since, until)} allowed)"

    def in_order(self) -> float:
        """Return of how many pairs of customers, who arrived one well after the other, the first was served first."""
        apart = self.load.outage * APART
        pairs = [
            early[1] < late[1]
            for early, late in combinations(zip(self.arrived, self.served, strict=True), 2)
            if late[0] - early[0] >= apart
        ]
        return sum(pairs) / len(pairs)

    def faults(self) -> list[str]:
        """Say what is wrong; nothing where all is as it has to be."""
        calls_after = sum(call.at >= self.returned for call in self.calls)
        settled, last = self.moments[len(self.moments) // 2], self.moments[-1]
        said = {
            f"{self.made} PDSes for {self.load.customers} customers": self.made != self.load.customers,
            f"{self.calls_in_vain()} calls in vain, {self.most_calls_in_vain()} are allowed": (
                self.calls_in_vain() > self.most_calls_in_vain()
            ),
            f"{calls_after} calls after the outage": calls_after > CALLS_TO_SERVE * self.load.customers,
            f"{self.most_at_once()} calls at once": self.most_at_once() > self.load.at_once + LOOKERS,
            f"{self.most_at_once('/deploy')} deploys at once": (self.most_at_once("/deploy") > self.load.at_once),
            f"memory grew from {settled.resident_bytes} to {last.resident_bytes}": (
                last.resident_bytes > settled.resident_bytes * MORE_MEMORY
            ),
            f"tasks grew from {settled.tasks} to {last.tasks}": last.tasks > settled.tasks + MORE_TASKS,
            f"{self.in_order():.0%} of pairs were served in the order of arrival": (
                self.load.customers >= MANY and self.in_order() < IN_ORDER[self.load.way]
            ),
        }
        return [*(what for what, wrong in said.items() if wrong), *self.too_many()[:3]]

    def __str__(self) -> str:
        since_return = [at - self.returned for at in self.served]
        return (
            f"{self.load.way}: {self.load.customers} customers, {self.load.outage:.0f} s down; "
            f"calls in vain {self.calls_in_vain()} (at most {self.most_calls_in_vain()} allowed), "
            f"busiest minute {self.busiest_minute()}; "
            f"after it {self.most_at_once()} calls and {self.most_at_once('/deploy')} deploys at once at most, "
            f"deploys sent after {min(since_return):.0f} to {max(since_return):.0f} s "
            f"(half by {_median(since_return):.0f} s), all Ready after {self.all_served - self.returned:.0f} s, "
            f"{self.in_order():.0%} of pairs in the order of arrival; "
            f"memory {[round(each.resident_bytes / 2**20, 1) for each in self.moments]} MiB, "
            f"tasks {[each.tasks for each in self.moments]}"
        )


def _visits(seconds: float, share: float, late: float) -> list[float]:
    """Return when the visits of one customer are, in seconds from the arrival: at once, then ever more seldom.

    Args:
        seconds: Until when.
        share: Of the delay, before its jitter, that is waited.
        late: By how many seconds each visit is later.
    """
    visits, at = [], late
    while at <= seconds:
        visits.append(at)
        at += share * min(RETRY_BASE * 2.0 ** (len(visits) - 1), RETRY_CAP) + late
    return visits


def _median(numbers: Sequence[float]) -> float:
    return sorted(numbers)[len(numbers) // 2]
