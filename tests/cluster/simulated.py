"""What is simulated on this machine: the backend's PDSes, Supabase's rows, Stripe's list."""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from cluster.failed import Failed
from pds_stack import delivery

Row = tuple[int | None, str | None, str]


@dataclass(frozen=True)
class Customer:
    """A user."""

    user_id: str
    email: str


@dataclass(frozen=True)
class Simulated:
    """Everything outside the cluster.

    Args:
        values: The settings that lead to it.
        http: A client without a proxy.
        database: The superuser's connection to Supabase's database.
    """

    values: Mapping[str, str]
    http: httpx.AsyncClient
    database: psycopg.Connection

    def new_customers(self, count: int) -> list[Customer]:
        """Make so many users."""
        ids = [str(uuid.uuid4()) for _ in range(count)]
        customers = [Customer(user_id, f"user-{user_id[:8]}@users.example") for user_id in ids]
        with self.database.cursor() as cursor:
            cursor.executemany(
                "insert into auth.users (id, email) values (%s, %s)", [(each.user_id, each.email) for each in customers]
            )
        return customers

    async def rows(self, customers: Sequence[Customer]) -> dict[str, Row]:
        """Return id, hostname and status of the rows of pds_services, by user id."""
        query = "select user_id, pds_service_id, hostname, status from pds_services where user_id = any(%s::uuid[])"
        users = [each.user_id for each in customers]
        found = await asyncio.to_thread(lambda: self.database.execute(query, (users,)).fetchall())
        return {str(user_id): (service_id, hostname, status) for user_id, service_id, hostname, status in found}

    async def behave(self, **behaviour: object) -> None:
        """Have the backend behave so from now on."""
        (await self.http.patch(f"{self._control}/behaviour", json=behaviour)).raise_for_status()

    async def made(self) -> dict[str, list[int]]:
        """Return the ids of the PDSes at the backend by hostname."""
        services: defaultdict[str, list[int]] = defaultdict(list)
        for each in (await self.http.get(f"{self._control}/services")).raise_for_status().json():
            services[each["hostname"]].append(each["id"])
        return services

    async def posts(self) -> int:
        """Return how many deploys were sent to the backend, whatever came of them."""
        query = {"method": "POST", "path": "/api/v1/deploy"}
        return len((await self.http.get(f"{self._control}/requests", params=query)).raise_for_status().json())

    def user(self, email: str) -> Customer | None:
        """Find the user who has signed up with an address."""
        row = self.database.execute("select id from auth.users where email = %s", (email,)).fetchone()
        return None if row is None else Customer(str(row[0]), email)

    async def pay(self, url: str) -> dict[str, Any]:
        """Pay on the page of a Checkout Session, and return the session as Stripe then has it.

        Raises:
            Failed: Nothing is to be paid there, or Stripe did not send the customer back.
        """
        paid = await self.http.post(url)
        if paid.status_code != httpx.codes.SEE_OTHER:
            raise Failed(f"Stripe's page at {url} answered {paid.status_code}: {paid.text[:200]}")
        session_id = url.rpartition("/")[2]
        shown = await self.http.get(
            f"{self.values['STRIPE_API_BASE']}/v1/checkout/sessions/{session_id}",
            headers={"Authorization": f"Bearer {self.values['STRIPE_SECRET_KEY']}"},
        )
        session: dict[str, Any] = shown.raise_for_status().json()
        return session

    async def list_at_stripe(self, session: dict[str, Any]) -> None:
        """Have Stripe list a session."""
        await delivery.record(self.values["STRIPE_API_BASE"], session)

    @property
    def _control(self) -> str:
        return self.values["PDS_API_URL"].removesuffix("/api/v1") + "/_control"
