"""``GET /api/pds/service`` against every odd answer of the backend: its status, its body, what the customer gets.

``docs/portal.md`` has the same table in words.
"""

import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import psycopg
import pytest

from pds_portal.service.masking import MASK
from pds_stack.backend import BackendSimulator
from stages.portal_service import PASSWORD, PortalService, portal_service, without_times

ROUTE = "/api/pds/service"
WHOLE = object()
"""The service's document, with its two secrets masked."""


@pytest.fixture
async def service(
    stack: Mapping[str, str], simulator: BackendSimulator, database: psycopg.Connection, new_user: Callable[[], str]
) -> AsyncIterator[PortalService]:
    async with portal_service(stack, simulator, database, new_user) as running:
        yield running


def fault(status: int, body: object, content_type: str | None = None) -> dict[str, object]:
    """One answer of the backend: JSON as it is given, or a text under another content type."""
    answer: dict[str, object] = {"endpoint": "service", "status": status, "body": body}
    if content_type is not None:
        answer |= {"content": "html", "headers": {"Content-Type": content_type}}
    return {"faults": [answer]}


def failed(status: int | None, **more: object) -> tuple[int, dict[str, object]]:
    return 502, {"status": status, **more}


def preview(status: int | None, content_type: str | None, text: str) -> tuple[int, dict[str, object]]:
    return failed(status, contentType=content_type, bodyPreview=text)


JSON, HTML = "application/json", "text/html; charset=UTF-8"
SETTINGS = {"adminPassword": PASSWORD, "emailSmtpUrl": "smtp://relay:pw@host"}
MASKED = {"adminPassword": MASK, "emailSmtpUrl": f"smtp://relay:{MASK}@host"}
MASKED_JSON = json.dumps(MASKED, ensure_ascii=False)
REDIRECT = {"endpoint": "service", "headers": {"Location": "/api/v1/service/1"}}
PAGE = f"<h1>Oops</h1><td>adminPassword</td><td>{PASSWORD}</td> smtp://relay:pw@host and {PASSWORD}"
MASKED_PAGE = f"<h1>Oops</h1><td>adminPassword</td><td>{MASK}</td> smtp://relay:{MASK}@host and {MASK}"

CUT = preview(None, None, "")
TABLE: list[tuple[str, dict[str, object], tuple[int, object]]] = [
    # what the backend does; how the simulator is told; what the customer gets
    ("a healthy answer", {}, (200, WHOLE)),
    ("double-encoded", {"double_encoded": True}, (200, WHOLE)),
    ("JSON with a charset", {"content_type": "application/json; charset=utf-8"}, (200, WHOLE)),
    ("JSON in capitals", {"content_type": "Application/JSON"}, (200, WHOLE)),
    ("+json", {"content_type": "application/hal+json"}, (200, WHOLE)),
    ("secrets in odd places", fault(200, {"x": [SETTINGS, f"-p {PASSWORD}"]}), (200, {"x": [MASKED, f"-p {MASK}"]})),
    ("another 2xx", fault(202, {"state": 1}), (200, {"state": 1})),
    ("null", fault(200, None), (200, None)),
    ("a list", fault(200, [1]), (200, [1])),
    ("a text in JSON", fault(200, "soon"), (200, "soon")),
    ("NaN", fault(200, '{"state": 3, "cpu": NaN}', JSON), (200, {"state": 3, "cpu": None})),
    ("equal keys", fault(200, '{"state": 0, "state": 3}', JSON), (200, {"state": 3})),
    ("404", fault(404, {"message": "No."}), failed(404, body={"message": "No."})),
    ("a token that it does not take", {"token": "another"}, failed(401, body={"message": "Unauthenticated."})),
    ("422 that quotes the settings", fault(422, {"errors": SETTINGS}), failed(422, body={"errors": MASKED})),
    ("500 in JSON", fault(500, [f"p={PASSWORD}", SETTINGS]), failed(500, body=[f"p={MASK}", MASKED])),
    ("500 in HTML", fault(500, PAGE, HTML), preview(500, HTML, MASKED_PAGE)),
    ("503, double-encoded", fault(503, json.dumps({"message": "Soon."})), failed(503, body={"message": "Soon."})),
    ("200 in HTML", fault(200, PAGE, HTML), preview(200, HTML, MASKED_PAGE)),
    ("JSON called HTML", fault(200, json.dumps(SETTINGS), HTML), preview(200, HTML, MASKED_JSON)),
    ("HTML called JSON", fault(200, PAGE, JSON), preview(200, JSON, MASKED_PAGE)),
    ("JSON cut off", fault(200, '{"adminPassword": "corr', JSON), preview(200, JSON, f'{{"adminPassword": {MASK}')),
    ("nothing, called JSON", fault(200, "", JSON), preview(200, JSON, "")),
    ("204", fault(204, "", JSON), preview(204, JSON, "")),
    ("nested too deep", fault(200, "[" * 100_000, JSON), preview(200, JSON, "[" * 500)),
    ("larger than 256 KiB", fault(200, json.dumps(["x" * 2**18]), JSON), preview(200, JSON, "")),
    ("a redirect", {"faults": [{**REDIRECT, "status": 302, "body": {}}]}, failed(302, body={})),
    ("a redirect in HTML", fault(301, "Moved", HTML), preview(301, HTML, "Moved")),
    ("a cut connection", {"faults": [{"endpoint": "service", "cut": True, "times": None}]}, CUT),
]  # fmt: skip


@pytest.mark.parametrize(("behaviour", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
async def test_what_the_customer_gets(
    service: PortalService, behaviour: dict[str, object], expected: tuple[int, object]
) -> None:
    customer = service.customer()
    planted = service.plant(customer)
    service.simulator.change(**behaviour)
    answer = await service.get(ROUTE, customer)
    status, body = expected
    got = answer.json()
    if body is WHOLE:
        assert without_times(got) == service.shown(planted, MASK)
        assert got["stats"]["storageAllocatedBytes"] == 10 * 1024**3
    elif status == 502:
        assert got.pop("error").endswith("Try again in a few minutes.")
        assert got == body
    else:
        assert got == body
    assert answer.status_code == status
    for secret in (PASSWORD, "relay:secret", "relay:pw"):
        assert secret not in answer.text
    asked = [request.path for request in service.simulator.requests.select()]
    tries = 2 if expected == CUT else 1  # aiohttp asks once more where a connection breaks, as RFC 9110 allows
    assert asked == tries * [f"/api/v1/service/{planted.id}"], "of the row's id"


async def test_a_backend_where_nobody_listens(
    stack: Mapping[str, str], simulator: BackendSimulator, database: psycopg.Connection, new_user: Callable[[], str]
) -> None:
    async with portal_service(stack, simulator, database, new_user, PDS_API_URL="http://127.0.0.1:9") as service:
        customer = service.customer()
        service.plant(customer)
        answer = await service.get(ROUTE, customer)
    got = answer.json()
    assert "no answer" in got.pop("error")
    assert (answer.status_code, got) == preview(None, None, "")


async def test_no_row_or_none_with_an_id(service: PortalService) -> None:
    customer = service.customer()
    said = {"error": "There is no PDS for this account yet."}
    answer = await service.get(ROUTE, customer)
    assert (answer.status_code, answer.json()) == (404, said)
    service.row(customer, None, "deploy_failed")
    answer = await service.get(ROUTE, customer)
    assert (answer.status_code, answer.json()) == (404, said)
    assert service.simulator.requests.select() == []


async def test_supabase_is_away(
    stack: Mapping[str, str], simulator: BackendSimulator, database: psycopg.Connection, new_user: Callable[[], str]
) -> None:
    away = {"SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_JWT_ISSUER": f"{stack['SUPABASE_URL']}/auth/v1"}
    async with portal_service(stack, simulator, database, new_user, **away) as service:
        answer = await service.get(ROUTE, service.customer())
    assert (answer.status_code, list(answer.json())) == (503, ["error"])
    assert "Retry-After" in answer.headers


async def test_a_rotated_token_is_used_at_once(
    stack: Mapping[str, str],
    simulator: BackendSimulator,
    database: psycopg.Connection,
    new_user: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mounted = tmp_path / "PDS_API_TOKEN"
    mounted.write_text(simulator.token)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.delenv("PDS_API_TOKEN", raising=False)
    async with portal_service(stack, simulator, database, new_user) as service:
        customer = service.customer()
        service.plant(customer)
        assert (await service.get(ROUTE, customer)).status_code == 200
        simulator.change(token=f"rotated-{secrets.token_hex(8)}")
        assert (await service.get(ROUTE, customer)).json()["status"] == 401
        mounted.write_text(simulator.token)
        assert (await service.get(ROUTE, customer)).status_code == 200


async def test_a_mock_is_marked_as_one(
    stack: Mapping[str, str], simulator: BackendSimulator, database: psycopg.Connection, new_user: Callable[[], str]
) -> None:
    async with portal_service(stack, simulator, database, new_user, PDS_USE_MOCK=True) as service:
        assert (await service.get(ROUTE)).status_code == 401
        customer = service.customer()
        shown = (await service.get(ROUTE, customer)).json()
        progress = (await service.get("/api/pds/progress", customer)).json()
        revealed = (await service.reveal(customer)).json()
    assert (shown["mock"], shown["state"]) == (True, 3)
    assert len(shown["stats"]["storageUsedDailyLast30d"]) == 30
    assert shown["encrypted_config"]["adminPassword"] == MASK
    assert revealed["mock"] is True
    assert revealed["adminPassword"] not in json.dumps(shown)
    assert (progress["step"], progress["hostname"]) == ("running", shown["hostname"])
    assert "mock" in progress["message"]
    assert simulator.requests.select() == []
