"""The main road: a resource becomes a running PDS, at the price that the API server's own counters show."""

from typing import Any

import httpx

from stages.operator_stage import Stage

PROVISIONS = "pdsprovisions"


async def test_a_resource_becomes_a_running_pds(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask("alice@a.example")
    provision = await stage.until_ready(user_id)

    (made,) = stage.simulator.services
    status = provision.status
    assert (status.phase, status.service_id, status.service_state) == ("provisioning", made.id, "Running")
    assert (status.hostname, status.username) == ("alice.eny.k8s.frx.pub", "alice")
    assert status.claim is None
    assert [condition.type for condition in status.conditions] == ["Ready"]
    assert (made.hostname, made.username, made.email, made.disksize) == (
        "alice.eny.k8s.frx.pub",
        "alice",
        "alice@a.example",
        10,
    )
    assert stage.row(user_id) == {
        "pds_service_id": made.id,
        "hostname": "alice.eny.k8s.frx.pub",
        "status": "provisioning",
    }


async def test_what_a_provision_costs_the_api_server(stage: Stage) -> None:
    stage.simulator.change(deploy_seconds=0.05)
    await stage.operate(PDS_POLL_READY=3600)
    # kopf's own list and the one of the unsettled are over once a first resource is ready.
    await stage.until_ready(await stage.ask("first@a.example"))
    before = await stage.counts()
    user_id = await stage.ask("second@a.example")
    await stage.until_ready(user_id)
    after = await stage.counts()

    def cost(verb: str, resource: str, subresource: str = "") -> int:
        return after.of(verb, resource, subresource) - before.of(verb, resource, subresource)

    assert cost("PATCH", PROVISIONS, "status") <= 3
    assert cost("PATCH", PROVISIONS) == 0
    assert cost("PUT", PROVISIONS) == 0
    assert cost("PUT", PROVISIONS, "status") == 0
    assert cost("LIST", PROVISIONS) == 0
    assert cost("LIST", "secrets") == 0
    assert cost("POST", "secrets") == 1
    assert cost("PATCH", "secrets") == 0
    raw = await stage.raw(user_id)
    assert "finalizers" not in raw["metadata"]
    assert "annotations" not in raw["metadata"]
    assert stage.posts() == 2  # one for each of the two


async def test_at_most_three_events(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    expected = {"Deploying", "Deployed", "Running"}
    seen: list[dict[str, Any]] = []

    async def look() -> bool:
        seen[:] = await stage.events(user_id)
        return {event["reason"] for event in seen} == expected

    await stage.eventually_async(look, "the three events")
    assert len(seen) == 3
    assert {event["type"] for event in seen} == {"Normal"}
    assert not [event for event in seen if "alice@a.example" in event["message"]]


async def test_a_settled_resource_costs_nothing_at_restart(stage: Stage) -> None:
    first = await stage.operate(PDS_POLL_READY=3600)
    user_id = await stage.ask()
    settled = await stage.until_ready(user_id)
    await first.stop()
    deploys = stage.posts()
    await stage.operate(PDS_POLL_READY=3600)
    # Another customer served shows that the restarted operator has been through its list.
    await stage.until_ready(await stage.ask("bob@a.example"))
    assert (await stage.get(user_id)).metadata.resource_version == settled.metadata.resource_version
    assert stage.posts() == deploys + 1


async def test_the_admin_port_answers(stage: Stage) -> None:
    operator = await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{operator.admin_port}") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        metrics = (await client.get("/metrics")).text
    assert 'pds_operator_deploys_total{outcome="Deployed"}' in metrics
    assert "a.example" not in metrics
