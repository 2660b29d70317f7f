"""The switches of the simulated backend, and the command that serves it."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator

import httpx
import pytest

from pds_stack.backend import BackendSimulator, Behaviour

from .conftest import ORDER, Deploy


async def test_behaviour_is_changed_field_by_field_and_reset(control: httpx.AsyncClient) -> None:
    default = (await control.get("/behaviour")).json()
    await control.patch("/behaviour", json={"deploy_seconds": 0.05})
    changed = await control.patch("/behaviour", json={"states": [[0, 1.0], [3, None]], "id_place": "data.id"})

    assert set(default) == set(Behaviour.model_fields)
    assert changed.json() == {
        **default,
        "deploy_seconds": 0.05,
        "states": [[0, 1.0], [3, None]],
        "id_place": "data.id",
    }
    assert (await control.delete("/behaviour")).json() == default


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"deploysecs": 1}, "deploysecs: Extra inputs"),
        ({"deploy_seconds": -1}, "deploy_seconds"),
        ({"deploy_seconds": "1"}, "deploy_seconds"),
        ({"double_encoded": "yes"}, "double_encoded"),
        ({"id_place": "pds.id"}, "id_place"),
        ({"id_junk": {"serviceId": 0}}, "id_junk cannot stand where id_place has the id"),
        ({"check_pds": 500}, "check_pds"),
        ({"repeated_deploy": "third"}, "repeated_deploy"),
        ({"states": []}, "states"),
        ({"states": [[0, 1.0]]}, "only whose last, has null"),
        ({"states": [[0, None], [3, None]]}, "only whose last, has null"),
        ({"faults": [{"endpoint": "deploy"}]}, "exactly one of status, cut and hang"),
        ({"faults": [{"endpoint": "deploy", "cut": True, "hang": True}]}, "exactly one"),
        ({"faults": [{"endpoint": "deploy", "cut": True, "body": "x"}]}, "belong to a fault with a status"),
        ({"faults": [{"endpoint": "deploy", "status": 500, "content": "html"}]}, "needs a string"),
        ({"faults": [{"endpoint": "deploys", "cut": True}]}, "faults.0.endpoint"),
        ({"faults": [{"endpoint": "deploy", "status": 500, "headers": {"X": "a\r\nb"}}]}, "faults.0.headers"),
        ({"token": ""}, "token"),
        ([], "JSON object"),
    ],
)
async def test_a_bad_wish_is_refused_with_a_message_and_changes_nothing(
    control: httpx.AsyncClient, simulator: BackendSimulator, change: object, hint: str
) -> None:
    answer = await control.patch("/behaviour", json=change)

    assert answer.status_code == 400
    assert hint in answer.json()["message"]
    assert simulator.behaviour == Behaviour()


async def test_a_body_that_is_no_json_is_refused(control: httpx.AsyncClient) -> None:
    answer = await control.patch("/behaviour", content=b"{")

    assert (answer.status_code, answer.json()) == (400, {"message": "the body must be JSON"})


async def test_a_pds_made_behind_everybodys_back_is_there_and_told_apart(
    deploy: Deploy, api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    await deploy("key-1")
    planted = await control.post("/services", json={"hostname": "stranger.eny.k8s.frx.pub", "state": 9})
    listed = (await control.get("/services")).json()
    found = (await control.get("/services", params={"hostname": "stranger.eny.k8s.frx.pub"})).json()
    exists = await api.post("/check-pds", json={"hostname": "stranger.eny.k8s.frx.pub"})

    assert planted.status_code == 201
    assert [(pds["id"], pds["origin"], pds["idempotency_key"], pds["state"]) for pds in listed] == [
        (800, "deploy", "key-1", 3),
        (801, "control", None, 9),
    ]
    assert [pds["id"] for pds in found] == [801]
    assert "password" not in listed[0]
    assert exists.json() == {"exists": True}


async def test_a_pds_can_be_changed_and_vanish(
    deploy: Deploy, api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    await deploy()
    suspended = await control.post("/services/800", json={"state": 4})
    renamed = await control.post("/services/800", json={"hostname": "other.example", "states": [[1, 60], [3, None]]})
    document = (await api.get("/service/800")).json()
    await control.delete("/services/800")

    assert suspended.json()["state"] == 4
    assert (renamed.json()["hostname"], renamed.json()["state"]) == ("other.example", 1)
    assert (document["hostname"], document["state"]) == ("other.example", 1)
    assert (await api.get("/service/800")).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        ("/services", {}, (400, "hostname: Field required")),
        ("/services", {"hostname": "a.example", "colour": 1}, (400, "colour")),
        ("/services/1", {"state": 3}, (404, "no PDS has the id 1")),
        ("/services/800", {"state": 3, "states": [[3, None]]}, (400, "give state or states, not both")),
        ("/services/800", {"states": [[3, 1]]}, (400, "only whose last, has null")),
    ],
)
async def test_bad_changes_of_a_pds_say_what_to_mend(
    deploy: Deploy, control: httpx.AsyncClient, path: str, body: dict[str, object], refusal: tuple[int, str]
) -> None:
    await deploy()
    status, hint = refusal

    answer = await control.post(path, json=body)

    assert answer.status_code == status
    assert hint in answer.json()["message"]


@pytest.fixture
async def process() -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "pds_stack.backend", "--port", str(port), "--token", "t"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                (await client.get("/_control/health")).raise_for_status()
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
            else:
                return


async def test_the_command_serves_until_sigterm_even_with_a_hanging_request(
    process: tuple[asyncio.subprocess.Process, str],
) -> None:
    running, url = process
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": "Bearer t"}, timeout=10) as client:
        await _ready(client)

        await client.patch("/_control/behaviour", json={"faults": [{"endpoint": "deploy", "hang": True}]})
        hanging = asyncio.create_task(client.post("/api/v1/deploy", json=ORDER))
        async with asyncio.timeout(10):
            while True:
                if (await client.get("/_control/requests")).json():
                    break
                await asyncio.sleep(0.01)

        running.send_signal(signal.SIGTERM)
        with pytest.raises(httpx.RemoteProtocolError):
            await hanging
        async with asyncio.timeout(10):
            assert await running.wait() == 0
