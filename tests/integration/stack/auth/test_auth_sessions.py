"""Sessions at the stand-in for Supabase's auth server: tokens, their rotation, and signing out."""

from typing import Any

import httpx
import jwt
import pytest

from pds_stack.supabase import issuer, user_token

from .conftest import App, address, assert_refused

pytestmark = pytest.mark.asyncio(loop_scope="session")

USER = "/auth/v1/user"
LOGOUT = "/auth/v1/logout"


async def test_the_password_decides(app: App) -> None:
    email = address()
    user = (await app.sign_up(email)).json()["user"]

    good = await app.sign_in(f" {email.upper()}")

    assert (good.status_code, good.json()["user"]["id"]) == (200, user["id"])
    for wrong in ("", "correct horsf", "Correct horse"):
        assert_refused(await app.sign_in(email, wrong), 400, "invalid_credentials")
    assert_refused(await app.sign_in(address()), 400, "invalid_credentials")
    assert_refused(await app.sign_in(""), 400, "validation_failed")


async def test_a_user_whom_the_stack_made_has_no_password(app: App) -> None:
    email = address()
    app.query("insert into auth.users (id, email, email_confirmed_at) values (gen_random_uuid(), %s, now())", email)

    for password in ("", "None", "scrypt$$"):
        assert_refused(await app.sign_in(email, password), 400, "invalid_credentials")


async def test_an_access_token_has_supabases_claims(app: App) -> None:
    session = await app.session()

    claims = jwt.decode(
        session["access_token"],
        app.project.keys.secret,
        algorithms=["HS256"],
        audience="authenticated",
        issuer=f"{app.project.url}/auth/v1",
    )

    user = session["user"]
    assert (claims["sub"], claims["email"], claims["role"]) == (user["id"], user["email"], "authenticated")
    assert (claims["aal"], claims["is_anonymous"], claims["phone"]) == ("aal1", False, "")
    assert [entry["method"] for entry in claims["amr"]] == ["password"]
    assert claims["exp"] - claims["iat"] == session["expires_in"] == 3600
    assert claims["exp"] == session["expires_at"]
    assert claims["session_id"]


async def test_tokens_can_be_signed_by_a_key_of_the_jwks(app: App) -> None:
    await app.settings(signing="ES256")
    session = await app.session()
    del app.http.headers["apikey"]  # everybody may read it

    answer = await app.http.get("/auth/v1/.well-known/jwks.json")

    (key,) = answer.json()["keys"]
    header = jwt.get_unverified_header(session["access_token"])
    assert (header["alg"], header["kid"], key["kty"]) == ("ES256", key["kid"], "EC")
    assert "d" not in key
    claims = jwt.decode(session["access_token"], jwt.PyJWK(key), algorithms=["ES256"], audience="authenticated")
    assert claims["sub"] == session["user"]["id"]


@pytest.mark.parametrize("signing", ["HS256", "ES256"])
async def test_the_rest_api_and_the_auth_server_know_the_user_by_the_token(app: App, signing: str) -> None:
    await app.settings(signing=signing)
    session = await app.session()
    user_id = session["user"]["id"]
    app.query("insert into pds_services (user_id, hostname) values (%s, %s)", user_id, user_id)

    rows = await app.as_user("GET", "/rest/v1/pds_services", session["access_token"], select="user_id")
    user = await app.as_user("GET", USER, session["access_token"])

    assert (rows.status_code, rows.json()) == (200, [{"user_id": user_id}])
    assert (user.status_code, user.json()["id"]) == (200, user_id)


async def test_an_access_token_expires(app: App) -> None:
    await app.settings(access_token_seconds=1)
    session = await app.session()
    assert session["expires_in"] == 1
    claims = jwt.decode(session["access_token"], options={"verify_signature": False})
    old = app.project.keys.sign({**claims, "exp": claims["iat"] - 60}, "HS256")  # PostgREST allows for half a minute

    assert_refused(await app.as_user("GET", USER, old), 403, "bad_jwt")
    assert (await app.as_user("GET", "/rest/v1/pds_services", old)).status_code == 401


async def test_who_is_no_user_is_refused(app: App) -> None:
    keys = app.project.keys
    stranger = user_token(keys.secret, "7a1d3f1e-6f0b-4f4e-9a3c-0d9c2c1f8f55", "x@users.example")
    forged = user_token(
        "guessed-guessed-guessed-guessed-guessed", "7a1d3f1e-6f0b-4f4e-9a3c-0d9c2c1f8f55", "x@x.example"
    )

    assert_refused(await app.http.get(USER), 401, "no_authorization")
    for token, code in ((keys.anon, "bad_jwt"), (stranger, "user_not_found"), (forged, "bad_jwt"), ("x", "bad_jwt")):
        assert_refused(await app.as_user("GET", USER, token), 403, code)


async def test_a_token_without_a_session_is_the_users_too(app: App) -> None:
    user = (await app.session())["user"]
    token = user_token(app.project.keys.secret, user["id"], user["email"], issuer(app.project.url))

    assert (await app.as_user("GET", USER, token)).json()["id"] == user["id"]
    assert (await app.as_user("POST", LOGOUT, token)).status_code == 204


async def test_a_refresh_token_is_used_once(app: App) -> None:
    session = await app.session()

    answer = await app.refresh(session["refresh_token"])

    fresh = answer.json()
    assert answer.status_code == 200
    assert set(fresh) == set(session)
    assert fresh["refresh_token"] != session["refresh_token"]
    assert session_id(fresh) == session_id(session)


async def test_an_answer_that_was_lost_can_be_had_again(app: App) -> None:
    await app.settings(reuse_seconds=0.0)
    first = (await app.session())["refresh_token"]

    answers = [(await app.refresh(first)).json()["refresh_token"] for _ in range(3)]

    assert len(set(answers)) == 1
    assert (await app.refresh(answers[0])).status_code == 200


async def test_within_the_interval_an_older_token_is_still_good(app: App) -> None:
    first = (await app.session())["refresh_token"]
    second = (await app.refresh(first)).json()["refresh_token"]
    third = (await app.refresh(second)).json()["refresh_token"]

    again = await app.refresh(first)

    assert again.status_code == 200
    assert again.json()["refresh_token"] not in {first, second, third}


async def test_after_the_interval_an_older_token_revokes_its_family(app: App) -> None:
    await app.settings(reuse_seconds=0.0)
    first = (await app.session())["refresh_token"]
    second = (await app.refresh(first)).json()["refresh_token"]
    third = (await app.refresh(second)).json()["refresh_token"]

    assert_refused(await app.refresh(first), 400, "refresh_token_already_used")
    assert_refused(await app.refresh(third), 400, "refresh_token_already_used")


async def test_one_family_does_not_take_another_along(app: App) -> None:
    await app.settings(reuse_seconds=0.0)
    email = address()
    first = (await app.sign_up(email)).json()["refresh_token"]
    other = (await app.sign_in(email)).json()["refresh_token"]
    second = (await app.refresh(first)).json()["refresh_token"]
    await app.refresh(second)
    await app.refresh(first)

    assert (await app.refresh(other)).status_code == 200


async def test_what_is_no_refresh_token_is_refused(app: App) -> None:
    assert_refused(await app.refresh("guessed"), 400, "refresh_token_not_found")
    missing = await app.refresh("")
    assert missing.status_code == 400
    assert missing.json() == {"error": "invalid_request", "error_description": "refresh_token required"}
    unknown = await app.http.post("/auth/v1/token", params={"grant_type": "magic"}, json={})
    assert_refused(unknown, 400, "invalid_credentials")


async def test_a_user_who_is_gone_has_no_session_left(app: App) -> None:
    session = await app.session()
    app.query("delete from auth.users where id = %s", session["user"]["id"])

    assert_refused(await app.refresh(session["refresh_token"]), 400, "refresh_token_not_found")
    assert_refused(await app.as_user("GET", USER, session["access_token"]), 403, "user_not_found")


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ({}, [False, False]),
        ({"scope": "global"}, [False, False]),
        ({"scope": "local"}, [False, True]),
        ({"scope": "others"}, [True, False]),
    ],
)
async def test_signing_out_ends_the_sessions_that_it_says(app: App, scope: dict[str, str], left: list[bool]) -> None:
    email = address()
    here: dict[str, Any] = (await app.sign_up(email)).json()
    there: dict[str, Any] = (await app.sign_in(email)).json()
    stranger = await app.session()

    answer = await app.as_user("POST", LOGOUT, here["access_token"], **scope)

    assert (answer.status_code, answer.content) == (204, b"")
    assert [await lives(app, session) for session in (here, there)] == left
    assert await lives(app, stranger)


async def test_signing_out_asks_for_a_session_and_a_known_scope(app: App) -> None:
    session = await app.session()

    assert_refused(await app.http.post(LOGOUT), 401, "no_authorization")
    assert_refused(await app.as_user("POST", LOGOUT, session["access_token"], scope="x"), 400, "validation_failed")
    assert (await app.as_user("POST", LOGOUT, session["access_token"])).status_code == 204
    assert_refused(await app.as_user("POST", LOGOUT, session["access_token"]), 403, "session_not_found")


async def lives(app: App, session: dict[str, Any]) -> bool:
    refreshed = await app.refresh(session["refresh_token"])
    seen: httpx.Response = await app.as_user("GET", USER, session["access_token"])
    assert (refreshed.status_code == 200) == (seen.status_code == 200), (refreshed.text, seen.text)
    return refreshed.status_code == 200


def session_id(session: dict[str, Any]) -> str:
    claims = jwt.decode(session["access_token"], options={"verify_signature": False})
    return str(claims["session_id"])
