"""Once a deploy may have begun, what it sends cannot change; and an id, once known, is never lost."""

import json

import pytest

from pds_clients.kubernetes import Json
from pds_contract.errors import Refused
from pds_contract.resource import PdsProvision
from pds_stack.errors import StackError

from .conftest import CLAIM, READY, Crd, RunKubectl

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


DEPLOYED = r"a PDS was deployed with them \(status\.serviceId\)"
WHY = {
    "a claim": r"while a deploy with them may be under way \(status\.claim\)",
    "a claim with an unknown outcome": r"while a deploy with them may be under way \(status\.claim\)",
    "an id": DEPLOYED,
    "an id alone": DEPLOYED,
    "an id that is awaited": r"a PDS was deployed with them, its id is awaited",
    "a claim and an id": DEPLOYED,
}


@FROZEN
@CHANGED
async def test_what_a_deploy_sends_is_frozen(crd: Crd, status: Json, spec: Json, change: Json) -> None:
    made = await crd.create(**spec)
    before = await crd.patch_status(made, **status)
    with pytest.raises(Refused, match=r"spec \(FieldValueForbidden\)"):
        await crd.patch_spec(made, **change)
    assert (await crd.get(made))["spec"] == before["spec"]
    assert PdsProvision.model_validate(before).status.frozen, "the model disagrees with the CRD"


@pytest.mark.parametrize("state", FREEZING)
async def test_the_refusal_says_why_and_quotes_no_e_mail(crd: Crd, kubectl: RunKubectl, state: str) -> None:
    made = await crd.create()
    await crd.patch_status(made, **FREEZING[state])
    change = json.dumps({"spec": {"email": "bob@b.example"}})
    with pytest.raises(StackError, match=WHY[state]) as caught:
        await kubectl("patch", "pds", made["metadata"]["name"], "--type=merge", f"--patch={change}")
    assert "username, email, hostname and disksizeGb cannot change" in str(caught.value)
    assert "@" not in str(caught.value)


@FROZEN
async def test_a_replacement_and_server_side_apply_are_held_too(crd: Crd, status: Json) -> None:
    made = await crd.create()
    document = await crd.patch_status(made, **status)
    with pytest.raises(Refused, match="FieldValueForbidden"):
        await crd.put({**document, "spec": {**document["spec"], "email": "bob@b.example"}})
    with pytest.raises(Refused, match="FieldValueForbidden"):
        await crd.apply(made, {**document["spec"], "hostname": "bob.example.org"})


@FROZEN
async def test_suspend_and_annotations_still_change(crd: Crd, status: Json) -> None:
    made = await crd.create(**ASKED)
    await crd.patch_status(made, **status)
    suspended = await crd.patch_spec(made, suspend=True)
    annotated = await crd.patch(
        made, {"metadata": {"annotations": {"pds.eny.space/retry": "1"}, "labels": {"tier": "gold"}}}
    )
    assert suspended["spec"] == {**made["spec"], "suspend": True}
    assert annotated["metadata"]["annotations"] == {"pds.eny.space/retry": "1"}


@FROZEN
async def test_the_same_values_written_again_are_no_change(crd: Crd, status: Json) -> None:
    made = await crd.create(**ASKED)
    await crd.patch_status(made, **status)
    again = await crd.patch_spec(made, **made["spec"])
    assert again["metadata"]["generation"] == 1
    assert again["spec"] == made["spec"]


@pytest.mark.parametrize("status", HARMLESS.values(), ids=HARMLESS)
@CHANGED
async def test_before_a_deploy_may_have_begun_everything_changes(
    crd: Crd, status: Json, spec: Json, change: Json
) -> None:
    made = await crd.create(**spec)
    before = await crd.patch_status(made, **status)
    changed = await crd.patch_spec(made, **change)
    assert changed["metadata"]["generation"] == 2
    assert not PdsProvision.model_validate(before).status.frozen, "the model disagrees with the CRD"


async def test_a_claim_that_ended_without_a_pds_thaws(crd: Crd) -> None:
    made = await crd.create()
    await crd.patch_status(made, claim=CLAIM)
    await crd.patch_status(made, claim=None, phase="deploy_failed")
    assert (await crd.patch_spec(made, hostname="bob.example.org"))["spec"]["hostname"] == "bob.example.org"


async def test_an_id_is_set_once(crd: Crd) -> None:
    made = await crd.create()
    await crd.patch_status(made, claim=CLAIM, phase="deploy_succeeded_no_id")
    held = await crd.patch_status(made, claim=None, phase="provisioning", serviceId=800)
    assert held["status"]["serviceId"] == 800


@pytest.mark.parametrize(
    "change",
    [{"status": {"serviceId": 801}}, {"status": {"serviceId": None}}, {"status": None}, {"status": {"serviceId": 0}}],
    ids=str,
)
async def test_an_id_is_never_removed_or_changed(crd: Crd, change: Json) -> None:
    made = await crd.create()
    await crd.patch_status(made, serviceId=800)
    with pytest.raises(Refused, match="serviceId"):
        await crd.patch_status_as(made, change)
    assert (await crd.get(made))["status"]["serviceId"] == 800


async def test_a_replaced_status_keeps_the_id(crd: Crd) -> None:
    made = await crd.create()
    document = await crd.patch_status(made, serviceId=800)
    for status in ({}, {"serviceId": 801}, {"phase": "deploy_failed"}):
        with pytest.raises(Refused, match="serviceId"):
            await crd.put({**document, "status": status}, "/status")
    del document["status"]
    with pytest.raises(Refused, match="serviceId"):
        await crd.put(document, "/status")
    assert (await crd.get(made))["status"]["serviceId"] == 800


async def test_the_rest_of_the_status_moves_on_with_the_id(crd: Crd) -> None:
    made = await crd.create()
    await crd.patch_status(made, serviceId=800, phase="provisioning")
    moved = await crd.patch_status(made, serviceState="Running", conditions=[READY], observedGeneration=1)
    assert moved["status"]["serviceId"] == 800
    assert moved["status"]["serviceState"] == "Running"
