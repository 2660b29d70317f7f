"""What a request may be: its body, its time, its bytes; and what is told of it in log and metrics."""

import asyncio
import json
import logging

import pytest

from pds_portal.safety.bodies import BODY_LIMIT
from pds_runtime.public.connections import Bounds

from .conftest import OpenSafeApp, SafeApp

BEARER = {"Authorization": "Bearer x"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECONDS = 20.0


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 10 * BODY_LIMIT])
async def test_a_large_body_is_refused(safe_app: SafeApp, size: int) -> None:
    answer = await safe_app.client.post("/api/change", content=b"a" * size, headers={**BEARER, **FORM})
    assert answer.status_code == 413
    assert str(BODY_LIMIT) in answer.json()["error"]


async def test_a_refused_body_that_goes_on_ends_the_connection(safe_app: SafeApp) -> None:
    head = b"POST /api/change HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    status, document = await said(safe_app, head % (BODY_LIMIT + 1) + b"{")
    assert (status, list(document)) == (413, ["error"])


async def test_so_it_is_without_a_length(safe_app: SafeApp) -> None:
    async def chunks() -> object:
        for _ in range(BODY_LIMIT // 1024 + 1):
            yield b"a" * 1024

    answer = await safe_app.client.post("/api/change", content=chunks(), headers={**BEARER, **FORM})  # type: ignore[arg-type]
    assert answer.status_code == 413


async def test_the_largest_body_is_taken(safe_app: SafeApp) -> None:
    body = b"a=" + b"b" * (BODY_LIMIT - 2)
    answer = await safe_app.client.post("/api/change", content=body, headers={**BEARER, **FORM})
    assert len(answer.json()["fields"]["a"]) == BODY_LIMIT - 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "text/plain"},
        {},
        {**FORM, "Content-Encoding": "gzip"},
        {"Content-Type": f"{FORM['Content-Type']}; charset=no-such-charset"},
        {"Content-Type": f"{FORM['Content-Type']}; charset=unicode_escape"},
        {"Content-Type": "application/json; charset=utf-16"},
    ],
)
async def test_other_kinds_are_refused(safe_app: SafeApp, headers: dict[str, str]) -> None:
    answer = await safe_app.client.post("/api/change", content=b"a=b", headers={**BEARER, **headers})
    assert (answer.status_code, list(answer.json())) == (415, ["error"])


@pytest.mark.parametrize("charset", ["UTF-8", "utf-8", '"utf-8"', "utf8"])
async def test_utf_8_may_be_named(safe_app: SafeApp, charset: str) -> None:
    headers = {**BEARER, "Content-Type": f"{FORM['Content-Type']};charset={charset}"}
    answer = await safe_app.client.post("/api/change", content="a=ü".encode(), headers=headers)
    assert answer.json() == {"fields": {"a": "ü"}}


async def said(app: SafeApp, sent: bytes) -> tuple[int, dict[str, str]]:
    """The status and document of what comes back to bytes, until the end of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    writer.write(sent)
    async with asyncio.timeout(SECONDS):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), json.loads(body)


async def test_what_is_no_http_is_answered_in_json_and_counted(safe_app: SafeApp) -> None:
    status, document = await said(safe_app, b"zqxj\r\n\r\n")
    assert (status, list(document)) == (400, ["error"])
    assert "zqxj" not in document["error"]
    assert safe_app.counted("pds_portal_malformed_requests_total") == 1


async def test_an_expectation_that_cannot_be_met(safe_app: SafeApp) -> None:
    status, document = await said(safe_app, b"POST /api/change HTTP/1.1\r\nHost: h\r\nExpect: zqxj\r\n\r\n")
    assert (status, list(document)) == (417, ["error"])


async def test_late_headers_are_answered_and_counted(open_safe_app: OpenSafeApp) -> None:
    async with open_safe_app(Bounds(head=0.2)) as app:
        status, document = await said(app, b"GET /token HTTP/1.1\r\n")
        assert (status, list(document)) == (408, ["error"])
        assert app.counted("pds_portal_connections_cut_total", reason="header_timeout") == 1


async def test_each_answer_is_counted_by_its_pattern(safe_app: SafeApp) -> None:
    for path in ("/who/alice", "/who/bob", "/zqxj", "/api/fault", "/away"):
        await safe_app.client.get(path)
    await safe_app.client.request("PROPFIND", "/who/alice")

    def counted(route: str, code: str, method: str = "GET") -> float:
        return safe_app.counted("pds_portal_requests_total", route=route, method=method, code=code)

    assert counted("/who/{name}", "200") == 2
    assert counted("none", "404") == 1
    assert counted("/api/fault", "500") == 1
    assert counted("/away", "303") == 1
    assert counted("none", "403", "other") == 1
    assert safe_app.counted("pds_portal_answer_seconds_count", route="/who/{name}") == 2
    shown = {label for family in safe_app.registry.collect() for one in family.samples for label in one.labels.values()}
    assert not {label for label in shown if "alice" in label or "zqxj" in label.lower()}


async def test_the_log_has_one_line_of_a_request_without_what_is_personal(
    safe_app: SafeApp, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await safe_app.client.get(
        "/who/zqxj?email=zqxj", headers={"Referer": "zqxj", "User-Agent": "zqxj", "X-Request-Id": "zqxj"}
    )
    (line,) = [record for record in caplog.records if record.getMessage() == "answered"]
    told = vars(line)
    assert (told["route"], told["method"], told["status"], told["levelno"]) == ("/who/{name}", "GET", 200, logging.INFO)
    assert "zqxj" not in repr({**told, "request_id": None})
    assert answer.headers["X-Request-Id"] != "zqxj"
