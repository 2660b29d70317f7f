"""A stage for checkouts: a running portal with plans, at a Stripe of the test's choice."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from pds_stack.backend import BackendSimulator
from pds_stack.stripe.webhook import Endpoint
from pds_stack.supabase.keys import issuer
from stages.portal_stage import Customer, PortalStage, running_portal

PLANS = """[
  {"key": "small", "name": "Small", "price_id": "price_1Small", "disksize_gb": 10, "price": "€ 9 a month"},
  {"key": "large", "name": "Large", "price_id": "price_1Large", "disksize_gb": 50, "price": "€ 19 a month"}
]"""
RESERVED = "admin"


@dataclass(frozen=True)
class CheckoutStage:
    """The running portal, and a program that asks it for its users."""

    portal: PortalStage
    client: httpx.AsyncClient

    @property
    def backend(self) -> BackendSimulator:
        return self.portal.simulator

    @property
    def base_domain(self) -> str:
        return self.portal.stack["PDS_BASE_DOMAIN"]

    async def customer(self, name: str = "customer") -> Customer:
        return await self.portal.customer(name)

    async def checkout(self, customer: Customer, **asked: Any) -> httpx.Response:
        """Ask for a checkout of the small plan, or of what else is said, as a program does."""
        return await self.client.post("/api/checkout", json={"plan": "small", **asked}, headers=customer.bearer)

    async def check(self, customer: Customer, **query: str) -> httpx.Response:
        return await self.client.get("/api/pds/check", params=query, headers=customer.bearer)

    async def is_held(self, hostname: str) -> None:
        """Let somebody else have a hostname."""
        self.portal.has_service(await self.customer(), None, hostname)

    def has_subscription(self, customer: Customer, status: str, stripe_id: str) -> None:
        self.portal.database.execute(
            "insert into subscriptions (user_id, status, stripe_customer_id) values (%s, %s, %s)",
            (customer.user_id, status, stripe_id),
        )

    def counted(self, outcome: str) -> float:
        return self.portal.counted("pds_portal_checkouts_total", outcome=outcome)


@asynccontextmanager
async def checkout_stage(
    stack: Mapping[str, str], database: psycopg.Connection, webhook: Endpoint | None = None, **otherwise: object
) -> AsyncIterator[CheckoutStage]:
    """Set the stage; settings may be otherwise than usual."""
    settings = {
        "PDS_PLANS": PLANS,
        "PDS_RESERVED_HOSTNAMES": RESERVED,
        "SUPABASE_JWT_ISSUER": issuer(stack["SUPABASE_URL"]),
        **otherwise,
    }
    async with (
        running_portal(stack, database, webhook, **settings) as portal,
        httpx.AsyncClient(base_url=portal.url, trust_env=False, timeout=60) as client,
    ):
        yield CheckoutStage(portal, client)
