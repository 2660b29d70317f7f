"""What a deploy does at the simulated backend, and in which shapes it is answered."""

import asyncio
import hashlib
import json

import httpx
import pytest

from pds_stack.backend import BackendSimulator

from .conftest import ORDER, Deploy, eventually


async def test_a_deploy_makes_a_running_pds_with_ids_from_800(deploy: Deploy, simulator: BackendSimulator) -> None:
    first, second = await deploy("key-1"), await deploy("key-2", hostname="bob.eny.k8s.frx.pub", username="bob")

    assert (first.status_code, first.json()["serviceId"], second.json()["serviceId"]) == (200, 800, 801)
    made = simulator.at_hostname("alice.eny.k8s.frx.pub")
    assert [(pds.id, pds.username, pds.disksize, pds.idempotency_key) for pds in made] == [(800, "alice", 10, "key-1")]


@pytest.mark.parametrize("header", [None, b"Bearer wrong", b"Basic the-first-token", b"Bearer", b"Bearer \xff"])
async def test_another_token_is_refused_and_nothing_made(
    api: httpx.AsyncClient, header: bytes | None, simulator: BackendSimulator
) -> None:
    del api.headers["Authorization"]
    answer = await api.post("/deploy", json=ORDER, headers={b"Authorization": header} if header else {})

    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})
    assert simulator.services == []


async def test_a_rotated_token_replaces_the_first(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    await control.patch("/behaviour", json={"token": "rotated"})
    assert (await api.get("/service/800")).status_code == 401

    api.headers["Authorization"] = "Bearer rotated"
    assert (await api.get("/service/800")).status_code == 404

    await control.delete("/behaviour")
    assert (await api.get("/service/800")).status_code == 401


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("username", None, "The username field is required."),
        ("username", "alice-", "The username field format is invalid."),
        ("password", "", "The password field is required."),
        ("email", "alice", "The email field format is invalid."),
        ("hostname", "https://alice.eny.k8s.frx.pub", "The hostname field format is invalid."),
        ("hostname", "alice.eny.k8s.frx.pub/", "The hostname field format is invalid."),
        ("hostname", "alice", "The hostname field format is invalid."),
        ("hostname", 7, "The hostname field must be a string."),
        ("disksize", "ten", "The disksize field must be an integer."),
        ("disksize", 0, "The disksize field must be at least 1."),
    ],
)
async def test_a_bad_field_is_answered_422_as_laravel_does(
    deploy: Deploy, simulator: BackendSimulator, field: str, value: object, message: str
) -> None:
    answer = await deploy(**{field: value})

    assert (answer.status_code, answer.json()) == (422, {"message": message, "errors": {field: [message]}})
    assert simulator.services == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
async def test_a_body_that_is_no_object_lacks_every_field(api: httpx.AsyncClient, body: bytes) -> None:
    answer = await api.post("/deploy", content=body)

    assert answer.status_code == 422
    assert answer.json()["message"] == "The username field is required. (and 4 more errors)"
    assert set(answer.json()["errors"]) == set(ORDER)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("service_id", {"service_id": 800}),
        ("serviceId", {"serviceId": 800}),
        ("id", {"id": 800}),
        ("service.id", {"service": {"id": 800}}),
        ("data.id", {"data": {"id": 800}}),
        ("data.serviceId", {"data": {"serviceId": 800}}),
        ("none", {}),
    ],
)
async def test_the_id_is_in_the_place_asked_for(
    deploy: Deploy, simulator: BackendSimulator, place: str, expected: dict[str, object]
) -> None:
    simulator.change(id_place=place)

    assert (await deploy()).json() == {"message": "Deployment started", **expected}
    assert [pds.id for pds in simulator.services] == [800]


async def test_the_id_can_be_a_string_behind_junk(deploy: Deploy, simulator: BackendSimulator) -> None:
    simulator.change(
        id_place="data.serviceId",
        id_type="string",
        id_junk={"service_id": None, "serviceId": True, "id": -5, "service.id": "abc", "data.id": 0},
    )

    answer = (await deploy()).json()

    assert answer.pop("message")
    assert answer == {
        "service_id": None,
        "serviceId": True,
        "id": -5,
        "service": {"id": "abc"},
        "data": {"id": 0, "serviceId": "800"},
    }


async def test_answers_can_be_double_encoded_under_another_content_type(
    api: httpx.AsyncClient, deploy: Deploy, simulator: BackendSimulator
) -> None:
    simulator.change(double_encoded=True, content_type="text/html; charset=UTF-8", deploy_status=202)

    deployed = await deploy()
    checked = await api.post("/check-pds", json={"hostname": ORDER["hostname"]})
    shown = await api.get("/service/800")
    missing = await api.get("/service/1")

    assert deployed.status_code == 202
    assert json.loads(deployed.json())["serviceId"] == 800
    assert json.loads(checked.json()) == {"exists": True}
    assert json.loads(shown.json())["id"] == 800
    assert "message" in json.loads(missing.json())
    for answer in (deployed, checked, shown, missing):
        assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"


async def test_the_same_pds_again_for_the_same_key(deploy: Deploy, simulator: BackendSimulator) -> None:
    simulator.change(repeated_deploy="same")

    ids = [(await deploy("key-1")).json()["serviceId"] for _ in range(3)]
    refusals = [
        (await deploy("key-2")).status_code,
        (await deploy()).status_code,
        (await deploy("key-1", password="another")).status_code,
    ]

    assert ids == [800, 800, 800]
    assert refusals == [409, 409, 422]
    assert len(simulator.services) == 1


async def test_a_repeated_deploy_can_conflict(deploy: Deploy, simulator: BackendSimulator) -> None:
    simulator.change(repeated_deploy="conflict")

    assert [(await deploy("key-1")).status_code for _ in range(2)] == [200, 409]
    assert len(simulator.services) == 1


async def test_a_repeated_deploy_makes_a_second_pds_by_default(deploy: Deploy, simulator: BackendSimulator) -> None:
    ids = [(await deploy("key-1")).json()["serviceId"] for _ in range(2)]

    assert ids == [800, 801]
    assert len(simulator.at_hostname(ORDER["hostname"])) == 2  # type: ignore[arg-type]  # a string in a mixed dict


async def test_deploys_at_once_meet_the_rule_at_their_effect(deploy: Deploy, simulator: BackendSimulator) -> None:
    simulator.change(repeated_deploy="conflict", deploy_seconds=0.05)

    statuses = [answer.status_code for answer in await asyncio.gather(*(deploy(f"key-{n}") for n in range(5)))]

    assert sorted(statuses) == [200, 409, 409, 409, 409]


async def test_a_client_that_gives_up_before_the_effect_gets_a_pds_all_the_same(
    api: httpx.AsyncClient, simulator: BackendSimulator
) -> None:
    simulator.change(deploy_seconds=1.0)
    with pytest.raises(httpx.ReadTimeout):
        await api.post("/deploy", json=ORDER, timeout=0.05)
    assert simulator.services == []

    await eventually(lambda: simulator.services)


async def test_the_effect_comes_before_a_late_answer(api: httpx.AsyncClient, simulator: BackendSimulator) -> None:
    simulator.change(answer_seconds=30.0)
    with pytest.raises(httpx.ReadTimeout):
        await api.post("/deploy", json=ORDER, timeout=0.3)

    assert [pds.id for pds in simulator.services] == [800]


async def test_the_log_has_each_try_without_its_secrets(
    deploy: Deploy, api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    await deploy("key-1")
    await deploy("key-2", disksize=0)
    await api.get("/service/800")

    log = (await control.get("/requests", params={"path": "/api/v1/deploy"})).json()
    services = (await control.get("/requests", params={"path": "/api/v1/service/", "method": "get"})).json()

    assert [(entry["idempotency_key"], entry["status"], entry["outcome"]) for entry in log] == [
        ("key-1", 200, "answered"),
        ("key-2", 422, "answered"),
    ]
    assert log[0]["body"] == {name: value for name, value in ORDER.items() if name != "password"}
    assert {entry["password_sha256"] for entry in log} == {hashlib.sha256(b"correct-horse").hexdigest()}
    assert log[0]["at"] <= log[0]["ended_at"] <= log[1]["at"]
    assert "the-first-token" not in json.dumps(log)
    assert "correct-horse" not in json.dumps(log)
    assert [entry["path"] for entry in services] == ["/api/v1/service/800"]
