"""Settled customers in bulk: one resource goes through the API, and etcd gets copies of it under other users' names.

What is measured is what they cost to watch, so how they were made is no part of it. Their rows go in by SQL.
"""

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from bench.context import Context
from bench.operators.customers import Customer, create, patch_status
from bench.operators.etcd import etcd_of
from pds_contract.conditions import Reason, Standing, conditions_of
from pds_contract.phase import Phase
from pds_contract.resource import GROUP, PLURAL
from pds_contract.service import ServiceState
from pds_contract.shards import SHARD_LABEL


def status(customer: Customer) -> dict[str, Any]:
    """Return the status of a customer whose PDS runs, as the operator leaves it."""
    standing = Standing("True", Reason.RUNNING, f"The PDS runs as {customer.hostname}.")
    now = datetime.now(UTC)
    conditions = conditions_of(standing, (), 1, now)
    return {
        "observedGeneration": 1,
        "phase": Phase.PROVISIONING,
        "serviceId": customer.service_id,
        "serviceState": ServiceState.RUNNING,
        "hostname": customer.hostname,
        "username": customer.username,
        "attempts": 1,
        "lastAttemptTime": now.isoformat(),
        "conditions": [condition.model_dump(mode="json", by_alias=True) for condition in conditions],
    }


async def settle(context: Context, client: aiohttp.ClientSession, namespace: str, wanted: Sequence[Customer]) -> float:
    """Make settled customers: their users, their rows, their resources.

    Returns:
        By how many bytes of etcd's file in use the resources have made it grow.
    """
    insert_rows(context.settings["DATABASE_URL"], wanted, deployed=True)
    model, *others = wanted
    created = await create(client, namespace, model)
    change = {"metadata": {"resourceVersion": created["metadata"]["resourceVersion"]}, "status": status(model)}
    await patch_status(client, namespace, model, change)
    async with etcd_of(Path(context.settings["KUBECONFIG"])) as etcd:
        stored = (await etcd.get(_key(namespace, model.name))).decode()
        before = await etcd.size()
        await etcd.put([(_key(namespace, other.name), _copy(stored, model, other)) for other in others])
        return await etcd.size() - before


async def plant(context: Context, settled: Sequence[Customer]) -> None:
    """Have the simulated backend run the services of settled customers, made in the order of their ids."""
    waiting = iter(settled)
    async with aiohttp.ClientSession(context.settings["PDS_API_URL"].removesuffix("/api/v1")) as client:
        for customer in waiting:
            body = {"hostname": customer.hostname, "username": customer.username}
            async with client.post("/_control/services", json=body, raise_for_status=True):
                pass


async def remove(context: Context, namespace: str) -> None:
    """Remove all resources of a namespace: by the API it would take a second for a thousand."""
    async with etcd_of(Path(context.settings["KUBECONFIG"])) as etcd:
        await etcd.remove(_key(namespace, ""))


def insert_rows(database_url: str, wanted: Sequence[Customer], *, deployed: bool) -> None:
    """Make the customers' users, and where they are deployed, their rows."""
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        with cursor.copy("copy auth.users (id, email) from stdin") as copy:
            for customer in wanted:
                copy.write_row((customer.user_id, customer.email))
        if deployed:
            with cursor.copy("copy pds_services (user_id, pds_service_id, hostname, status) from stdin") as copy:
                for customer in wanted:
                    copy.write_row((customer.user_id, customer.service_id, customer.hostname, Phase.PROVISIONING.value))


def _key(namespace: str, name: str) -> str:
    return f"/registry/{GROUP}/{PLURAL}/{namespace}/{name}"


def _copy(stored: str, model: Customer, other: Customer) -> bytes:
    uid = json.loads(stored)["metadata"]["uid"]
    copied = (
        stored.replace(model.user_id, other.user_id)
        .replace(model.username, other.username)
        .replace(f'"{SHARD_LABEL}":"{model.user_id[0]}"', f'"{SHARD_LABEL}":"{other.user_id[0]}"')
        .replace(uid, str(uuid.uuid4()))
        .replace(f'"serviceId":{model.service_id}', f'"serviceId":{other.service_id}')
    )
    return copied.encode()
