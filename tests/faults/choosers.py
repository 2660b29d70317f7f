"""Choosers: asked once at the beginning of each exchange, they say what is to become of it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from faults.exchange import Exchange
from faults.fault import Fault

Chooser = Callable[[Exchange], Fault | None]
"""Says which fault hits an exchange, if any. Called once for each one, those in the background included."""


def no_fault(_exchange: Exchange) -> None:
    """Let everything pass."""


@dataclass
class Strike:
    """One fault that waits for its exchange.

    Args:
        fits: Whether an exchange is the one.
        fault: What becomes of it.
        hit: The exchange, once it has come.
    """

    fits: Callable[[Exchange], bool]
    fault: Fault
    hit: Exchange | None = None


@dataclass
class Plan:
    """A chooser with strikes for some customers: each hits once, the first exchange of the customer that fits."""

    _strikes: defaultdict[str, list[Strike]] = field(default_factory=lambda: defaultdict(list))

    def at_number(self, user_id: str, number: int, fault: Fault) -> Strike:
        """Strike a customer's exchange of this number."""
        return self.when(user_id, lambda exchange: exchange.number == number, fault)

    def when(self, user_id: str, fits: Callable[[Exchange], bool], fault: Fault) -> Strike:
        """Strike a customer's first exchange that fits."""
        strike = Strike(fits, fault)
        self._strikes[user_id].append(strike)
        return strike

    def __call__(self, exchange: Exchange) -> Fault | None:
        if exchange.user_id is None or exchange.user_id not in self._strikes:
            return None
        for strike in self._strikes[exchange.user_id]:
            if strike.hit is None and strike.fits(exchange):
                strike.hit = exchange
                return strike.fault
        return None
