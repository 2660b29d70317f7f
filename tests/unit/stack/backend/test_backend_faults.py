"""How the simulated backend misbehaves when it is told to."""

import asyncio

import httpx
import pytest

from pds_stack.backend import BackendSimulator

from .conftest import ORDER, Deploy, eventually

OTHER = "bob.eny.k8s.frx.pub"


async def test_a_fault_hits_its_times_and_is_gone(deploy: Deploy, simulator: BackendSimulator) -> None:
    simulator.change(
        faults=[
            {
                "endpoint": "deploy",
                "times": 2,
                "status": 503,
                "body": {"message": "later"},
                "headers": {"Retry-After": "7"},
            },
            {"endpoint": "deploy", "status": 500, "body": "<h1>Oops</h1>", "content": "html"},
        ]
    )

    answers = [await deploy() for _ in range(4)]

    assert [answer.status_code for answer in answers] == [503, 503, 500, 200]
    assert (answers[0].headers["Retry-After"], answers[0].json()) == ("7", {"message": "later"})
    assert answers[2].headers["Content-Type"].startswith("text/html")
    assert answers[2].text == "<h1>Oops</h1>"
    assert len(simulator.services) == 1
    assert simulator.behaviour.faults == []


async def test_a_fault_without_times_lasts_until_the_reset(deploy: Deploy, control: httpx.AsyncClient) -> None:
    await control.patch("/behaviour", json={"faults": [{"endpoint": "deploy", "times": None, "status": 500}]})
    assert [(await deploy()).status_code for _ in range(3)] == [500, 500, 500]

    await control.delete("/behaviour")
    assert (await deploy()).status_code == 200


async def test_a_fault_can_hit_one_customer_only(
    deploy: Deploy, api: httpx.AsyncClient, simulator: BackendSimulator
) -> None:
    await deploy()
    await deploy(hostname=OTHER)
    simulator.change(
        faults=[
            {"endpoint": endpoint, "hostname": OTHER, "times": None, "status": 500}
            for endpoint in ("deploy", "check", "service")
        ]
    )

    async def statuses(hostname: str, service_id: int) -> list[int]:
        answers = [
            await deploy(hostname=hostname),
            await api.post("/check-pds", json={"hostname": hostname}),
            await api.get(f"/service/{service_id}"),
        ]
        return [answer.status_code for answer in answers]

    assert await statuses("alice.eny.k8s.frx.pub", 800) == [200, 200, 200]
    assert await statuses(OTHER, 801) == [500, 500, 500]


@pytest.mark.parametrize(("effect", "made"), [("before", 1), ("none", 0)])
@pytest.mark.parametrize("kind", [{"status": 502}, {"cut": True}, {"hang": True}])
async def test_the_deploy_takes_effect_or_not(
    api: httpx.AsyncClient, simulator: BackendSimulator, kind: dict[str, object], effect: str, made: int
) -> None:
    simulator.change(faults=[{"endpoint": "deploy", "effect": effect, **kind}])

    if "cut" in kind:
        with pytest.raises(httpx.RemoteProtocolError):
            await api.post("/deploy", json=ORDER)
    elif "hang" in kind:
        with pytest.raises(httpx.ReadTimeout):
            await api.post("/deploy", json=ORDER, timeout=0.3)
    else:
        assert (await api.post("/deploy", json=ORDER)).status_code == 502

    assert len(simulator.services) == made
    (entry,) = simulator.requests.select("/api/v1/deploy")
    expected = {"cut": ("cut", None), "hang": ("hanging", None), "status": ("answered", 502)}
    assert (entry.outcome, entry.status) == expected[next(iter(kind))]


async def test_a_fault_does_not_hide_a_bad_body(deploy: Deploy, simulator: BackendSimulator) -> None:
    simulator.change(faults=[{"endpoint": "deploy", "status": 500}])

    assert [(await deploy(disksize=0)).status_code, (await deploy()).status_code] == [422, 500]


async def test_forgetting_cuts_a_deploy_under_way_without_effect(
    deploy: Deploy, control: httpx.AsyncClient, simulator: BackendSimulator
) -> None:
    simulator.change(deploy_seconds=30.0)
    waiting = asyncio.create_task(deploy())
    await eventually(simulator.requests.select)

    assert (await control.delete("")).status_code == 204

    with pytest.raises(httpx.RemoteProtocolError):
        await waiting
    assert simulator.services == []
    assert simulator.requests.select() == []
    assert (await deploy()).json()["serviceId"] == 800


async def test_check_and_service_can_be_slow(
    deploy: Deploy, api: httpx.AsyncClient, simulator: BackendSimulator
) -> None:
    await deploy()
    simulator.change(check_seconds=30.0, service_seconds=30.0)

    with pytest.raises(httpx.ReadTimeout):
        await api.post("/check-pds", json={"hostname": ORDER["hostname"]}, timeout=0.2)
    with pytest.raises(httpx.ReadTimeout):
        await api.get("/service/800", timeout=0.2)
