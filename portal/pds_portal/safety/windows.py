"""The moments of the last requests, kept for rate limits in bounded memory."""

import time
from itertools import takewhile

from limits.aio.storage import MemoryStorage
from limits.aio.storage.memory import Entry


class BoundedWindows(MemoryStorage):
    """The library's storage in memory for its strategy of moving windows, with a bound, and without its sweep.

    At each request the library goes through all keys, each in a thread: from some 2,000 keys on that takes a whole
    core. Here a key is looked at when it is used; the ones that were used longest ago make room.

    Args:
        most: How many moments are kept of all keys together.
    """

    STORAGE_SCHEME: list[str] = []  # noqa: RUF012 - declared by the library; made by hand here, not by a URL

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self.held = 0

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Note so many requests now, unless they would be more than the limit within its last seconds."""
        now = time.time()
        before = self.events.pop(key, [])
        entries = list(takewhile(lambda entry: entry.atime >= now - expiry, before))  # the newest come first
        taken = len(entries) + amount <= limit
        if taken:
            entries[:0] = [Entry(expiry) for _ in range(amount)]
        if entries:
            self.events[key] = entries  # at the end: the dictionary is in the order of use
        self.held += len(entries) - len(before)
        while self.held > self._most:
            oldest = next(iter(self.events))
            self.held -= len(self.events.pop(oldest))
        return taken
