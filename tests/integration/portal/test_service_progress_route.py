"""``GET /api/pds/progress``: from the customer's own rows and the backend's word."""

from collections.abc import AsyncIterator, Callable, Mapping

import psycopg
import pytest

from pds_stack.backend import BackendSimulator
from stages.portal_service import PortalService, portal_service

ROUTE = "/api/pds/progress"


@pytest.fixture
async def service(
    stack: Mapping[str, str], simulator: BackendSimulator, database: psycopg.Connection, new_user: Callable[[], str]
) -> AsyncIterator[PortalService]:
    async with portal_service(stack, simulator, database, new_user) as running:
        yield running


async def test_the_whole_way(service: PortalService) -> None:
    customer = service.customer()

    async def step() -> str:
        answer = await service.get(ROUTE, customer)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "private, no-store"
        return str(answer.json()["step"])

    assert await step() == "none"
    service.database.execute(
        "insert into subscriptions (user_id, status) values (%s, 'incomplete')", (customer.user_id,)
    )
    assert await step() == "none"
    service.database.execute("update subscriptions set status = 'active' where user_id = %s::uuid", (customer.user_id,))
    assert await step() == "paid"
    assert service.simulator.requests.select() == []
    service.simulator.change(states=[(0, None)])
    planted = service.plant(customer)
    for state, expected in [
        *[(0, "setting_up"), (1, "setting_up"), (2, "almost_ready"), (3, "running"), (4, "suspended")],
        *[(5, "ended"), (9, "failed"), (77, "setting_up")],
    ]:
        planted.go_through([(state, None)], service.simulator.clock())
        assert await step() == expected, state
    service.simulator.remove(planted)
    assert await step() == "failed"


@pytest.mark.parametrize(("status", "step"), [("provisioning", "requested"), ("deploy_failed", "failed")])
async def test_a_row_without_an_id_asks_nobody(service: PortalService, status: str, step: str) -> None:
    customer = service.customer()
    service.row(customer, None, status)
    answer = (await service.get(ROUTE, customer)).json()
    assert (answer["step"], answer["hostname"]) == (step, f"{customer.user_id}.example.org")
    assert service.simulator.requests.select() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"cut": True, "times": 2},
        *[{"status": status, "body": {"message": "zqxj"}} for status in (302, 400, 401, 422, 429, 500, 503)],
        {"status": 200, "body": "<p>zqxj</p>", "content": "html"},
        {"status": 200, "body": {"no": "state"}},
        {"status": 500, "body": "<p>zqxj</p>", "content": "html"},
    ],
)
async def test_a_backend_that_tells_nothing(service: PortalService, fault: dict[str, object]) -> None:
    customer = service.customer()
    service.plant(customer)
    service.simulator.change(faults=[{"endpoint": "service", **fault}])
    answer = await service.get(ROUTE, customer)
    got = answer.json()
    assert (answer.status_code, got["step"], got["settled"]) == (200, "setting_up", False)
    assert "cannot see" in got["message"]
    assert "zqxj" not in answer.text
    assert (await service.get(ROUTE, customer)).json()["step"] == "running", "the next look tells again"
