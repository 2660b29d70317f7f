"""``POST /api/pds/service/reveal``: the password of one's own PDS, counted, limited, and in no log line."""

import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping

import psycopg
import pytest

from pds_portal.safety.limits import RATES, Limit
from pds_portal.service.reveal import NOTHING_TO_SHOW
from pds_stack.backend import BackendSimulator
from stages.portal_service import PASSWORD, PortalService, portal_service

COUNTER = "pds_portal_reveals_total"
URL = "smtps://relay:secret@smtp.example:465/"


@pytest.fixture
async def service(
    stack: Mapping[str, str], simulator: BackendSimulator, database: psycopg.Connection, new_user: Callable[[], str]
) -> AsyncIterator[PortalService]:
    async with portal_service(stack, simulator, database, new_user) as running:
        yield running


@pytest.mark.parametrize("double_encoded", [False, True])
async def test_the_password_is_shown_and_in_no_log_line(
    service: PortalService, caplog: pytest.LogCaptureFixture, *, double_encoded: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    service.simulator.change(double_encoded=double_encoded)
    customer = service.customer()
    service.plant(customer)
    answer = await service.reveal(customer)
    assert (answer.status_code, answer.json()) == (200, {"adminPassword": PASSWORD})
    assert service.counted(COUNTER, outcome="shown") == 1
    logged = [vars(record) for record in caplog.records]
    (told,) = [record for record in logged if record["msg"] == "a customer asked for the password"]
    assert (told["user_id"], told["outcome"]) == (customer.user_id, "shown")
    for secret in (PASSWORD, "relay:secret", customer.access_token):
        assert secret not in str(logged)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"encrypted_config": {"adminPassword": "x"}}, {"adminPassword": "x"}),
        ({"data": {"encrypted_config": {"emailSmtpUrl": URL, "adminPassword": "x"}}}, {"adminPassword": "x"}),
        ({"encrypted_config": json.dumps({"adminPassword": "x"})}, {"adminPassword": "x"}),
        ([{"old": {"adminPassword": "deeper"}}, {"ADMIN_PASSWORD": "x"}], {"adminPassword": "x"}),
    ],
)
async def test_only_what_is_there(service: PortalService, body: object, shown: dict[str, str]) -> None:
    customer = service.customer()
    service.plant(customer)
    service.simulator.change(faults=[{"endpoint": "service", "status": 200, "body": body}])
    answer = await service.reveal(customer)
    assert (answer.status_code, answer.json()) == (200, shown)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        "adminPassword",
        {"adminPassword": ""},
        {"adminPassword": None},
        {"adminPassword": 7},
        {"emailSmtpUrl": URL},
    ],
)
async def test_nothing_to_show(service: PortalService, body: object) -> None:
    customer = service.customer()
    service.plant(customer)
    service.simulator.change(faults=[{"endpoint": "service", "status": 200, "body": body}])
    answer = await service.reveal(customer)
    assert (answer.status_code, answer.json()) == (404, {"error": NOTHING_TO_SHOW})
    assert service.counted(COUNTER, outcome="nothing") == 1


async def test_no_service(service: PortalService) -> None:
    answer = await service.reveal(service.customer())
    assert (answer.status_code, answer.json()) == (404, {"error": "There is no PDS for this account yet."})
    assert service.counted(COUNTER, outcome="nothing") == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500, "body": {"adminPassword": PASSWORD}},
        {"status": 200, "body": f"adminPassword={PASSWORD}", "content": "html"},
        {"cut": True, "times": None},
    ],
)
async def test_an_answer_that_is_none_reveals_nothing(service: PortalService, fault: dict[str, object]) -> None:
    customer = service.customer()
    service.plant(customer)
    service.simulator.change(faults=[{"endpoint": "service", **fault}])
    answer = await service.reveal(customer)
    assert answer.status_code == 502
    assert PASSWORD not in answer.text
    assert service.counted(COUNTER, outcome="unavailable") == 1


async def test_it_is_limited_for_each_customer(service: PortalService) -> None:
    eager, other = service.customer(), service.customer()
    for customer in (eager, other):
        service.plant(customer)
    allowed = RATES[Limit.REVEAL].amount
    statuses = [(await service.reveal(eager)).status_code for _ in range(allowed + 1)]
    assert statuses == [*[200] * allowed, 429]
    assert (await service.reveal(other)).status_code == 200
    assert service.counted("pds_portal_limited_total", limit="reveal") == 1


async def test_it_is_no_get(service: PortalService) -> None:
    customer = service.customer()
    service.plant(customer)
    answer = await service.get("/api/pds/service/reveal", customer)
    assert answer.status_code == 405
    assert PASSWORD not in answer.text
