# ruff: noqa: ASYNC110 - what is waited for is on the other side of a socket: there is no event to wait for
import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from pds_portal.connecting import connect
from pds_portal.identity.cookies import ACCESS, KEPT_SECONDS, REFRESH
from pds_portal.safety.application import safe_application
from pds_portal.safety.limits import RATES, Limit
from pds_runtime.public.drain import UnderWay
from stages.portal_settings import portal_settings
from stages.session_cookies import bearer, cleared, cookies_of, sent
from stages.supabase_project import ALICE, BOB, Project

from .conftest import OpenSafeApp


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_good_access_token_signs_in_without_asking_anybody(project: Project, client: httpx.AsyncClient) -> None:
    headers = sent(project.access_token(ALICE), project.refresh_token(ALICE))
    response = await client.get("/members", headers=headers)
    assert (response.status_code, response.text) == (200, ALICE)
    assert not cookies_of(response)
    assert project.exchanges == 0


@pytest.mark.parametrize("seconds", [-7200, -60, 1, 25, None], ids=lambda seconds: f"{seconds}s left")
async def test_a_token_at_its_end_is_exchanged(
    project: Project, client: httpx.AsyncClient, seconds: float | None
) -> None:
    access = "" if seconds is None else project.access_token(ALICE, seconds)
    response = await client.get("/members", headers=sent(access, project.refresh_token(ALICE)))
    assert (response.status_code, response.text) == (200, ALICE)
    assert project.exchanges == 1
    found = cookies_of(response)
    assert set(found) == {ACCESS, REFRESH}
    for morsel in found.values():
        assert morsel["secure"]
        assert morsel["httponly"]
        assert (morsel["samesite"], morsel["path"], morsel["domain"]) == ("Lax", "/", "")
        assert morsel["max-age"] == str(KEPT_SECONDS)
    assert response.headers["Cache-Control"] == "private, no-store"
    again = await client.get("/members", headers=sent(found[ACCESS].value, found[REFRESH].value))
    assert (again.text, project.exchanges) == (ALICE, 1)


async def test_all_requests_with_one_refresh_token_wait_for_one_exchange(
    project: Project, client: httpx.AsyncClient
) -> None:
    headers = sent(project.access_token(ALICE, -60), project.refresh_token(ALICE))
    project.gate.clear()
    asking = [asyncio.create_task(client.get("/members", headers=headers)) for _ in range(20)]
    await until(lambda: project.exchanges == 1)
    project.gate.set()
    responses = await asyncio.gather(*asking)
    assert {response.text for response in responses} == {ALICE}
    assert project.exchanges == 1
    assert len({cookies_of(response)[REFRESH].value for response in responses}) == 1, "each waiter gets the new cookies"


async def test_who_goes_away_takes_no_exchange_from_the_others(project: Project) -> None:
    settings = {"SUPABASE_URL": project.url, "SUPABASE_JWT_SECRET": project.keys.secret}
    async with AsyncExitStack() as closing:
        portal = await connect(portal_settings(**settings), closing, CollectorRegistry())
        # This server cancels the handler of a client that goes away.
        server = await closing.enter_async_context(TestServer(safe_application(portal, UnderWay())))
        client = await closing.enter_async_context(
            httpx.AsyncClient(base_url=str(server.make_url("")), trust_env=False, timeout=20)
        )
        headers = sent(project.access_token(ALICE, -60), project.refresh_token(ALICE))
        project.gate.clear()
        impatient = asyncio.create_task(client.get("/nowhere", headers=headers))
        await until(lambda: project.exchanges == 1)
        patient = [asyncio.create_task(client.get("/nowhere", headers=headers)) for _ in range(3)]
        impatient.cancel()
        await asyncio.wait([impatient])
        assert (await client.get("/nowhere")).status_code == 404, "the server has seen by now that one is gone"
        project.gate.set()
        for response in await asyncio.gather(*patient):
            assert set(cookies_of(response)) == {ACCESS, REFRESH}
    assert project.exchanges == 1


async def test_a_refused_exchange_signs_out(project: Project, client: httpx.AsyncClient) -> None:
    for access in (project.access_token(ALICE, -60), project.access_token(ALICE, 20), ""):
        headers = sent(access, "no-such-token")
        page = await client.get("/members", headers=headers)
        assert (page.status_code, page.headers["Location"]) == (303, "/login?next=/members")
        assert cleared(page)
        call = await client.get("/api/members", headers=headers)
        assert call.status_code == 401
        assert cleared(call)


@pytest.mark.parametrize("token", ["", "no.such.token", "expired"])
async def test_an_access_token_that_is_no_good_signs_nobody_in(
    project: Project, client: httpx.AsyncClient, token: str
) -> None:
    access = project.access_token(ALICE, -60) if token == "expired" else token
    response = await client.get("/api/members", headers=sent(access))
    assert response.status_code == 401
    assert cleared(response) == bool(access)


AWAY: list[Callable[[], web.Response]] = [
    lambda: web.Response(status=500),
    lambda: web.Response(status=503, text="<html>", content_type="text/html"),
    lambda: web.json_response({"code": "over_request_rate_limit", "message": "…"}, status=429),
    lambda: web.json_response({"message": "Invalid API key"}, status=401),
    lambda: web.json_response({"code": "conflict", "message": "…"}, status=409),
    lambda: web.Response(text="<html>"),
]


@pytest.mark.parametrize("answer", AWAY)
async def test_nobody_is_signed_out_because_supabase_is_away(
    project: Project, client: httpx.AsyncClient, answer: Callable[[], web.Response]
) -> None:
    project.answer = answer()
    refresh = project.refresh_token(ALICE)
    still_good = await client.get("/members", headers=sent(project.access_token(ALICE, 20), refresh))
    assert (still_good.status_code, still_good.text) == (200, ALICE)
    assert not cookies_of(still_good)
    headers = sent(project.access_token(ALICE, -60), refresh)
    for path in ("/members", "/api/members"):
        project.answer = answer()
        response = await client.get(path, headers=headers)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert "Your sign-in cannot be checked just now" in response.text
        assert not cookies_of(response)
    project.answer = answer()
    assert (await client.get("/token", headers=headers)).status_code == 200, "a page for everybody is for them too"
    project.answer = None
    assert (await client.get("/members", headers=headers)).text == ALICE


async def test_the_new_tokens_are_handed_on_with_an_error_as_well(project: Project, client: httpx.AsyncClient) -> None:
    for path, status in (
        ("/api/fault", 500),
        ("/fault", 500),
        ("/nowhere", 404),
        ("/away", 303),
        ("/api/invalid", 422),
    ):
        headers = sent(project.access_token(ALICE, -60), project.refresh_token(ALICE))
        response = await client.get(path, headers=headers)
        assert response.status_code == status
        assert set(cookies_of(response)) == {ACCESS, REFRESH}, path


async def test_a_static_file_asks_nobody(project: Project, client: httpx.AsyncClient) -> None:
    response = await client.get("/static/no-such-file", headers=sent("", project.refresh_token(ALICE)))
    assert response.status_code == 404
    assert (project.exchanges, cookies_of(response)) == (0, {})


async def test_cookies_of_two_users_never_make_one_into_the_other(project: Project, client: httpx.AsyncClient) -> None:
    mixed = sent(project.access_token(ALICE), project.refresh_token(BOB))
    assert (await client.get("/members", headers=mixed)).text == ALICE
    for left in (-60, 20):
        mixed = sent(project.access_token(ALICE, left), project.refresh_token(BOB))
        response = await client.get("/api/members", headers=mixed)
        assert response.status_code == 401
        assert cleared(response)
        assert BOB not in response.text


async def test_tokens_that_do_not_verify_are_a_fault_of_the_settings_and_sign_nobody_out(
    project: Project, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    project.claims = {"iss": "https://elsewhere.example/auth/v1"}
    response = await client.get("/members", headers=sent("", project.refresh_token(ALICE)))
    assert response.status_code == 503
    found = cookies_of(response)
    assert found[REFRESH].value, "the spent refresh token is replaced all the same"
    assert "SUPABASE_JWT_ISSUER" in caplog.text
    assert found[ACCESS].value not in caplog.text
    project.claims = {}
    headers = sent(found[ACCESS].value, found[REFRESH].value)
    assert (await client.get("/members", headers=headers)).text == ALICE


async def test_an_anonymous_user_is_not_signed_in(project: Project, client: httpx.AsyncClient) -> None:
    project.claims = {"is_anonymous": True}
    token = project.access_token(ALICE, is_anonymous=True)
    response = await client.get("/api/members", headers=sent(token, project.refresh_token(ALICE)))
    assert response.status_code == 401
    assert cleared(response)


async def test_tokens_that_no_cookie_holds_are_told(
    project: Project, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    project.claims = {"user_metadata": {"note": "x" * 4000}}
    response = await client.get("/api/members", headers=sent("", project.refresh_token(ALICE)))
    assert response.status_code == 500
    assert "more data than this site can sign in with" in response.text
    assert cleared(response)
    assert "shorten their metadata" in caplog.text


async def test_made_up_tokens_do_not_use_up_what_supabase_allows_the_portal(
    project: Project, client: httpx.AsyncClient
) -> None:
    allowed = RATES[Limit.REFRESH].amount
    for number in range(allowed):
        assert (await client.get("/api/members", headers=sent("", f"made-up-{number}"))).status_code == 401
    for access in ("", "no.such.token"):
        late = await client.get("/api/members", headers=sent(access, "made-up"))
        assert late.status_code == 429
        assert int(late.headers["Retry-After"]) > 0
        assert not cookies_of(late), "an honest customer at the same address is not signed out by it"
    assert (await client.get("/token", headers=sent("", "made-up"))).status_code == 200
    assert project.exchanges == allowed
    known = sent(project.access_token(ALICE, -60), project.refresh_token(ALICE))
    assert (await client.get("/members", headers=known)).text == ALICE, "who is known is counted on their own"


@pytest.fixture
def published(project: Project) -> dict[str, object]:
    """The settings of a project that publishes its keys."""
    project.algorithm = "ES256"
    return {
        "SUPABASE_URL": project.url,
        "SUPABASE_JWT_SECRET": None,
        "SUPABASE_JWKS_URL": f"{project.url}/auth/v1/.well-known/jwks.json",
    }


async def test_published_keys_sign_in_and_the_shared_secret_does_not(
    project: Project, open_safe_app: OpenSafeApp, published: dict[str, object]
) -> None:
    async with open_safe_app(**published) as app:
        good = sent(project.access_token(ALICE, -60), project.refresh_token(ALICE))
        assert (await app.client.get("/members", headers=good)).text == ALICE
        project.algorithm = "HS256"
        forged = bearer(project.access_token(ALICE))
        assert (await app.client.get("/api/members", headers=forged)).status_code == 401


async def test_while_no_key_is_known_nobody_is_signed_out(
    project: Project, open_safe_app: OpenSafeApp, published: dict[str, object]
) -> None:
    project.answer = web.Response(status=503)
    async with open_safe_app(**published) as app:
        headers = sent(project.access_token(ALICE), project.refresh_token(ALICE))
        for each in (headers, bearer(project.access_token(ALICE))):
            response = await app.client.get("/api/members", headers=each)
            assert response.status_code == 503
            assert not cookies_of(response)
        assert project.exchanges == 0
