import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_clients.auth_refusals import AuthRefused, RateLimited, Refusal
from pds_clients.supabase_auth import AuthSession, ConfirmationSent, SupabaseAuth
from pds_contract.errors import CredentialsRejected, TryLater

EMAIL, PASSWORD, TOKEN = "alice@example.com", "correct horse battery", "the-refresh-token"
SESSION = {
    "access_token": "a.b.c",
    "token_type": "bearer",
    "expires_in": 3600,
    "expires_at": 1800000000,
    "refresh_token": "r",
    "user": {"id": "7f025477-d436-469e-bbe5-a95ac3bb3321", "email": EMAIL},
}
USER = {"id": "7f025477-d436-469e-bbe5-a95ac3bb3321", "aud": "authenticated", "email": EMAIL, "identities": []}


@dataclass
class Server:
    """Answers everything with one prepared answer, and notes what it was sent."""

    status: int = 200
    body: bytes = json.dumps(SESSION).encode()
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], dict[str, str], Any]] = field(default_factory=list)
    url: str = ""

    async def serve(self, request: web.Request) -> web.Response:
        sent = await request.json()
        self.requests.append((request.path, dict(request.query), dict(request.headers), sent))
        return web.Response(status=self.status, body=self.body, headers=self.headers)

    def answers(self, status: int, document: object, **headers: str) -> None:
        self.status, self.headers = status, headers
        self.body = document if isinstance(document, bytes) else json.dumps(document).encode()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.serve)
    async with TestServer(app) as running:
        server.url = str(running.make_url("")).rstrip("/")
        yield server


@pytest.fixture
async def auth(server: Server) -> AsyncIterator[SupabaseAuth]:
    async with SupabaseAuth(server.url, lambda: "the-anon-key") as client:
        yield client


Call = Callable[[SupabaseAuth], Awaitable[object]]
CALLS: dict[str, Call] = {
    "sign_up": lambda auth: auth.sign_up(EMAIL, PASSWORD, "https://portal.example/dashboard"),
    "sign_in": lambda auth: auth.sign_in(EMAIL, PASSWORD),
    "refresh": lambda auth: auth.refresh(TOKEN),
    "sign_out": lambda auth: auth.sign_out("a.b.c"),
    "verify_email": lambda auth: auth.verify_email("the-hash", "email"),
}


@pytest.mark.parametrize(
    ("call", "path", "query", "body"),
    [
        (
            "sign_up",
            "signup",
            {"redirect_to": "https://portal.example/dashboard"},
            {"email": EMAIL, "password": PASSWORD},
        ),
        ("sign_in", "token", {"grant_type": "password"}, {"email": EMAIL, "password": PASSWORD}),
        ("refresh", "token", {"grant_type": "refresh_token"}, {"refresh_token": TOKEN}),
        ("sign_out", "logout", {"scope": "local"}, {}),
        ("verify_email", "verify", {}, {"type": "email", "token_hash": "the-hash"}),
    ],
)
async def test_each_call_is_as_supabase_documents_it(
    server: Server, auth: SupabaseAuth, call: str, path: str, query: dict[str, str], body: dict[str, str]
) -> None:
    await CALLS[call](auth)
    ((sent_path, sent_query, headers, sent),) = server.requests
    assert (sent_path, sent_query, sent) == (f"/auth/v1/{path}", query, body)
    assert headers["apikey"] == "the-anon-key"
    assert headers.get("Authorization") == ("Bearer a.b.c" if call == "sign_out" else None)


async def test_tokens_come_back_and_stay_out_of_the_repr(auth: SupabaseAuth) -> None:
    session = await auth.sign_in(EMAIL, PASSWORD)
    assert session == AuthSession(access_token="a.b.c", refresh_token="r")
    assert "a.b.c" not in repr(session)


async def test_a_sign_up_that_has_to_be_confirmed_has_no_tokens(server: Server, auth: SupabaseAuth) -> None:
    for document in (USER, {**USER, "confirmation_sent_at": "2026-11-23T13:00:00Z"}):
        server.answers(200, document)
        assert isinstance(await auth.sign_up(EMAIL, PASSWORD, "https://portal.example/"), ConfirmationSent)
    server.answers(200, SESSION)
    assert isinstance(await auth.sign_up(EMAIL, PASSWORD, "https://portal.example/"), AuthSession)


def now(code: str, text: str = "…") -> dict[str, Any]:
    """As the newest servers say it."""
    return {"code": code, "message": text}


def before(status: int, code: str, text: str = "…") -> dict[str, Any]:
    """As those before them."""
    return {"code": status, "error_code": code, "msg": text}


def at_first(text: str, error: str = "invalid_grant") -> dict[str, Any]:
    """As the first ones."""
    return {"error": error, "error_description": text}


BAD_LOGIN, UNCONFIRMED, REGISTERED = "Invalid login credentials", "Email not confirmed", "User already registered"
BAD_EMAIL = "Unable to validate email address: invalid format"
REFUSALS: list[tuple[str, int, dict[str, Any], Refusal]] = [
    ("sign_in", 400, now("invalid_credentials", BAD_LOGIN), Refusal.WRONG_CREDENTIALS),
    ("sign_in", 400, before(400, "invalid_credentials", BAD_LOGIN), Refusal.WRONG_CREDENTIALS),
    ("sign_in", 400, at_first(BAD_LOGIN), Refusal.WRONG_CREDENTIALS),
    ("sign_in", 400, before(400, "user_banned", "User is banned"), Refusal.WRONG_CREDENTIALS),
    ("sign_in", 400, now("email_not_confirmed", UNCONFIRMED), Refusal.EMAIL_NOT_CONFIRMED),
    ("sign_in", 400, at_first(UNCONFIRMED), Refusal.EMAIL_NOT_CONFIRMED),
    ("sign_up", 422, {**now("weak_password"), "weak_password": {"reasons": ["length"]}}, Refusal.WEAK_PASSWORD),
    ("sign_up", 422, {"code": 422, "msg": "Password should be at least 6 characters"}, Refusal.WEAK_PASSWORD),
    ("sign_up", 422, before(422, "user_already_exists", REGISTERED), Refusal.USER_EXISTS),
    ("sign_up", 422, now("email_exists"), Refusal.USER_EXISTS),
    ("sign_up", 400, {"code": 400, "msg": REGISTERED}, Refusal.USER_EXISTS),
    ("sign_up", 400, before(400, "validation_failed", BAD_EMAIL), Refusal.INVALID_EMAIL),
    ("sign_up", 400, now("email_address_invalid", f"{EMAIL} is invalid"), Refusal.INVALID_EMAIL),
    ("sign_up", 422, now("signup_disabled"), Refusal.SIGN_UP_CLOSED),
    ("sign_up", 403, {"code": 403, "msg": "Signups not allowed for this instance"}, Refusal.SIGN_UP_CLOSED),
    ("sign_up", 422, now("something_new"), Refusal.OTHER),
    ("verify_email", 403, now("otp_expired"), Refusal.LINK_EXPIRED),
    ("verify_email", 401, {"code": 401, "msg": "Email link is invalid or has expired"}, Refusal.LINK_EXPIRED),
    ("refresh", 400, now("refresh_token_not_found"), Refusal.SESSION_ENDED),
    ("refresh", 400, before(400, "refresh_token_already_used"), Refusal.SESSION_ENDED),
    ("refresh", 400, now("session_expired"), Refusal.SESSION_ENDED),
    ("refresh", 400, now("user_banned"), Refusal.SESSION_ENDED),
    ("refresh", 400, at_first("Invalid Refresh Token"), Refusal.SESSION_ENDED),
]


@pytest.mark.parametrize(("call", "status", "document", "refusal"), REFUSALS)
async def test_a_refusal_is_told_by_its_kind(
    server: Server, auth: SupabaseAuth, call: str, status: int, document: dict[str, Any], refusal: Refusal
) -> None:
    server.answers(status, document)
    with pytest.raises(AuthRefused) as caught:
        await CALLS[call](auth)
    assert (caught.value.refusal, caught.value.status) == (refusal, status)
    assert EMAIL not in str(caught.value)
    assert bool(caught.value.hint) == (refusal is Refusal.WEAK_PASSWORD)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("status", "document"),
    [
        (500, {"code": "unexpected_failure", "message": "…"}),
        (502, b"<html>"),
        (503, b""),
        (504, {"code": "request_timeout", "message": "…"}),
        (302, b""),
        (408, b""),
    ],
)
async def test_what_is_no_answer_asks_to_try_later(
    server: Server, auth: SupabaseAuth, call: str, status: int, document: object
) -> None:
    server.answers(status, document)
    with pytest.raises(TryLater) as caught:
        await CALLS[call](auth)
    assert caught.value.status == status


@pytest.mark.parametrize("call", ["sign_up", "sign_in", "refresh", "verify_email"])
@pytest.mark.parametrize(
    "document", [b"", b"<html>", b"\xff", [], {}, {"access_token": "", "refresh_token": "r"}, {"id": 7}]
)
async def test_a_success_of_another_shape_asks_to_try_later(
    server: Server, auth: SupabaseAuth, call: str, document: object
) -> None:
    server.answers(200, document)
    with pytest.raises(TryLater):
        await CALLS[call](auth)


@pytest.mark.parametrize("call", CALLS)
async def test_asked_too_often_says_how_long_to_wait(server: Server, auth: SupabaseAuth, call: str) -> None:
    limited = {"code": 429, "error_code": "over_request_rate_limit", "msg": "Request rate limit reached"}
    server.answers(429, limited, **{"Retry-After": "17"})
    with pytest.raises(RateLimited) as caught:
        await CALLS[call](auth)
    assert caught.value.retry_after == 17


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("document", [{"message": "Invalid API key", "hint": "…"}, b"", b"<html>"])
async def test_a_key_that_the_gateway_does_not_know_is_no_refusal_of_the_user(
    server: Server, auth: SupabaseAuth, call: str, document: object
) -> None:
    server.answers(401, document)
    with pytest.raises(CredentialsRejected, match="SUPABASE_ANON_KEY"):
        await CALLS[call](auth)


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (400, {"code": "bad_json", "message": "…"}),
        (400, {"code": "captcha_failed", "message": "…"}),
        (400, {"error": "invalid_request", "error_description": "…"}),
        (404, b"<html>"),
        (409, {"code": "conflict", "message": "…"}),
        (422, {"code": "something_new", "message": "…"}),
    ],
)
async def test_nobody_is_signed_out_by_an_answer_that_does_not_say_that_the_session_ended(
    server: Server, auth: SupabaseAuth, status: int, document: object
) -> None:
    server.answers(status, document)
    with pytest.raises(TryLater):
        await auth.refresh(TOKEN)


async def test_a_session_that_has_ended_already_is_signed_out(server: Server, auth: SupabaseAuth) -> None:
    for status, code in ((403, "session_not_found"), (403, "bad_jwt"), (404, "user_not_found")):
        server.answers(status, {"code": status, "error_code": code, "msg": "…"})
        await auth.sign_out("a.b.c")
    server.answers(204, b"")
    await auth.sign_out("a.b.c")


async def test_a_server_that_is_not_there_asks_to_try_later() -> None:
    with socket.socket() as bound:  # taken, and refusing connections
        bound.bind(("127.0.0.1", 0))
        async with SupabaseAuth(f"http://127.0.0.1:{bound.getsockname()[1]}", lambda: "key") as auth:
            for call in CALLS.values():
                with pytest.raises(TryLater):
                    await call(auth)


async def test_a_key_with_a_line_break_is_told_and_not_sent(server: Server) -> None:
    async with SupabaseAuth(server.url, lambda: "the-anon-key\n") as auth:
        with pytest.raises(CredentialsRejected, match="SUPABASE_ANON_KEY"):
            await auth.sign_in(EMAIL, PASSWORD)
    assert server.requests == []


async def test_nothing_personal_or_secret_is_logged_or_told(
    server: Server, auth: SupabaseAuth, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = (EMAIL, PASSWORD, TOKEN, "the-hash", "a.b.c")
    told: list[str] = []
    with caplog.at_level(logging.DEBUG):
        for status, code in ((200, ""), (400, "something_new"), (403, "otp_expired"), (500, ""), (429, "")):
            server.answers(status, {**SESSION, "code": code, "message": " ".join(secrets)})
            for call in CALLS.values():
                try:
                    await call(auth)
                except (AuthRefused, TryLater) as error:
                    told.append(str(error))
    assert told
    for secret in secrets:
        assert secret not in caplog.text
        assert not any(secret in each for each in told)


async def test_a_slow_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pds_clients.supabase_auth.REQUEST_TIMEOUT", 0.2)
    given_up, closed = asyncio.Event(), asyncio.Event()

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not given_up.is_set():  # a byte now and then, so that no pause is long
            writer.write(b" ")
            await asyncio.sleep(0.02)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        closed.set()

    listening = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with (
        listening,
        SupabaseAuth(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", lambda: "k") as auth,
    ):
        with pytest.raises(TryLater, match="TimeoutError"):
            await auth.sign_in(EMAIL, PASSWORD)
        given_up.set()
        await closed.wait()
