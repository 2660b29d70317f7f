"""No election: this one works, whoever else does."""

import asyncio


class Unopposed:
    """Stands in for an election. Several of these at once are safe, by the claims, and waste calls."""

    leading = True

    async def acquire(self) -> None:
        """Lead at once."""

    async def hold(self) -> str:
        """Never lose it."""
        await asyncio.Event().wait()
        raise AssertionError  # an event that nobody sets

    async def release(self) -> None:
        """There is nothing to give back."""
