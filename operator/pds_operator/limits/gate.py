"""The gate that every deploy passes: so many at once, so many an hour, none while paused."""

from collections import OrderedDict, deque
from collections.abc import Callable

from pds_contract.conditions import Reason
from pds_operator.protocol.facts import Held
from pds_operator.protocol.policy import PERSON_LOOK

HOUR = 3600.0
SOONEST = 60.0
"""Who waits for the hour to be over asks again no sooner: the first to ask may take the only place."""


class Gate:
    """Bounds deploys. Whoever finds it full is called, first come first served, when there is room again.

    Args:
        at_once: How many resources may be on their way to a deploy at one time.
        per_hour: How many deploys may begin within an hour; 0: any number.
        paused: Whether none may begin.
        clock: Seconds, monotonic.
        wake: Called with the name of a resource that there is room for now.
    """

    def __init__(
        self, *, at_once: int, per_hour: int, paused: bool, clock: Callable[[], float], wake: Callable[[str], None]
    ) -> None:
        self._at_once = at_once
        self._per_hour = per_hour
        self._paused = paused
        self._clock = clock
        self._wake = wake
        self._inside: set[str] = set()
        self._handed: set[str] = set()
        self._waiting: OrderedDict[str, None] = OrderedDict()
        self._begun: deque[float] = deque()

    def visited(self, name: str) -> None:
        """Note that a visit begins: a place that was handed over before is this visit's."""
        self._handed.discard(name)

    def awaits(self, name: str) -> bool:
        """Tell whether its turn at the gate is still to come."""
        return name in self._waiting or name in self._handed

    def enter(self, name: str) -> bool:
        """Take a place, or a ticket in the queue. One that is inside already stays there."""
        if name in self._inside:
            return True
        if len(self._inside) >= self._at_once:
            self._waiting[name] = None
            return False
        self._waiting.pop(name, None)
        self._inside.add(name)
        return True

    def leave(self, name: str) -> None:
        """Give the place back at the end of a visit, if there is one: to the next, who is called.

        The next has it from now on, so that nobody slips in between, and gives it back even if it needs none any more.
        One that it was handed during the visit it keeps for the next.
        """
        if name in self._inside and name not in self._handed:
            self._inside.remove(name)
            if self._waiting:
                following, _ = self._waiting.popitem(last=False)
                self._inside.add(following)
                self._handed.add(following)
                self._wake(following)

    def held(self) -> Held | None:
        """Say why no deploy may begin now, or None."""
        if self._paused:
            return Held(Reason.DEPLOYS_PAUSED, "Deploys are paused (PDS_DEPLOY_PAUSED).", PERSON_LOOK)
        now = self._clock()
        while self._begun and now - self._begun[0] >= HOUR:
            self._begun.popleft()
        if self._per_hour and len(self._begun) >= self._per_hour:
            message = "As many deploys as PDS_MAX_DEPLOYS_PER_HOUR allows have begun within an hour."
            return Held(Reason.DEPLOY_LIMIT_REACHED, message, max(HOUR - (now - self._begun[0]), SOONEST))
        return None

    def begin(self) -> None:
        """Count a deploy that begins now."""
        if self._per_hour:
            self._begun.append(self._clock())
