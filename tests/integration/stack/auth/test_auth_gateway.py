"""Supabase's gateway on the stack: who gets through it, what its control paths do, and the faults it can be given."""

import time

import httpx
import pytest

from .conftest import SITE, App, address, assert_refused

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("path", ["/auth/v1/user", "/auth/v1/admin/users", "/rest/v1/pds_services"])
async def test_without_a_key_nothing_is_answered(app: App, path: str) -> None:
    app.http.headers["apikey"] = ""
    assert (await app.http.get(path)).json()["message"] == "No API key found in request"
    app.http.headers["apikey"] = "guessed"
    refused = await app.http.get(path)
    assert (refused.status_code, refused.json()["message"]) == (401, "Invalid API key")


async def test_a_fault_answers_as_gotrue_does(app: App) -> None:
    await app.fault(path="/auth/v1/token", status=429)
    await app.fault(path="/auth/v1/token", status=500)

    assert_fault(await app.sign_in(address()), 429, "over_request_rate_limit")
    assert_fault(await app.sign_in(address()), 500, "unexpected_failure")
    assert_refused(await app.sign_in(address()), 400, "invalid_credentials")


async def test_a_fault_hits_the_path_and_the_method_that_it_names(app: App) -> None:
    await app.fault(path="/rest/v1/", method="GET", status=503, times=None)

    assert (await app.http.get("/rest/v1/pds_services")).status_code == 503
    assert (await app.http.get("/auth/v1/.well-known/jwks.json")).status_code == 200
    assert (await app.http.post("/rest/v1/rpc/hostname_taken", json={"p_hostname": "x"})).status_code == 401
    await app.control.delete("/faults")
    assert (await app.http.get("/rest/v1/pds_services")).status_code == 401


async def test_an_answer_can_be_late_or_html_or_cut(app: App) -> None:
    await app.fault(seconds=0.2)
    begun = time.monotonic()
    assert_refused(await app.sign_in(address()), 400, "invalid_credentials")
    assert time.monotonic() - begun >= 0.2

    await app.fault(status=502, body="<h1>Bad gateway</h1>", content_type="text/html")
    answer = await app.sign_in(address())
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")

    await app.fault(cut=True)
    with pytest.raises(httpx.RemoteProtocolError):
        await app.sign_in(address())


async def test_the_settings_are_shown_changed_and_put_back(app: App) -> None:
    before = (await app.control.get("/auth")).json()
    changed = (await app.control.patch("/auth", json={"autoconfirm": False})).json()
    reset = (await app.control.delete("/auth")).json()

    assert (before["site_url"], before["autoconfirm"]) == (SITE, True)
    assert changed == {**before, "autoconfirm": False}
    assert reset == before
    assert (await app.control.get("/health")).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/auth", {"autoconfim": True}, "autoconfim: Extra inputs are not permitted"),
        ("/auth", {"signing": "none"}, "signing: Input should be 'HS256' or 'ES256'"),
        ("/auth", [], "must be a JSON object"),
        ("/faults", {}, "exactly one of status, seconds, cut and hang"),
    ],
)
async def test_a_mistake_is_said(app: App, path: str, body: object, said: str) -> None:
    method = "PATCH" if path == "/auth" else "POST"
    answer = await app.control.request(method, path, json=body)

    assert answer.status_code == 400
    assert said in answer.json()["message"]


async def test_admins_see_users_page_by_page(app: App) -> None:
    user = (await app.session())["user"]
    keys = app.project.keys
    admin = {"Authorization": f"Bearer {keys.service_role}"}

    one = await app.http.get(f"/auth/v1/admin/users/{user['id']}", headers=admin)
    page = await app.http.get("/auth/v1/admin/users", headers=admin, params={"per_page": 1})
    refused = await app.http.get("/auth/v1/admin/users", headers={"Authorization": f"Bearer {keys.anon}"})

    assert one.json()["email"] == user["email"]
    assert [shown["id"] for shown in page.json()["users"]] == [user["id"]], "the newest comes first"
    assert int(page.headers["X-Total-Count"]) >= 1
    assert_refused(refused, 403, "not_admin")


@pytest.mark.parametrize("version", ["2024-01-01", "2025-06-01"])
async def test_newer_clients_get_errors_in_the_newer_form(app: App, version: str) -> None:
    app.http.headers["X-Supabase-Api-Version"] = version
    await app.fault(path="/auth/v1/token", status=429)

    fault, refused = [await app.sign_in(address()) for _ in range(2)]

    assert (fault.status_code, fault.json()["code"]) == (429, "over_request_rate_limit")
    assert refused.json() == {"code": "invalid_credentials", "message": "Invalid login credentials"}
    assert refused.headers["X-Supabase-Api-Version"] == "2024-01-01"


def assert_fault(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["error_code"]) == (status, code), answer.text
