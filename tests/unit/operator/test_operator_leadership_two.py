"""Two participants with clocks of their own: whatever is late, lost or paused, never do both lead at one time."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pds_clients.leases import Lease, LeaseTerms
from pds_operator.leadership.decide import (
    Lost,
    Sighting,
    Take,
    Timing,
    decide,
    see,
    terms_of_holder,
    terms_of_nobody,
)

EPOCH = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class Server:
    """The API server: a write takes effect only on what was read."""

    lease: Lease | None = None
    version: int = 0

    def apply(self, read: Lease | None, terms: LeaseTerms) -> Lease | None:
        """Return the Lease as it is after a write, or None for a 409."""
        now = self.lease
        if (now and now.resource_version) != (read and read.resource_version):
            return None
        self.version += 1
        acquired = terms.acquired.isoformat() if terms.acquired else now.acquired if now else ""
        self.lease = Lease(
            str(self.version), terms.holder, terms.duration, acquired, terms.renewed.isoformat(), terms.transitions
        )
        return self.lease


@dataclass
class Request:
    """A write under way."""

    read: Lease | None
    terms: LeaseTerms
    sent: float
    applied: bool = False
    answer: Lease | None = None


@dataclass
class Participant:
    """One process. It follows the same rules as the election; what takes time is a step of its own here."""

    name: str
    timing: Timing
    rate: float
    offset: float
    sighting: Sighting | None = None
    held_until: float | None = None
    gone: bool = False
    request: Request | None = None

    def clock(self, time: float) -> float:
        return self.offset + self.rate * time

    def leads(self, time: float) -> bool:
        return not self.gone and self.held_until is not None and self.clock(time) < self.held_until

    def look(self, server: Server, time: float) -> None:
        if not self.gone and self.request is None:
            self.sighting = see(self.sighting, server.lease, self.clock(time))

    def send(self, time: float) -> None:
        if self.gone or self.request is not None or self.sighting is None:
            return
        move = decide(self.sighting, self.name, self.held_until, self.clock(time), self.timing)
        if isinstance(move, Lost):
            self.gone = True
        elif isinstance(move, Take):
            wall = EPOCH + timedelta(seconds=time)
            terms = terms_of_holder(self.sighting.lease, self.name, wall, self.timing)
            self.request = Request(self.sighting.lease, terms, self.clock(time))

    def release(self, server: Server, time: float) -> None:
        """End leading, then give it back if it still is one's own."""
        if self.leads(time) and self.request is None and server.lease is not None and server.lease.holder == self.name:
            self.gone = True
            server.apply(server.lease, terms_of_nobody(server.lease, EPOCH + timedelta(seconds=time)))

    def apply(self, server: Server) -> None:
        if self.request is not None and not self.request.applied:
            self.request.applied = True
            self.request.answer = server.apply(self.request.read, self.request.terms)

    def answered(self, time: float, *, lost: bool) -> None:
        if self.request is None or (not self.request.applied and not lost):
            return
        request, self.request = self.request, None
        if lost or request.answer is None:
            return
        self.sighting = see(self.sighting, request.answer, self.clock(time))
        self.held_until = self.timing.counts_until(request.sent)


@dataclass
class World:
    server: Server
    both: tuple[Participant, Participant]
    time: float = 0.0
    trace: list[str] = field(default_factory=list)

    def take(self, step: tuple[str, int, float]) -> None:
        what, who, seconds = step
        one = self.both[who]
        match what:
            case "time":
                self.time += seconds
            case "look":
                one.look(self.server, self.time)
            case "send":
                one.send(self.time)
            case "apply":
                one.apply(self.server)
            case "answer":
                one.answered(self.time, lost=False)
            case "lose":
                one.answered(self.time, lost=True)
            case "try":
                one.look(self.server, self.time)
                one.send(self.time)
                one.apply(self.server)
                one.answered(self.time, lost=False)
            case "release":
                one.release(self.server, self.time)
        self.trace.append(f"{self.time:6.1f} {one.name}: {what}")


STEPS = st.tuples(
    st.sampled_from(["time", "time", "try", "try", "look", "send", "apply", "answer", "lose", "release"]),
    st.integers(0, 1),
    st.sampled_from([0.1, 0.4, 0.9, 3.0, 8.0, 9.0, 15.0]),
)
# A lease is half as long again as its holder counts on it, so much may one clock be faster than the other.
RATES = st.sampled_from([0.85, 1.0, 1.25])


@settings(max_examples=1000)
@given(
    steps=st.lists(STEPS, max_size=60),
    rates=st.tuples(RATES, RATES),
    leases=st.tuples(st.sampled_from([0.5, 1.5, 15.0]), st.sampled_from([0.5, 1.5, 15.0])),
)
@example(  # the answer dawdles: what counts is when the write was sent
    steps=[
        ("look", 0, 0), ("send", 0, 0), ("apply", 0, 0), ("look", 1, 0), ("time", 0, 15.0),
        ("answer", 0, 0), ("look", 1, 0), ("send", 1, 0), ("apply", 1, 0), ("answer", 1, 0),
    ],
    rates=(1.0, 1.0),
    leases=(15.0, 15.0),
)  # fmt: skip
@example(  # the leader's lease is longer than the other one's settings would have it
    steps=[
        ("look", 0, 0), ("send", 0, 0), ("apply", 0, 0), ("answer", 0, 0), ("look", 1, 0), ("time", 0, 2.0),
        ("look", 1, 0), ("send", 1, 0), ("apply", 1, 0), ("answer", 1, 0),
    ],
    rates=(1.0, 1.0),
    leases=(15.0, 0.5),
)  # fmt: skip
def test_two_never_both_believe_to_lead(
    steps: list[tuple[str, int, float]], rates: tuple[float, float], leases: tuple[float, float]
) -> None:
    both = (
        Participant("a", Timing(leases[0]), rates[0], offset=0.0),
        Participant("b", Timing(leases[1]), rates[1], offset=1_000_000.0),
    )
    world = World(Server(), both)
    for step in steps:
        world.take(step)
        assert not (both[0].leads(world.time) and both[1].leads(world.time)), "\n".join(world.trace)
