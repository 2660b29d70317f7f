"""``python -m soak.quick_clock SPEED``: ``pds-operator`` with every clock of its process running that much faster.

The product is not changed for it, and no setting: back-off, time-outs, polls and waits all keep their proportions,
and an hour of the operator's takes 3600 / SPEED seconds. What it talks to keeps the real time.
"""

import datetime as dt
import selectors
import sys
import time
from collections.abc import Callable, Sequence

_Clock = Callable[[], float]


def faster(clock: _Clock, speed: float) -> _Clock:
    """Return a clock that agrees with this one now, and runs so many times as fast from now on."""
    start = clock()
    return lambda: start + (clock() - start) * speed


def hurry(speed: float) -> None:
    """Let the clocks of this process run faster: before anything is imported that copies one of them."""
    clock_gettime = time.clock_gettime
    boottime = faster(lambda: clock_gettime(time.CLOCK_BOOTTIME), speed)
    time.clock_gettime = lambda clk_id: boottime() if clk_id == time.CLOCK_BOOTTIME else clock_gettime(clk_id)
    time.monotonic = faster(time.monotonic, speed)
    time.time = faster(time.time, speed)
    select = selectors.DefaultSelector.select

    def hurried(
        self: selectors.BaseSelector, timeout: float | None = None
    ) -> Sequence[tuple[selectors.SelectorKey, int]]:
        return select(self, None if timeout is None else timeout / speed)  # type: ignore[arg-type] # the same class

    selectors.DefaultSelector.select = hurried  # type: ignore[assignment] # an event loop waits in it, for its timers


class HurriedDatetime(dt.datetime):
    """``datetime.now`` by the clock that runs faster; what it returns is an ordinary datetime."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override] # see above
        """Return the hurried time."""
        return dt.datetime.fromtimestamp(time.time(), tz)


def main() -> None:
    """Hurry, then become the operator."""
    hurry(float(sys.argv[1]))
    from pds_operator.__main__ import main as operate  # noqa: PLC0415 - only now may it be imported

    for name, module in list(sys.modules.items()):
        if name.startswith("pds_") and getattr(module, "datetime", None) is dt.datetime:
            module.datetime = HurriedDatetime  # type: ignore[attr-defined] # it is there: see above
    sys.argv[1:] = []
    operate()


if __name__ == "__main__":
    main()
