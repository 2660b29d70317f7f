"""The status: apart from spec, bounded in every field, and written only over what was read."""

import asyncio

import pytest

from pds_clients.kubernetes import Json
from pds_contract.conditions import Reason
from pds_contract.errors import Conflict, Refused
from pds_contract.phase import Phase
from pds_contract.service import SERVICE_ID_MAX, ServiceState

from .conftest import CLAIM, READY, Crd

INT32_MAX = 2**31 - 1


async def test_status_and_spec_are_written_apart(crd: Crd) -> None:
    made = await crd.create()
    by_spec = await crd.patch(made, {"spec": {"suspend": True}, "status": {"phase": "provisioning"}})
    assert by_spec["spec"]["suspend"] is True
    assert "phase" not in by_spec["status"]

    by_status = await crd.patch_status_as(made, {"spec": {"suspend": False}, "status": {"phase": "provisioning"}})
    assert by_status["spec"]["suspend"] is True
    assert by_status["status"]["phase"] == "provisioning"
    assert by_status["metadata"]["generation"] == by_spec["metadata"]["generation"] == 2


async def test_an_emptied_status_has_its_defaults_again(crd: Crd) -> None:
    made = await crd.create()
    await crd.patch_status(made, phase="deploy_failed", attempts=3, observedGeneration=1)
    assert (await crd.patch_status_as(made, {"status": None}))["status"] == {"observedGeneration": -1, "attempts": 0}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("observedGeneration", -1), ("observedGeneration", 2**63 - 1), ("phase", None)],
        *[("phase", phase.value) for phase in Phase],
        *[("serviceState", state.value) for state in ServiceState],
        *[("serviceId", 1), ("serviceId", SERVICE_ID_MAX), ("attempts", 0), ("attempts", INT32_MAX)],
        *[("hostname", "a.b"), ("username", "a"), ("lastHandledRetry", ""), ("lastHandledRetry", "x" * 1024)],
        *[("lastAttemptTime", "2026-05-01T12:00:00Z"), ("nextAttemptTime", "2026-05-01T12:00:00.5+02:00")],
        *[("claim", {**CLAIM, "id": "x" * 64, "attempt": INT32_MAX, "durationSeconds": 0, "timeoutSeconds": 86400})],
        *[("claim", {**CLAIM, "outcome": "Unknown", "hostnameAbsent": True}), ("conditions", [])],
        *[("conditions", [{**READY, "type": f"T{number}"} for number in range(16)])],
        *[("conditions", [{**READY, "type": "x" * 64, "reason": "R" * 64, "message": "m" * 1024}])],
    ],
    ids=lambda value: str(value)[:30],
)
async def test_within_the_bounds(crd: Crd, field: str, value: object) -> None:
    made = await crd.create()
    status = (await crd.patch_status(made, **{field: value}))["status"]
    if isinstance(value, dict):
        assert status[field] == {"hostnameAbsent": False, **value}
    else:
        assert status.get(field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("observedGeneration", -2), ("observedGeneration", "1"), ("attempts", -1), ("attempts", INT32_MAX + 1)],
        *[("phase", phase) for phase in ("", "Provisioning", "running", "Ready")],
        *[("serviceState", state) for state in ("", "running", "3", "Unknown")],
        *[("serviceId", 0), ("serviceId", -5), ("serviceId", "800"), ("serviceId", 800.5)],
        *[("hostname", "a"), ("hostname", "A.b"), ("username", ""), ("username", "a-"), ("username", "a" * 64)],
        *[("lastAttemptTime", "yesterday"), ("nextAttemptTime", 1777636800), ("lastHandledRetry", "x" * 1025)],
        *[("claim", {**CLAIM, "id": ""}), ("claim", {**CLAIM, "id": "x" * 65}), ("claim", {**CLAIM, "attempt": 0})],
        *[("claim", {**CLAIM, "durationSeconds": -0.5}), ("claim", {**CLAIM, "durationSeconds": 86400.5})],
        *[("claim", {**CLAIM, "timeoutSeconds": -1}), ("claim", {**CLAIM, "timeoutSeconds": 86401})],
        *[("claim", {**CLAIM, "outcome": "Known"}), ("claim", {**CLAIM, "hostname": "a"}), ("claim", {})],
        *[("claim", {key: value for key, value in CLAIM.items() if key != missing}) for missing in CLAIM],
        *[("conditions", [{**READY, "status": "true"}]), ("conditions", [{**READY, "status": True}])],
        *[("conditions", [{**READY, "type": ""}]), ("conditions", [{**READY, "type": "x" * 65}])],
        *[("conditions", [{**READY, "reason": reason}]) for reason in ("", "running", "It runs", "R" * 65)],
        *[("conditions", [{**READY, "message": "m" * 1025}]), ("conditions", [{**READY, "observedGeneration": -1}])],
        *[("conditions", [{key: value for key, value in READY.items() if key != missing}]) for missing in READY],
        *[("conditions", [{**READY, "type": f"T{number}"} for number in range(17)])],
        *[("conditions", [READY, READY])],
    ],
    ids=lambda value: str(value)[:60],
)
async def test_beyond_the_bounds(crd: Crd, field: str, value: object) -> None:
    made = await crd.create()
    with pytest.raises(Refused, match=f"status.{field}") as caught:
        await crd.patch_status(made, **{field: value})
    assert caught.value.status == 422
    assert (await crd.get(made))["status"] == {"observedGeneration": -1, "attempts": 0}


async def test_every_reason_of_ours_fits(crd: Crd) -> None:
    made = await crd.create()
    for reason in Reason:
        status = (await crd.patch_status(made, conditions=[{**READY, "reason": reason.value}]))["status"]
        assert status["conditions"][0]["reason"] == reason.value


async def test_conditions_of_two_managers_stand_side_by_side(crd: Crd) -> None:
    made = await crd.create()
    for manager, kind in (("operator", "Ready"), ("billing", "Billed")):
        manifest: Json = {
            "apiVersion": made["apiVersion"],
            "kind": made["kind"],
            "metadata": {"name": made["metadata"]["name"]},
            "status": {"conditions": [{**READY, "type": kind}]},
        }
        applied = await crd.api.call(
            "PATCH",
            f"{crd.path}/{made['metadata']['name']}/status",
            query={"fieldManager": manager},
            body=manifest,
            content_type="application/apply-patch+yaml",
        )
    assert {condition["type"] for condition in applied["status"]["conditions"]} == {"Ready", "Billed"}


async def test_of_two_who_read_the_same_one_writes(crd: Crd) -> None:
    made = await crd.create()
    change: Json = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}}
    await crd.patch_status_as(made, {**change, "status": {"claim": {**CLAIM, "id": "first"}}})
    with pytest.raises(Conflict) as caught:
        await crd.patch_status_as(made, {**change, "status": {"claim": {**CLAIM, "id": "second"}}})
    assert caught.value.status == 409
    assert (await crd.get(made))["status"]["claim"]["id"] == "first"


async def test_of_twenty_at_once_one_has_the_claim(crd: Crd) -> None:
    made = await crd.create()
    change: Json = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}}

    async def claim(number: int) -> str | None:
        try:
            written = await crd.patch_status_as(
                made, {**change, "status": {"claim": {**CLAIM, "id": f"claim-{number}"}}}
            )
        except Conflict:
            return None
        claimed: str = written["status"]["claim"]["id"]
        return claimed

    winners = [name for name in await asyncio.gather(*map(claim, range(20))) if name]
    assert winners == [(await crd.get(made))["status"]["claim"]["id"]]


async def test_an_edit_of_spec_makes_a_claim_on_what_was_read_before_it_stale(crd: Crd) -> None:
    made = await crd.create()
    await crd.patch_spec(made, hostname="bob.example.org")
    with pytest.raises(Conflict):
        await crd.patch_status_as(
            made,
            {
                "metadata": {"resourceVersion": made["metadata"]["resourceVersion"]},
                "status": {"claim": CLAIM},
            },
        )
