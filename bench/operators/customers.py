"""Customers who have paid: their names, and their resources as the webhook makes them, by a bare client."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp

from bench.api_server import GROUP
from pds_contract.resource import (
    API_VERSION,
    CHECKOUT_CREATED_ANNOTATION,
    CHECKOUT_PAID_ANNOTATION,
    CHECKOUT_SESSION_ANNOTATION,
    KIND,
    STRIPE_EVENT_ANNOTATION,
    provision_name,
)
from pds_contract.shards import shard_labels

BASE_DOMAIN = "eny.k8s.frx.pub"
WEBHOOK, OPERATOR = "pds-webhook", "pds-operator"
MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True)
class Customer:
    """One customer, by their user's id."""

    user_id: str
    service_id: int

    @property
    def name(self) -> str:
        """Their resource's name."""
        return provision_name(self.user_id)

    @property
    def username(self) -> str:
        """Their username at their PDS."""
        return f"u-{self.user_id[:13]}"

    @property
    def hostname(self) -> str:
        """Where their PDS is."""
        return f"{self.username}.{BASE_DOMAIN}"

    @property
    def email(self) -> str:
        """Their e-mail address, of which the username is derived."""
        return f"{self.username}@customers.example"


def customers(number: int, first_service_id: int = 1) -> list[Customer]:
    """Make some up."""
    return [Customer(str(uuid.uuid4()), first_service_id + place) for place in range(number)]


def annotations() -> dict[str, str]:
    """Return what the webhook notes of a checkout, at its usual lengths."""
    now = str(int(datetime.now(UTC).timestamp()))
    return {
        CHECKOUT_SESSION_ANNOTATION: f"cs_live_{uuid.uuid4().hex}{uuid.uuid4().hex}"[:66],
        CHECKOUT_CREATED_ANNOTATION: now,
        CHECKOUT_PAID_ANNOTATION: now,
        STRIPE_EVENT_ANNOTATION: f"evt_1{uuid.uuid4().hex[:23]}",
    }


async def create(client: aiohttp.ClientSession, namespace: str, customer: Customer) -> dict[str, Any]:
    """Make a customer's resource as the webhook does; return it as it is then."""
    body = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": customer.name,
            "labels": shard_labels(customer.user_id),
            "annotations": annotations(),
        },
        "spec": {"userId": customer.user_id, "email": customer.email},
    }
    async with client.post(
        provisions(namespace), params={"fieldManager": WEBHOOK}, json=body, raise_for_status=True
    ) as answer:
        created: dict[str, Any] = await answer.json()
        return created


async def patch_status(
    client: aiohttp.ClientSession, namespace: str, customer: Customer, change: Mapping[str, object]
) -> dict[str, Any]:
    """Merge into a status as the operator does; return the resource as it is then."""
    async with client.patch(
        f"{provisions(namespace)}/{customer.name}/status",
        params={"fieldManager": OPERATOR},
        json=change,
        headers={"Content-Type": MERGE_PATCH},
        raise_for_status=True,
    ) as answer:
        patched: dict[str, Any] = await answer.json()
        return patched


def provisions(namespace: str) -> str:
    """Return the path of a namespace's resources."""
    return f"{GROUP}/namespaces/{namespace}/pdsprovisions"
