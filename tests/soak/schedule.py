"""What a soak brings about, and when: a pure function of its seed, so that a seed that failed can be played again.

Which exchange a fault meets is for the moment to decide: the first that begins once the fault is due.
"""

import random
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from faults.exchange import Dependency, Exchange
from faults.fault import Fault

FAULT_EVERY = 1.0
# A claim is waited out by one process from when that one first saw it: leaders have to live for longer than that now
# and then, or what the dead ones had claimed is never taken up.
KILL_EVERY = 25.0
PAUSE_EVERY = 40.0
LONGEST_PAUSE = 14.0
PAUSES_AT_AN_EXCHANGE = 0.02
KILLS_AT_AN_EXCHANGE = 0.04
"""Of the faults, how many pause or kill a process in the middle of an exchange."""
IN_THE_BACKGROUND = 0.15
"""Of the faults, how many meet what belongs to no customer: watches, lists, the Lease, Events."""
DELIVERED_TWICE = 0.1
"""Of the events, how many Stripe sends twice at the same time."""

_PAUSES = tuple(fault for fault in Fault if fault.pauses)
_KILLS = tuple(fault for fault in Fault if fault.kills)
_OTHERS = tuple(fault for fault in Fault if not fault.pauses and not fault.kills)


class Victim(StrEnum):
    """The processes that can be hit."""

    WEBHOOK = "webhook"
    OPERATOR_A = "operator-a"
    OPERATOR_B = "operator-b"


@dataclass(frozen=True)
class Injection:
    """A fault that meets the first exchange after its time.

    Args:
        at: Seconds from the begin.
        fault: The fault.
        dependency: Whose exchange it has to be; None: anybody's.
        background: Whether it meets exchanges that belong to no customer, or those that do.
        pause: For how many seconds the process is paused, where the fault pauses it.
    """

    at: float
    fault: Fault
    dependency: Dependency | None
    background: bool
    pause: float

    def fits(self, exchange: Exchange) -> bool:
        """Tell whether it may meet this exchange."""
        return (exchange.background is not None) is self.background and self.dependency in {None, exchange.dependency}


@dataclass(frozen=True)
class Blow:
    """A process is killed, or paused for so many seconds, whatever it does."""

    at: float
    victim: Victim
    pause: float | None


@dataclass(frozen=True)
class Arrival:
    """A customer pays. Args: when; whether Stripe tells it twice at the same time."""

    at: float
    twice: bool


@dataclass(frozen=True)
class Schedule:
    """All that is brought about, each in the order of time."""

    arrivals: tuple[Arrival, ...]
    injections: tuple[Injection, ...]
    blows: tuple[Blow, ...]

    def planned(self) -> Counter[str]:
        """Count what is planned, by kind."""
        blows = (f"{'kill' if blow.pause is None else 'pause'} {blow.victim}" for blow in self.blows)
        return Counter(chain((str(injection.fault) for injection in self.injections), blows))


def plan(seed: int, customers: int, seconds: float) -> Schedule:
    """Plan a soak: who arrives when, a fault about every second, a kill and a pause now and then."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    times = sorted(chance.uniform(0.0, seconds) for _ in range(customers))
    arrivals = tuple(Arrival(at, chance.random() < DELIVERED_TWICE) for at in times)
    injections = tuple(_injection(chance, at) for at in _times(chance, FAULT_EVERY, seconds))
    kills = [Blow(at, chance.choice(list(Victim)), None) for at in _times(chance, KILL_EVERY, seconds)]
    pauses = [
        Blow(at, chance.choice(list(Victim)), chance.uniform(0.5, LONGEST_PAUSE))
        for at in _times(chance, PAUSE_EVERY, seconds)
    ]
    return Schedule(arrivals, injections, tuple(sorted([*kills, *pauses], key=lambda blow: blow.at)))


def _injection(chance: random.Random, at: float) -> Injection:
    draw = chance.random()
    faults = _PAUSES if draw < PAUSES_AT_AN_EXCHANGE else _KILLS
    if draw >= PAUSES_AT_AN_EXCHANGE + KILLS_AT_AN_EXCHANGE:
        faults = _OTHERS
    background = chance.random() < IN_THE_BACKGROUND
    dependencies = (None, Dependency.KUBERNETES) if background else (None, *Dependency)
    return Injection(
        at=at,
        fault=chance.choice(faults),
        dependency=chance.choice(dependencies),
        background=background,
        pause=chance.uniform(0.5, LONGEST_PAUSE),
    )


def _times(chance: random.Random, mean: float, until: float) -> list[float]:
    """Return times with a random distance of this mean, from half of it to one and a half."""
    times, at = [], chance.uniform(0.0, mean)
    while at < until:
        times.append(at)
        at += chance.uniform(0.5, 1.5) * mean
    return times
