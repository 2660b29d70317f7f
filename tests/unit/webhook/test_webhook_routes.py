"""What the application answers to requests that need neither Kubernetes nor Supabase, or that find neither."""

import asyncio
import hashlib
import hmac
import json
import logging
import time
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pds_stack.events import checkout_event, sign
from pds_webhook.bodies import BODY_LIMIT

from .conftest import SECRET, USER, App, OpenApp

PATH = "/api/webhooks"
EVENT = json.dumps({"object": "event", "id": "evt_1", "type": "invoice.paid"}).encode()


def sign_bytes(body: bytes) -> str:
    """The header for a body that need not be text."""
    now = int(time.time())
    return f"t={now},v1={hmac.new(SECRET.encode(), b'%d.%s' % (now, body), hashlib.sha256).hexdigest()}"


async def post(app: App, body: bytes, header: str | None = None, path: str = PATH, **more: str) -> httpx.Response:
    headers = {"Content-Type": "application/json", **more}
    if header is not None:
        headers["Stripe-Signature"] = header
    encoded = {name.encode(): value.encode() for name, value in headers.items()}
    return await app.client.post(path, content=body, headers=encoded)


async def deliver(app: App, document: object, path: str = PATH) -> httpx.Response:
    body = json.dumps(document).encode()
    return await post(app, body, sign(body, SECRET), path)


def said(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["Content-Type"].startswith("application/json"), response.text
    return response.status_code, response.json()["code"]


async def test_any_query_string_is_fine(app: App) -> None:
    event = {"object": "event", "id": "evt_1", "type": "invoice.paid"}
    assert said(await deliver(app, event, f"{PATH}?x-vercel-protection-bypass=abc")) == (200, "ignored")


@pytest.mark.parametrize("path", ["/", "/api", "/api/webhooks/", "/healthz", "/metrics"])
async def test_other_paths_are_not_found(app: App, path: str) -> None:
    assert said(await app.client.post(path)) == (404, "not_found")


async def test_other_methods_are_not_allowed(app: App) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        response = await app.client.request(method, PATH)
        assert said(response) == (405, "method_not_allowed"), method
        assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize("header", [None, "nonsense", "t=1,v1=ü", f"t=1,v1={'0' * 64}"])
async def test_a_bad_signature_is_answered_400(app: App, header: str | None) -> None:
    assert said(await post(app, b"{}", header)) == (400, "invalid_signature")
    assert app.counted("pds_webhook_events_total", type="other", code="invalid_signature") == 1


async def test_a_signature_header_that_is_no_utf_8_is_answered_400(app: App) -> None:
    response = await app.client.post(PATH, content=b"{}", headers={b"Stripe-Signature": b"t=1,v1=\xff\xfe"})
    assert said(response) == (400, "invalid_signature")


@pytest.mark.parametrize("drift", [-301, 302])
async def test_an_old_or_future_time_stamp_is_answered_400(app: App, drift: int) -> None:
    response = await post(app, b"{}", sign(b"{}", SECRET, int(time.time()) + drift))
    assert said(response) == (400, "timestamp_out_of_range")


@pytest.mark.parametrize("body", [b"[]", b"null", b"{}", b"", b"\xef\xbb\xbf{}", b"{"])
async def test_a_signed_body_that_is_no_event_is_answered_400(app: App, body: bytes) -> None:
    assert said(await post(app, body, sign(body, SECRET))) == (400, "invalid_body")


async def test_a_signed_body_that_is_no_utf_8_is_answered_400(app: App) -> None:
    assert said(await post(app, b"\xff", sign_bytes(b"\xff"))) == (400, "invalid_body")


async def test_a_secret_that_is_being_replaced_still_serves(app: App) -> None:
    assert said(await post(app, EVENT, sign(EVENT, "whsec_old"))) == (200, "ignored")


async def test_a_body_at_the_limit_is_read_and_one_above_is_not(app: App) -> None:
    largest = EVENT + b" " * (BODY_LIMIT - len(EVENT))
    assert said(await post(app, largest, sign(largest, SECRET))) == (200, "ignored")
    assert said(await post(app, largest + b" ", sign(largest + b" ", SECRET))) == (413, "body_too_large")


async def test_a_body_of_undeclared_length_above_the_limit_is_not_read(app: App) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(BODY_LIMIT // 65536 + 1):
            yield b" " * 65536

    assert said(await app.client.post(PATH, content=chunks())) == (413, "body_too_large")


@pytest.mark.parametrize("encoding", ["deflate", "gzip", "br", "zstd", "GZIP", "rot13"])
async def test_an_encoded_body_is_not_unpacked(app: App, caplog: pytest.LogCaptureFixture, encoding: str) -> None:
    for body in (zlib.compress(EVENT), b"this was never compressed"):
        response = await post(app, body, sign_bytes(body), **{"Content-Encoding": encoding})
        assert said(response) == (400, "bad_request")
        assert "Content-Encoding" in response.json()["message"]
    assert [record.name for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_the_encoding_that_changes_nothing_is_read(app: App) -> None:
    response = await post(app, EVENT, sign(EVENT, SECRET), **{"Content-Encoding": "identity"})
    assert said(response) == (200, "ignored")


async def test_an_expectation_that_nobody_meets_is_answered_417(app: App) -> None:
    response = await post(app, EVENT, sign(EVENT, SECRET), Expect="200-ok")
    assert said(response) == (417, "bad_request")
    assert response.headers["Connection"] == "close"


async def test_the_body_is_asked_for_where_the_sender_waits_for_that(app: App) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    head = f"POST {PATH} HTTP/1.1\r\nHost: h\r\nStripe-Signature: {sign(EVENT, SECRET)}\r\n"
    writer.write(f"{head}Expect: 100-Continue\r\nContent-Length: {len(EVENT)}\r\n\r\n".encode())
    asked = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(EVENT)
    answer = await asyncio.wait_for(reader.readuntil(b"}"), 10)
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert b'"code": "ignored"' in answer
    writer.close()
    await writer.wait_closed()


async def test_a_body_that_does_not_arrive_in_time_is_answered_408(app: App) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{{".encode())
    answer = await asyncio.wait_for(reader.readuntil(b"}"), 10)
    assert answer.startswith(b"HTTP/1.1 408"), answer
    assert b'"code": "body_timeout"' in answer
    writer.close()
    await writer.wait_closed()


async def test_a_sender_that_hangs_up_leaves_the_application_well(app: App) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", app.port)
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{{".encode())
    await writer.drain()
    writer.transport.abort()
    async with asyncio.timeout(10):
        while not app.counted("pds_webhook_answer_seconds_count"):  # noqa: ASYNC110 - the counter tells nobody
            await asyncio.sleep(0.01)
    assert said(await post(app, b"{}", "nonsense")) == (400, "invalid_signature")
    assert app.counted("pds_webhook_events_total", type="other", code="internal_error") == 0


@pytest.mark.parametrize(
    ("payment_status", "code"), [("paid", "kubernetes_unavailable"), ("unpaid", "supabase_unavailable")]
)
async def test_a_checkout_that_finds_nobody_is_answered_503(app: App, payment_status: str, code: str) -> None:
    event = checkout_event(user_id=USER, email="alice@a.example", payment_status=payment_status)
    assert said(await deliver(app, event)) == (503, code)
    assert app.counted("pds_webhook_events_total", type="checkout.session.completed", code=code) == 1


async def test_one_log_line_tells_the_event_and_nothing_personal(app: App, caplog: pytest.LogCaptureFixture) -> None:
    event = checkout_event(user_id=USER, email="alice@a.example", username="alice-secret", hostname="bad_host")
    with caplog.at_level(logging.INFO):
        response = await deliver(app, event)
    assert said(response) == (422, "invalid_hostname")
    assert response.json()["field"] == "pds_hostname_base"
    lines = [record for record in caplog.records if record.name.startswith("pds_webhook")]
    assert len(lines) == 1, [line.getMessage() for line in lines]
    told = vars(lines[0])
    assert (told["event_id"], told["session_id"]) == (event["id"], event["data"]["object"]["id"])
    assert (told["user_id"], told["code"], lines[0].levelno) == (USER, "invalid_hostname", logging.WARNING)
    for personal in ("alice", "a.example", "bad_host", SECRET):
        assert personal not in response.text + repr(told), personal


async def test_a_fault_of_ours_is_a_503_and_its_log_shows_where_but_not_what(
    open_app: OpenApp, caplog: pytest.LogCaptureFixture
) -> None:
    personal = "alice@a.example"

    def broken() -> str:
        raise RuntimeError(personal)

    async with open_app(broken, 5) as app:
        assert said(await deliver(app, checkout_event(user_id=USER))) == (503, "internal_error")
        assert app.counted("pds_webhook_events_total", type="other", code="internal_error") == 1
    told = [vars(record) for record in caplog.records if record.name.startswith("pds_webhook")]
    assert "broken" in told[0]["traceback"], told
    assert personal not in repr(told)


async def test_what_outlasts_the_grace_is_cut_off(open_app: OpenApp) -> None:
    async with open_app(lambda: SECRET, 600) as app:
        reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
        writer.write(f"POST {PATH} HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n".encode())
        await asyncio.wait_for(reader.readuntil(b"100 Continue\r\n\r\n"), 10)
        await asyncio.wait_for(app.under_way.drain(app.runner, grace=0.05), 20)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        await writer.wait_closed()


async def test_an_unknown_api_version_is_logged(app: App, caplog: pytest.LogCaptureFixture) -> None:
    event = checkout_event(user_id=USER, event_type="checkout.session.async_payment_failed")
    with caplog.at_level(logging.INFO):
        assert said(await deliver(app, {**event, "api_version": "2020-08-27"})) == (200, "ignored")
        assert said(await deliver(app, event)) == (200, "ignored")
    versions = [vars(record).get("api_version") for record in caplog.records if record.name.startswith("pds_webhook")]
    assert versions == ["2020-08-27", None]


@given(
    metadata=st.dictionaries(
        st.sampled_from(["user_id", "user_email", "pds_username", "pds_hostname_base", "pds_disksize_gb"]),
        st.text(st.characters(), max_size=30) | st.integers() | st.none() | st.just(USER) | st.just("a@b.example"),
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_metadata_are_a_fault_of_ours(app: App, metadata: dict[str, object]) -> None:
    event = checkout_event()
    event["data"]["object"]["metadata"] = metadata
    response = await deliver(app, event)
    assert response.status_code in {200, 422, 503}, response.text
    assert response.json()["code"] != "internal_error", response.text
