"""The election: take the Lease, renew it, give it back. What to do is decided in ``decide``."""

import asyncio
import contextlib
import logging
import random
import socket
import uuid
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import TypeVar

from pds_clients.leases import Lease, Leases
from pds_contract.errors import Conflict, DependencyError, TryLater
from pds_operator.leadership.decide import (
    Lost,
    Move,
    Sighting,
    Take,
    Timing,
    Wait,
    decide,
    see,
    terms_of_holder,
    terms_of_nobody,
)

logger = logging.getLogger(__name__)

REMIND = 60.0
"""Seconds after which a trouble that goes on is said again."""
_JITTER = 0.2

Answer = TypeVar("Answer")


def new_identity() -> str:
    """Return a name that no other process has, nor this one's former self: its host's, and a random part."""
    return f"{socket.gethostname()}_{uuid.uuid4().hex[:12]}"


class Election:
    """One participant.

    Args:
        leases: The Lease.
        identity: The participant's name, of one process alone.
        timing: How long everything takes.
        clock: Seconds, on a clock that runs on through suspension.
    """

    def __init__(self, leases: Leases, identity: str, timing: Timing, clock: Callable[[], float]) -> None:
        self._leases = leases
        self._identity = identity
        self._timing = timing
        self._clock = clock
        self._sighting: Sighting | None = None
        self._held_until: float | None = None
        self._may_be_written = False
        self._said: tuple[str, float] = ("", 0.0)

    @property
    def leading(self) -> bool:
        """Whether this participant leads, as far as it can know by its own clock at this moment."""
        return self._held_until is not None and self._clock() < self._held_until

    async def acquire(self) -> None:
        """Wait until this participant leads, however long the API server is away or forbids it."""
        while True:
            pause = self._timing.retry_period
            try:
                move = await self._step()
            except DependencyError as error:
                self._say(logging.WARNING, "the Lease can be neither read nor taken; trying on", error=_advice(error))
            else:
                if isinstance(move, Take):
                    logger.info("leading", extra={"identity": self._identity})
                    return
                if isinstance(move, Wait):
                    self._say(logging.INFO, "standing by, another one leads", holder=move.holder)
                    pause = min(pause, move.seconds)
            await asyncio.sleep(_jittered(pause))

    async def hold(self) -> str:
        """Renew the Lease for as long as that works; return why it does not any more."""
        while True:
            left = (self._held_until or 0.0) - self._clock()
            await asyncio.sleep(max(0.0, min(_jittered(self._timing.renew_period), left)))
            try:
                move = await self._step()
            except DependencyError as error:
                self._say(logging.WARNING, "the Lease could not be renewed yet", error=_advice(error))
            else:
                if isinstance(move, Lost):
                    return move.why

    async def release(self) -> None:
        """Give the Lease back, so that nobody has to wait for its end; never raises for what the network does."""
        self._held_until = None
        if not self._may_be_written:
            return
        try:
            while (lease := await self._call(self._leases.get())) is not None and lease.holder == self._identity:
                terms = terms_of_nobody(lease, datetime.now(UTC))
                # A renewal that was cut off when the work ended may take effect in between.
                with contextlib.suppress(Conflict):
                    await self._call(self._leases.change(lease.resource_version, terms))
                    logger.info("the Lease is released")
                    return
        except DependencyError as error:
            logger.warning("the Lease could not be released; it runs out by itself", extra={"error": str(error)})

    async def _step(self) -> Move:
        """Decide, and write what was decided. A holder begins with what it wrote last, anybody else with a read."""
        if self._held_until is None or self._sighting is None:
            await self._read()
        while True:
            assert self._sighting is not None  # noqa: S101 - read above; for mypy
            move = decide(self._sighting, self._identity, self._held_until, self._clock(), self._timing)
            if not isinstance(move, Take):
                return move
            try:
                await self._write(self._sighting.lease)
            except Conflict:
                await self._read()
            else:
                return move

    async def _read(self) -> None:
        lease = await self._call(self._leases.get())
        self._sighting = see(self._sighting, lease, self._clock())

    async def _write(self, lease: Lease | None) -> None:
        sent = self._clock()
        terms = terms_of_holder(lease, self._identity, datetime.now(UTC), self._timing)
        self._may_be_written = True
        if lease is None:
            written = await self._call(self._leases.create(terms))
        else:
            written = await self._call(self._leases.change(lease.resource_version, terms))
        self._sighting = see(self._sighting, written, self._clock())
        self._held_until = self._timing.counts_until(sent)

    async def _call(self, call: Coroutine[None, None, Answer]) -> Answer:
        """Make a call that is over before the renew deadline: the API client's own time-out is longer than that."""
        seconds = self._timing.call_timeout
        if self._held_until is not None:
            seconds = min(seconds, self._held_until - self._clock())
        try:
            async with asyncio.timeout(seconds):
                return await call
        except TimeoutError:
            raise TryLater("kubernetes", "the API server gave no answer in time (TimeoutError)") from None

    def _say(self, level: int, message: str, **told: str) -> None:
        """Log what has changed, and now and then a trouble that has not."""
        said, when = self._said
        now, saying = self._clock(), f"{message} {told}"
        if saying != said or (level >= logging.WARNING and now - when >= REMIND):
            self._said = (saying, now)
            logger.log(level, message, extra=told)


def _advice(error: DependencyError) -> str:
    if error.status == 403:
        return f"{error}; the ServiceAccount needs get, create and patch of leases where PDS_LEASE_NAMESPACE says"
    if error.status == 404:
        return f"{error}; set PDS_LEASE_NAMESPACE to a namespace that exists"
    return str(error)


def _jittered(seconds: float) -> float:
    """Return a little less, so that participants do not stay in step."""
    return seconds * (1 - _JITTER * random.random())  # noqa: S311 - jitter
