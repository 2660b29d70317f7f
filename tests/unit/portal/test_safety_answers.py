"""Every answer: what it forbids browsers and caches, and what it says where a request is not met."""

import asyncio
import logging
import re

import pytest

from pds_runtime.public.connections import Bounds

from .conftest import OpenSafeApp, SafeApp

PAGES = [
    "/token",
    "/away",
    "/nowhere",
    "/fault",
    "/members",
    "/api/fault",
    "/api/nowhere",
    "/api/invalid",
    "/static/no",
]


@pytest.mark.parametrize("path", PAGES)
async def test_each_answer_has_the_headers(safe_app: SafeApp, path: str) -> None:
    headers = (await safe_app.client.get(path)).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy.pop("form-action") == "'self' https://checkout.stripe.com"
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Strict-Transport-Security"].startswith("max-age=63072000")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cache-Control"] == "private, no-store"
    assert re.fullmatch(r"[0-9a-f]{16}", headers["X-Request-Id"])


async def test_files_and_pages_do_not_tell_what_serves_them(safe_app: SafeApp) -> None:
    for path in ("/token", "/static/base.css", "/nowhere"):
        assert (await safe_app.client.get(path)).headers.get_list("Server") == ["portal"]


async def test_no_cache_takes_one_customers_answer_for_anothers(safe_app: SafeApp) -> None:
    for path in PAGES:
        assert (await safe_app.client.get(path)).headers["Vary"] == "Cookie, Authorization"
    assert (await safe_app.client.get("/static/base.css")).headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"zqxj\r\n\r\n", 400), (b"GET /token HTTP/1.1\r\n", 408),
     (b"POST /change HTTP/1.1\r\nHost: h\r\nExpect: zqxj\r\nConnection: close\r\n\r\n", 417)],
)  # fmt: skip
async def test_so_has_what_no_route_answers(open_safe_app: OpenSafeApp, sent: bytes, status: int) -> None:
    async with open_safe_app(Bounds(head=0.2)) as app:
        reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
        writer.write(sent)
        async with asyncio.timeout(20):
            head, *lines = (await reader.read()).partition(b"\r\n\r\n")[0].decode().split("\r\n")
        writer.close()
    headers = dict(line.split(": ", 1) for line in lines)
    assert int(head.split()[1]) == status
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Strict-Transport-Security"].startswith("max-age=63072000")
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Server"] == "portal"


async def test_forms_may_lead_on_to_where_the_checkout_is(open_safe_app: OpenSafeApp) -> None:
    async with open_safe_app(STRIPE_CHECKOUT_ORIGIN="http://localhost:1234/") as app:
        policy = (await app.client.get("/token")).headers["Content-Security-Policy"]
    assert "form-action 'self' http://localhost:1234;" in policy


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nowhere", 404), ("POST", "/api/fault", 403), ("GET", "/api/change", 405), ("GET", "/api/fault", 500),
     ("GET", "/api/invalid", 422), ("GET", "/api/dependency", 503), ("GET", "/api/members", 401), ("GET", "/api", 404)],
)  # fmt: skip
async def test_a_program_reads_json(safe_app: SafeApp, method: str, path: str, status: int) -> None:
    answer = await safe_app.client.request(method, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json; charset=utf-8")
    assert re.search(r"[A-Z].+[.0-9a-f]$", answer.json()["error"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/change", 405), ("POST", "/change", 403), ("GET", "/fault", 500),
     ("GET", "/apinowhere", 404)],
)  # fmt: skip
async def test_a_customer_reads_a_page(safe_app: SafeApp, method: str, path: str, status: int) -> None:
    answer = await safe_app.client.request(method, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert "<h1" in answer.text
    assert "</html>" in answer.text


async def test_a_form_that_a_browser_sends_to_an_api_is_answered_by_a_page(safe_app: SafeApp) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = await safe_app.client.post("/api/change", data={"a": "b"}, headers=browser)
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8")


async def test_a_field_and_a_wait_are_told(safe_app: SafeApp) -> None:
    assert (await safe_app.client.get("/api/invalid")).json()["field"] == "hostname"
    assert (await safe_app.client.get("/api/dependency")).headers["Retry-After"] == "7"
    assert (await safe_app.client.get("/api/change")).headers["Allow"] == "POST"


async def test_who_is_not_signed_in_is_led_to_the_login_and_back(safe_app: SafeApp) -> None:
    asked = await safe_app.client.get("/members?pds_plan=small&next=//evil.example")
    assert asked.status_code == 303
    assert asked.headers["Location"] == "/login?next=/members%3Fpds_plan%3Dsmall%26next%3D//evil.example"
    assert "Set-Cookie" not in asked.headers


@pytest.mark.parametrize("path", ["/fault?q=zqxj", "/api/fault?q=zqxj"])
async def test_a_fault_is_told_by_an_id_that_is_in_the_log(
    safe_app: SafeApp, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    answer = await safe_app.client.get(path)
    reference = answer.headers["X-Request-Id"]
    assert reference in answer.text
    for word in ("zqxj", "RuntimeError", "Traceback", "conftest"):
        assert word not in answer.text
    faults = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in faults] == ["unexpected RuntimeError"]
    assert "_fault" in vars(faults[0])["traceback"]
    ours = [repr(vars(record)) for record in caplog.records if record.name.startswith("pds_")]
    assert not [line for line in ours if "zqxj" in line]


async def test_only_files_that_are_named_by_their_content_are_kept_by_caches(safe_app: SafeApp) -> None:
    page = (await safe_app.client.get("/nowhere")).text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert addresses
    for address in addresses:
        file = await safe_app.client.get(address)
        assert (file.status_code, file.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
        assert "Set-Cookie" not in file.headers
        assert file.headers["X-Content-Type-Options"] == "nosniff"
