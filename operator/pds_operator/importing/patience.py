"""Calls of dependencies that may fail for a moment: tried again a few times, but not for ever where all fail."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pds_contract.errors import CredentialsRejected, PdsError, TryLater

Answer = TypeVar("Answer")


class Stopped(Exception):
    """Nothing more is begun. The message says why."""


@dataclass
class Patience:
    """How a run of many calls takes failure.

    Args:
        tries: How often a call is tried.
        delay: Seconds before the second try; doubled for each further one.
        longest: Seconds that are waited at most, also where a dependency asks for more.
        failures_in_a_row: After so many failed calls without one that was answered, the run is over.
    """

    tries: int = 3
    delay: float = 1.0
    longest: float = 30.0
    failures_in_a_row: int = 24
    _failures: int = field(default=0, init=False)
    _why: str = field(default="", init=False)
    _over: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def stop(self, why: str) -> None:
        """Begin nothing more. The first reason given counts."""
        self._why = self._why or why
        self._over.set()

    def check(self) -> None:
        """Raise Stopped where nothing more is to be begun."""
        if self._over.is_set():
            raise Stopped(self._why)

    async def call(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Call, and call again after TryLater; any other error is an answer.

        Raises:
            Stopped: The run is over.
            TryLater: The last try failed as well.
        """
        tried = 0
        while True:
            self.check()
            tried += 1
            try:
                answer = await call()
            except CredentialsRejected as error:
                self.stop(str(error))
                raise
            except TryLater as error:
                if tried >= self.tries:
                    self._failed(error)
                    raise
                await self._wait(tried, error.retry_after)
            except PdsError:
                self._failures = 0
                raise
            else:
                self._failures = 0
                return answer

    async def _wait(self, tried: int, asked: float | None) -> None:
        seconds = max(self.delay * 2 ** (tried - 1) * random.uniform(0.8, 1.2), asked or 0.0)  # noqa: S311 - jitter
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, self.longest)):
                await self._over.wait()

    def _failed(self, error: TryLater) -> None:
        self._failures += 1
        if self._failures >= self.failures_in_a_row:
            self.stop(f"{self._failures} calls in a row failed; the last: {error}")
