"""No fault at all, but for watches that are late and cut: as many PDSes as customers, one POST each."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from soak.arena import Arena, arena, until_ready
from soak.operator_process import operating
from soak.watch_proxy import Watches, watch_proxy

CREATORS = 16
SECONDS_A_CUSTOMER = 1.0


@dataclass(frozen=True)
class Figures:
    """What one run came to.

    Args:
        customers: How many there were.
        seconds: From the first resource made to the last one Ready.
        posts: Deploys that the backend received.
        made: PDSes that it made.
        deployed_once: Customers with exactly one PDS, the one in status and in the row.
        watches_cut: How often a watch was cut.
        pieces_late: How many pieces of watches were told late.
    """

    customers: int
    seconds: float
    posts: int
    made: int
    deployed_once: int
    watches_cut: int
    pieces_late: int

    def faults(self) -> list[str]:
        """Say what is wrong with them; nothing where all is as it has to be."""
        counted = {
            "POSTs of deploys": self.posts,
            "PDSes made": self.made,
            "customers with one PDS and a row in agreement": self.deployed_once,
        }
        wrong = [f"{count} {what} for {self.customers} customers" for what, count in counted.items()]
        return [said for said, count in zip(wrong, counted.values(), strict=True) if count != self.customers]


async def run_once(stack: Mapping[str, str], customers: int, seed: int, tell: Callable[[str], None]) -> Figures:
    """Let so many customers arrive at once, and wait until all are served.

    Raises:
        AssertionError: Somebody was not Ready in time.
    """
    async with arena(stack) as place:
        watches = Watches(random.Random(seed))  # noqa: S311 - to be repeated, not to be secret
        async with watch_proxy(place.api, watches, place.folder) as kubeconfig:
            environment = place.settings(KUBECONFIG=str(kubeconfig))
            async with operating(environment, place.folder):
                users = place.new_users(customers)
                started = time.monotonic()
                await _ask_for_all(place, users)
                standings = await until_ready(place, customers, 60 + SECONDS_A_CUSTOMER * customers, tell)
                seconds = time.monotonic() - started
        made = Counter(service.hostname for service in place.simulator.services)
        by_id = {service.id: service.hostname for service in place.simulator.services}
        rows = place.rows(users)
        agreed = 0
        for user_id in users:
            status = standings[user_id].status
            row = (status.service_id, status.hostname, "provisioning")
            theirs = status.service_id is not None and by_id.get(status.service_id) == status.hostname
            agreed += theirs and made[status.hostname or ""] == 1 and rows.get(user_id) == row
        return Figures(
            customers=customers,
            seconds=seconds,
            posts=len(place.simulator.requests.select("/api/v1/deploy")),
            made=len(place.simulator.services),
            deployed_once=agreed,
            watches_cut=watches.cut,
            pieces_late=watches.delayed,
        )


async def _ask_for_all(place: Arena, users: list[str]) -> None:
    limit = asyncio.Semaphore(CREATORS)

    async def ask_for(user_id: str) -> None:
        async with limit:
            await place.ask_for(user_id)

    await asyncio.gather(*map(ask_for, users))
