"""One customer never sees another's service: not by id, by token, by header, nor by what a cache kept."""

import base64
from collections.abc import AsyncIterator, Callable, Mapping

import jwt
import psycopg
import pytest

from pds_stack.backend import BackendSimulator
from stages.portal_service import Customer, PortalService, portal_service

ROUTES = pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/pds/service"), ("POST", "/api/pds/service/reveal"), ("GET", "/api/pds/progress")],
)


@pytest.fixture
async def service(
    stack: Mapping[str, str], simulator: BackendSimulator, database: psycopg.Connection, new_user: Callable[[], str]
) -> AsyncIterator[PortalService]:
    async with portal_service(stack, simulator, database, new_user) as running:
        yield running


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@ROUTES
async def test_nobody_is_told_anything(service: PortalService, method: str, path: str) -> None:
    service.plant(service.customer())
    answer = await service.client.request(method, path)
    # Without a Bearer token a POST is a browser's, whose form has to show first that it is ours.
    assert answer.status_code == (401 if method == "GET" else 403)
    assert list(answer.json()) == ["error"]
    assert service.simulator.requests.select() == []


@ROUTES
async def test_each_customer_gets_their_own(service: PortalService, method: str, path: str) -> None:
    alice, bob = service.customer(), service.customer()
    service.plant(alice, "the-password-of-alice")
    service.plant(bob, "the-password-of-bob")
    for own, other in ((alice, bob), (bob, alice), (alice, bob)):
        answer = await service.client.request(method, path, headers=bearer(own.access_token))
        assert answer.status_code == 200
        assert other.user_id not in answer.text
        if path.endswith("reveal"):
            name = "alice" if own is alice else "bob"
            assert answer.json()["adminPassword"] == f"the-password-of-{name}"
        else:
            assert f"{own.user_id}.example.org" in answer.text


@ROUTES
async def test_no_request_names_a_service(service: PortalService, method: str, path: str) -> None:
    alice, mallory = service.customer(), service.customer()
    planted = service.plant(alice)
    query: dict[str, str | int] = {
        "id": planted.id,
        "service_id": planted.id,
        "user_id": alice.user_id,
        "hostname": planted.hostname,
    }
    headers = {
        **bearer(mallory.access_token),
        "X-User-Id": alice.user_id,
        "X-Forwarded-User": alice.user_id,
        "X-Original-URL": f"/api/v1/service/{planted.id}",
    }
    if method == "GET":  # a POST with cookies is a browser's, and refused without our own form
        headers["Cookie"] = f"user_id={alice.user_id}; __Host-pds-access={alice.access_token}"
    body = query if method == "POST" else None
    answer = await service.client.request(method, path, params=query, headers=headers, json=body)
    if path.endswith("progress"):
        assert (answer.status_code, answer.json()["step"]) == (200, "none")
    else:
        assert answer.status_code == 404
    assert planted.hostname not in answer.text
    assert service.simulator.requests.select() == []
    for beyond in (f"{path}/{planted.id}", f"{path}/"):
        answer = await service.client.request(method, beyond, headers=bearer(mallory.access_token))
        assert answer.status_code == 404, beyond
    assert service.simulator.requests.select() == []


def forged(service: PortalService, alice: Customer) -> dict[str, str]:
    """Tokens that name Alice and that Supabase's auth server did not make."""
    claims = jwt.decode(alice.access_token, options={"verify_signature": False})
    head, body, signature = alice.access_token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    secret = service.stack["SUPABASE_JWT_SECRET"]
    return {
        "of no key": f"{none}.{body}.",
        "with another one's signature": f"{head}.{body}.{signature[::-1]}",
        "of another secret": jwt.encode(claims, "x" * 40, algorithm="HS256"),
        "of the service role": service.stack["SUPABASE_SERVICE_ROLE_KEY"],
        "of the anonymous key": service.stack["SUPABASE_ANON_KEY"],
        "with the role of the service": jwt.encode({**claims, "role": "service_role"}, secret, algorithm="HS256"),
        "that has expired": jwt.encode({**claims, "exp": 1}, secret, algorithm="HS256"),
    }


@ROUTES
async def test_a_token_that_is_none(service: PortalService, method: str, path: str) -> None:
    alice = service.customer()
    service.plant(alice)
    for kind, token in forged(service, alice).items():
        answer = await service.client.request(method, path, headers=bearer(token))
        assert answer.status_code == 401, kind
        assert alice.user_id not in answer.text, kind
    assert service.simulator.requests.select() == []


@ROUTES
async def test_no_cache_keeps_an_answer(service: PortalService, method: str, path: str) -> None:
    alice, bob = service.customer(), service.customer()
    service.plant(alice)
    for customer in (alice, bob):
        answer = await service.client.request(method, path, headers=bearer(customer.access_token))
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Vary"] == "Cookie, Authorization"
        assert "ETag" not in answer.headers
        assert answer.headers["Content-Type"].startswith("application/json")
    assert (await service.client.request(method, path)).headers["Cache-Control"] == "private, no-store"


async def test_a_row_whose_owner_changed_is_read_anew(service: PortalService) -> None:
    alice, bob = service.customer(), service.customer()
    service.plant(alice)
    assert (await service.get("/api/pds/service", alice)).status_code == 200
    service.database.execute(
        "update pds_services set user_id = %s where user_id = %s::uuid", (bob.user_id, alice.user_id)
    )
    assert (await service.get("/api/pds/service", alice)).status_code == 404
    assert (await service.get("/api/pds/service", bob)).status_code == 200
