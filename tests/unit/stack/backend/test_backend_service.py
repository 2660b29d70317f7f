"""What the simulated backend says of a PDS over its life."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from pds_stack.backend import BackendSimulator, create_app
from pds_stack.backend.bodies import DeployBody

from .conftest import ORDER, TOKEN, Deploy


async def test_a_running_service_shows_all_the_fields(deploy: Deploy, api: httpx.AsyncClient) -> None:
    await deploy()

    document = (await api.get("/service/800")).json()

    assert set(document) == {
        *("id", "name", "service", "namespace", "hostname", "state", "kubeconfig_id", "encrypted_config"),
        *("install_cmd", "created_at", "updated_at", "stats"),
    }
    assert (document["id"], document["service"], document["state"]) == (800, "bluesky-pds", 3)
    assert document["hostname"] == ORDER["hostname"]
    config = document["encrypted_config"]
    assert set(config) == {"hostname", "adminPassword", "emailSmtpUrl", "pdsEmailFromAddress", "dataStorage"}
    assert (config["adminPassword"], config["dataStorage"]) == ("correct-horse", {"size": "10Gi"})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", document["created_at"])
    assert len(document["stats"]["storageUsedDailyLast30d"]) == 30
    assert len(document["stats"]["requestsPerHourLast24h"]) == 24
    assert document["stats"]["storageAllocatedBytes"] == 10 * 1024**3


def test_a_pds_goes_through_its_states_in_their_time() -> None:
    now = 100.0
    simulator = BackendSimulator(TOKEN, clock=lambda: now)
    simulator.change(states=[[0, 1.0], [1, 2.0], [2, 0.5], [3, None]])
    service = simulator.deploy(DeployBody.model_validate(ORDER), None)
    simulator.change(states=[[9, None]])

    seen = {after: service.state(now + after) for after in (0, 0.9, 1, 2.9, 3, 3.4, 3.5, 1000)}

    assert seen == {0: 0, 0.9: 0, 1: 1, 2.9: 1, 3: 2, 3.4: 2, 3.5: 3, 1000: 3}
    assert "stats" not in service.document(now)
    assert simulator.plant(DeployBody.model_validate(ORDER)).state(now) == 9


@pytest.mark.parametrize("state", [0, 1, 2, 4, 5, 9, 42])
async def test_any_state_can_be_the_last_and_has_no_stats(
    deploy: Deploy, api: httpx.AsyncClient, control: httpx.AsyncClient, state: int
) -> None:
    assert (await control.patch("/behaviour", json={"states": [[state, None]]})).status_code == 200
    await deploy()

    document = (await api.get("/service/800")).json()

    assert document["state"] == state
    assert "stats" not in document


async def test_a_termination_is_undone_by_its_cancelling(deploy: Deploy, api: httpx.AsyncClient) -> None:
    await deploy()
    in_thirty_days = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()

    default = await api.delete("/service/800")
    ended = (await api.get("/service/800")).json()
    resumed = await api.patch("/service/800", json={"cancel_termination": True})
    dated = await api.request("DELETE", "/service/800", json={"termination_date": "2099-12-31"})

    assert default.json()["termination_date"] == in_thirty_days
    assert (ended["state"], ended["termination_date"]) == (5, in_thirty_days)
    assert (resumed.status_code, resumed.json()["state"]) == (200, 3)
    assert dated.json()["termination_date"] == "2099-12-31"


async def test_bad_bodies_and_unknown_ids_are_refused(deploy: Deploy, api: httpx.AsyncClient) -> None:
    await deploy()

    bad_date = await api.request("DELETE", "/service/800", json={"termination_date": "soon"})
    bad_patch = await api.patch("/service/800", json={"cancel_termination": False})
    unknown = [await api.get("/service/1"), await api.delete("/service/1"), await api.get("/service/abc")]
    wrong_method = await api.get("/deploy")

    assert bad_date.json()["errors"] == {"termination_date": ["The termination date field must be a valid date."]}
    assert (bad_date.status_code, bad_patch.status_code, wrong_method.status_code) == (422, 422, 405)
    assert [answer.status_code for answer in unknown] == [404, 404, 404]
    assert all("message" in answer.json() for answer in [*unknown, wrong_method])


async def test_check_pds_knows_what_exists(deploy: Deploy, api: httpx.AsyncClient) -> None:
    before = await api.post("/check-pds", json={"hostname": ORDER["hostname"]})
    await deploy()
    after = await api.post("/check-pds", json={"hostname": "ALICE.eny.k8s.frx.pub"})
    bad = await api.post("/check-pds", json={"hostname": "https://x"})

    assert (before.json(), after.json(), bad.status_code) == ({"exists": False}, {"exists": True}, 422)


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_check_pds_can_be_missing(api: httpx.AsyncClient, simulator: BackendSimulator, status: int) -> None:
    simulator.change(check_pds=status)

    answer = await api.post("/check-pds", json={"hostname": ORDER["hostname"]})

    assert answer.status_code == status
    assert "message" in answer.json()


def test_an_empty_token_is_no_token() -> None:
    with pytest.raises(ValueError, match="not empty"):
        create_app(BackendSimulator(""))
