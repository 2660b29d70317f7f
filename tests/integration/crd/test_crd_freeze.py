"""Once a deploy may have begun, what it sends cannot change; and an id, once known, is never lost."""

from typing import Any

import pytest

from pds_clients.kubernetes import MERGE_PATCH, Json
from pds_contract.errors import Refused
from pds_contract.resource import PdsProvision

from .conftest import CLAIM, READY, Crd

ASKED: Json = {"username": "alice", "hostname": "alice.example.org", "disksizeGb": 20}

FREEZING: dict[str, Json] = {
    "a claim": {"claim": CLAIM},
    "a claim with an unknown outcome": {"claim": {**CLAIM, "outcome": "Unknown"}},
    "an id": {"serviceId": 800, "phase": "provisioning"},
    "an id alone": {"serviceId": 800},
    "an id that is awaited": {"phase": "deploy_succeeded_no_id"},
    "a claim and an id": {"claim": CLAIM, "serviceId": 800},
}
HARMLESS: dict[str, Json] = {
    "no status": {},
    "an observed generation": {"observedGeneration": 1},
    "a failed deploy": {"phase": "deploy_failed", "attempts": 3},
    "a phase without an id": {"phase": "provisioning"},
    "names in use": {"hostname": "alice.example.org", "username": "alice", "conditions": [READY]},
}
FROZEN = pytest.mark.parametrize("status", FREEZING.values(), ids=FREEZING)

CHANGES: list[tuple[Json, Json]] = [
    ({}, {"email": "bob@b.example"}),
    ({}, {"username": "bob"}),
    ({}, {"hostname": "bob.example.org"}),
    ({}, {"disksizeGb": 11}),
    (ASKED, {"username": "bob"}),
    (ASKED, {"username": None}),
    (ASKED, {"hostname": "bob.example.org"}),
    (ASKED, {"hostname": None}),
    (ASKED, {"disksizeGb": 21}),
    (ASKED, {"disksizeGb": None}),
]
CHANGED = pytest.mark.parametrize(("spec", "change"), CHANGES, ids=[f"{spec} {change}" for spec, change in CHANGES])


async def complaint(crd: Crd, made: Json, change: Json, subresource: str = "") -> str:
    """What the API server says to a person: its own words, which our client keeps from logs."""
    path = f"{crd.path}/{made['metadata']['name']}{subresource}"
    client = crd.api._client  # noqa: SLF001 - the client's errors hold no message, on purpose
    request = await client.param_serialize(
        "PATCH",
        path,
        header_params={"Accept": "application/json", "Content-Type": MERGE_PATCH},
        body=change,
        auth_settings=["BearerToken"],
    )
    response = await client.call_api(*request)
    assert response.status == 422
    said: str = await response.json(key="message") if False else (await _json(response))["message"]
    return said


async def _json(response: Any) -> Json:
    raise NotImplementedError
