"""Signing up, and confirming the address, at the stand-in for Supabase's auth server."""

import asyncio
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import PASSWORD, SITE, App, address, assert_refused

pytestmark = pytest.mark.asyncio(loop_scope="session")

VERIFY = "/auth/v1/verify"


async def test_autoconfirm_signs_in(app: App) -> None:
    email = address()

    answer = await app.sign_up(email.upper())

    session = answer.json()
    assert answer.status_code == 200
    assert set(session) == {"access_token", "token_type", "expires_in", "expires_at", "refresh_token", "user"}
    user = session["user"]
    assert (user["email"], user["role"], user["aud"]) == (email, "authenticated", "authenticated")
    assert uuid.UUID(user["id"]).version == 4
    assert {"email_confirmed_at", "confirmed_at", "last_sign_in_at", "created_at"} <= set(user)
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"]}
    assert [identity["provider"] for identity in user["identities"]] == ["email"]
    assert not [name for name in user if "password" in name or "token" in name]
    assert (await app.control.get("/mails", params={"to": email})).json() == []


async def test_a_password_is_kept_hashed(app: App) -> None:
    first, second = address(), address()
    for email in (first, second):
        await app.sign_up(email)

    kept = app.query("select encrypted_password from auth.users where email in (%s, %s)", first, second)

    assert len({hashed for (hashed,) in kept}) == 2, "each with a salt of its own"
    assert not [hashed for (hashed,) in kept if PASSWORD in hashed or not hashed.startswith("scrypt$")]


async def test_with_confirmation_a_mail_is_sent_and_nobody_is_signed_in(app: App) -> None:
    await app.settings(autoconfirm=False)
    email = address()

    answer = await app.sign_up(email)

    user = answer.json()
    assert answer.status_code == 200
    assert user["email"] == email
    assert "confirmation_sent_at" in user
    assert not {"access_token", "refresh_token", "email_confirmed_at", "confirmed_at"} & set(user)
    assert_refused(await app.sign_in(email), 400, "email_not_confirmed")
    mail = await app.mail(email)
    assert mail["link"] == f"{SITE}/auth/confirm?token_hash={mail['token_hash']}&type=email"


@pytest.mark.parametrize("kind", ["email", "signup"])
async def test_the_links_token_confirms_once_and_signs_in(app: App, kind: str) -> None:
    await app.settings(autoconfirm=False)
    email = address()
    user = (await app.sign_up(email)).json()
    body = {"type": kind, "token_hash": (await app.mail(email))["token_hash"]}

    answers = [await app.http.post(VERIFY, json=body) for _ in range(2)]

    session = answers[0].json()
    assert answers[0].status_code == 200, session
    assert session["user"]["id"] == user["id"]
    assert "email_confirmed_at" in session["user"]
    assert session["refresh_token"]
    assert_refused(answers[1], 403, "otp_expired")
    assert (await app.sign_in(email)).status_code == 200


async def test_the_six_digits_confirm_too(app: App) -> None:
    await app.settings(autoconfirm=False)
    email = address()
    await app.sign_up(email)
    token = (await app.mail(email))["token"]
    wrong = "000000" if token != "000000" else "000001"

    refused = await app.http.post(VERIFY, json={"type": "email", "email": email, "token": wrong})
    assert_refused(refused, 403, "otp_expired")
    taken = await app.http.post(VERIFY, json={"type": "email", "email": email, "token": token})
    assert taken.status_code == 200, taken.text


async def test_a_link_grows_too_old(app: App) -> None:
    await app.settings(autoconfirm=False, confirmation_seconds=0.0)
    email = address()
    await app.sign_up(email)

    body = {"type": "email", "token_hash": (await app.mail(email))["token_hash"]}

    assert_refused(await app.http.post(VERIFY, json=body), 403, "otp_expired")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"token_hash": "x"}, 400, "validation_failed"),
        ({"type": "email"}, 400, "validation_failed"),
        ({"type": "email", "token_hash": "x", "token": "y"}, 400, "validation_failed"),
        ({"type": "email", "token_hash": "x", "email": "a@a.example"}, 400, "validation_failed"),
        ({"type": "nothing", "token_hash": "x"}, 400, "validation_failed"),
        ({"type": "recovery", "token_hash": "x"}, 403, "otp_expired"),
        ({"type": "email", "token_hash": "x"}, 403, "otp_expired"),
        ({"type": "email", "token_hash": 7}, 400, "bad_json"),
    ],
)
async def test_what_confirms_nothing_is_refused(app: App, body: dict[str, object], status: int, code: str) -> None:
    assert_refused(await app.http.post(VERIFY, json=body), status, code)


async def test_gotrues_own_link_redirects_with_the_session_in_the_fragment(app: App) -> None:
    await app.settings(autoconfirm=False)
    email = address()
    await app.sign_up(email)
    query = {"type": "signup", "token": (await app.mail(email))["token_hash"], "redirect_to": f"{SITE}/welcome"}
    del app.http.headers["apikey"]  # a mail's reader has none

    first, second = [await app.http.get(VERIFY, params=query) for _ in range(2)]

    target = urlsplit(first.headers["Location"])
    assert (first.status_code, target.path) == (303, "/welcome")
    assert set(parse_qs(target.fragment)) == {
        *("access_token", "expires_at", "expires_in", "refresh_token", "token_type", "type")
    }
    assert parse_qs(urlsplit(second.headers["Location"]).fragment)["error_code"] == ["otp_expired"]


async def test_nobody_is_redirected_away_from_the_site(app: App) -> None:
    await app.settings(autoconfirm=False)
    email = address()
    await app.sign_up(email, redirect_to=f"{SITE}.evil.example/")
    mail = await app.mail(email)
    query = {"type": "signup", "token": mail["token_hash"], "redirect_to": f"{SITE}@evil.example/"}

    answer = await app.http.get(VERIFY, params=query)

    assert "evil" not in mail["link"]
    assert answer.headers["Location"].startswith(f"{SITE}#access_token=")


async def test_a_mails_link_goes_on_where_the_sign_up_said(app: App) -> None:
    await app.settings(autoconfirm=False)
    email, target = address(), f"{SITE}/dashboard?pds_plan=pro&auto_checkout=true"

    await app.sign_up(email, redirect_to=target)

    assert parse_qs(urlsplit((await app.mail(email))["link"]).query)["next"] == [target]


async def test_a_known_address_gets_a_user_like_any_other_but_made_up(app: App) -> None:
    email = address()
    known = (await app.sign_up(email)).json()["user"]
    assert_refused(await app.sign_up(email), 422, "user_already_exists")
    await app.settings(autoconfirm=False)

    answer = await app.sign_up(email, "another password")

    user = answer.json()
    assert answer.status_code == 200
    assert (user["email"], user["identities"], user["role"]) == (email, [], "")
    assert user["id"] != known["id"]
    assert "email_confirmed_at" not in user
    assert "confirmation_sent_at" in user
    assert (await app.control.get("/mails", params={"to": email})).json() == []
    assert (await app.sign_in(email)).status_code == 200, "its password is the old one"


async def test_who_has_not_confirmed_yet_gets_another_mail_but_not_at_once(app: App) -> None:
    await app.settings(autoconfirm=False)
    email = address()
    await app.sign_up(email)
    assert_refused(await app.sign_up(email), 429, "over_email_send_rate_limit")
    await app.settings(mail_interval_seconds=0.0)
    first = await app.mail(email)

    again = await app.sign_up(email, "another password")

    second = await app.mail(email)
    assert again.status_code == 200
    assert first["token_hash"] != second["token_hash"]
    old = await app.http.post(VERIFY, json={"type": "email", "token_hash": first["token_hash"]})
    assert_refused(old, 403, "otp_expired")
    new = await app.http.post(VERIFY, json={"type": "email", "token_hash": second["token_hash"]})
    assert new.status_code == 200
    assert (await app.sign_in(email)).status_code == 200, "the first password counts"


async def test_two_sign_ups_at_once_make_one_user(app: App) -> None:
    email = address()

    answers = await asyncio.gather(*(app.sign_up(email) for _ in range(4)))

    assert app.query("select count(*) from auth.users where email = %s", email) == [(1,)]
    assert {answer.json()["user"]["id"] for answer in answers if answer.status_code == 200} == {
        str(user_id) for (user_id,) in app.query("select id from auth.users where email = %s", email)
    }


@pytest.mark.parametrize(
    ("email", "password", "status", "code"),
    [
        ("", PASSWORD, 422, "anonymous_provider_disabled"),
        ("nobody", PASSWORD, 400, "validation_failed"),
        ("a b@users.example", PASSWORD, 400, "validation_failed"),
        ("a@localhost", PASSWORD, 400, "validation_failed"),
        (f"{'a' * 255}@users.example", PASSWORD, 400, "validation_failed"),
        ("a@users.example", "", 400, "validation_failed"),
        ("a@users.example", "short", 422, "weak_password"),
        ("a@users.example", "ä" * 37, 422, "validation_failed"),
    ],
)
async def test_unusable_input_is_refused(app: App, email: str, password: str, status: int, code: str) -> None:
    assert_refused(await app.sign_up(email, password), status, code)


async def test_a_weak_password_is_refused_with_its_reasons(app: App) -> None:
    body = (await app.sign_up(address(), "short")).json()

    assert body["weak_password"] == {"reasons": ["length"]}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"text"', b'{"email": 7, "password": "x"}'])
async def test_what_is_no_json_object_is_refused(app: App, content: bytes) -> None:
    assert_refused(await app.http.post("/auth/v1/signup", content=content), 400, "bad_json")
