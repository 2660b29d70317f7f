"""Forged requests: what is let through, and what is not."""

import re

import httpx
import pytest

from stages.portal_settings import PORTAL_URL

from .conftest import SafeApp

COOKIE = "__Host-pds-csrf"
OTHER = "B" * 43


async def token_of(app: SafeApp) -> str:
    return (await app.client.get("/token")).text


async def post(app: SafeApp, kept: str | None, sent: str | None, **headers: str) -> httpx.Response:
    """A form of a page, with the token's cookie and field."""
    cookies = {} if kept is None else {"Cookie": f"{COOKIE}={kept}"}
    fields = {"a": "b"} if sent is None else {"a": "b", "csrf_token": sent}
    sent_by_browser = {name.replace("_", "-"): value for name, value in headers.items()}
    return await app.client.post("/change", data=fields, headers={**cookies, **sent_by_browser})


async def test_a_new_browser_is_given_a_token(safe_app: SafeApp) -> None:
    first = await safe_app.client.get("/token")
    assert re.fullmatch(r"[\w-]{43}", first.text)
    assert first.headers["Set-Cookie"] == f"{COOKIE}={first.text}; HttpOnly; Path=/; SameSite=Lax; Secure"
    assert first.text != await token_of(safe_app)


async def test_a_token_is_kept(safe_app: SafeApp) -> None:
    kept = await token_of(safe_app)
    again = await safe_app.client.get("/token", headers={"Cookie": f"{COOKIE}={kept}"})
    assert again.text == kept
    assert "Set-Cookie" not in again.headers


@pytest.mark.parametrize("kept", ["", "short", "B" * 44, "<script>" + "B" * 35])
async def test_what_is_no_token_of_ours_is_replaced(safe_app: SafeApp, kept: str) -> None:
    answer = await safe_app.client.get("/token", headers={"Cookie": f"{COOKIE}={kept}"})
    assert answer.text != kept
    assert answer.text in answer.headers["Set-Cookie"]


async def test_a_form_of_ours_is_let_through(safe_app: SafeApp) -> None:
    kept = await token_of(safe_app)
    answer = await post(safe_app, kept, kept, Origin=PORTAL_URL, Sec_Fetch_Site="same-origin")
    assert answer.json() == {"fields": {"a": "b", "csrf_token": kept}}


async def test_so_it_is_without_what_older_browsers_do_not_send(safe_app: SafeApp) -> None:
    kept = await token_of(safe_app)
    assert (await post(safe_app, kept, kept)).status_code == 200


async def test_a_script_sends_the_token_as_a_header(safe_app: SafeApp) -> None:
    kept = await token_of(safe_app)
    headers = {"Cookie": f"{COOKIE}={kept}", "X-CSRF-Token": kept}
    assert (await safe_app.client.post("/api/change", json={}, headers=headers)).status_code == 200
    assert (await safe_app.client.post("/api/change", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("kept", "sent", "headers"),
    [
        (None, None, {}),
        (None, OTHER, {}),
        (OTHER, None, {}),
        (OTHER, "", {}),
        (OTHER, "A" * 43, {}),
        (OTHER, OTHER + "B", {}),
        (OTHER, "ü" * 43, {}),
        ("", "", {}),
        ("short", "short", {}),
        (OTHER, OTHER, {"Origin": "https://evil.example"}),
        (OTHER, OTHER, {"Origin": "null"}),
        (OTHER, OTHER, {"Origin": f"{PORTAL_URL}.evil.example"}),
        (OTHER, OTHER, {"Origin": PORTAL_URL.replace("https", "http")}),
        (OTHER, OTHER, {"Sec_Fetch_Site": "cross-site"}),
        (OTHER, OTHER, {"Sec_Fetch_Site": "same-site"}),
        (OTHER, None, {"Authorization": "Bearer x"}),  # with cookies: by a script of somebody's
    ],
)
async def test_what_may_be_forged_is_refused(
    safe_app: SafeApp, kept: str | None, sent: str | None, headers: dict[str, str]
) -> None:
    answer = await post(safe_app, kept, sent, **headers)
    assert answer.status_code == 403
    assert "Load the page again" in answer.text


async def test_an_api_says_it_in_json(safe_app: SafeApp) -> None:
    answer = await safe_app.client.post("/api/change", json={})
    assert (answer.status_code, list(answer.json())) == (403, ["error"])


async def test_a_token_in_an_authorization_header_needs_no_other(safe_app: SafeApp) -> None:
    answer = await safe_app.client.post("/api/change", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "authorization"),
    [("/change", "Basic eDp5"), ("/api/change", "Basic eDp5"), ("/change", "Bearer x"), ("/api/change", "")],
)
async def test_other_ways_to_name_oneself_are_the_browsers_own(
    safe_app: SafeApp, path: str, authorization: str
) -> None:
    """A browser adds the password of HTTP's Basic scheme by itself, and a sign-in can be forged without a cookie."""
    headers = {"Authorization": authorization, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (await safe_app.client.post(path, data={"a": "b"}, headers=headers)).status_code == 403


async def test_a_new_token_takes_the_place_of_the_old_one(safe_app: SafeApp) -> None:
    kept = await token_of(safe_app)
    renewed = await safe_app.client.post(
        "/api/renew", headers={"Cookie": f"{COOKIE}={kept}", "X-CSRF-Token": kept, "Origin": PORTAL_URL}
    )
    assert renewed.status_code == 200
    assert renewed.text != kept
    assert f"{COOKIE}={renewed.text};" in renewed.headers["Set-Cookie"]
    assert (await post(safe_app, renewed.text, kept)).status_code == 403
