"""Logs of a process of its own: one JSON object a line, on stderr."""

import json
import subprocess
import sys
from datetime import datetime
from typing import Any


def logged(*lines: str) -> list[dict[str, Any]]:
    """What a program of these lines logs."""
    program = "\n".join(["import logging", "from pds_runtime.logs import log_json", "log_json()", *lines])
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout == ""
    return [json.loads(line) for line in ended.stderr.splitlines()]


def test_a_line_is_one_object_with_time_level_logger_and_message() -> None:
    (line,) = logged("logging.getLogger('pds_example').warning('%s of %s', 1, 'two')")
    moment = datetime.strptime(line.pop("time"), "%Y-%m-%dT%H:%M:%S%z")
    assert moment.tzinfo is not None
    assert line == {"level": "WARNING", "logger": "pds_example", "message": "1 of two"}


def test_extra_fields_stand_beside_it() -> None:
    (line,) = logged("logging.info('a visit', extra={'provision': 'pds-1', 'attempts': 3, 'took': 0.5, 'id': None})")
    assert (line["message"], line["provision"], line["attempts"], line["took"], line["id"]) == (
        "a visit",
        "pds-1",
        3,
        0.5,
        None,
    )


def test_an_exception_stays_within_its_line() -> None:
    lines = logged(
        "try:",
        "    raise ValueError('broken')",
        "except ValueError:",
        "    logging.exception('a visit broke off', extra={'provision': 'pds-1'})",
        "logging.info('next')",
    )
    assert [line["message"] for line in lines] == ["a visit broke off", "next"]
    assert lines[0]["exc_info"].endswith("ValueError: broken")
    assert lines[0]["exc_info"].startswith("Traceback")
    assert lines[0]["provision"] == "pds-1"


def test_text_with_line_breaks_and_quotes_forges_no_line() -> None:
    text = 'a\n{"level": "CRITICAL"}\r\n"b"\u2028\N{EURO SIGN}'
    (line,) = logged(f"logging.info({text!r}, extra={{'given': {text!r}}})")
    assert (line["message"], line["given"], line["level"]) == (text, text, "INFO")


def test_what_was_configured_before_is_replaced() -> None:
    assert len(logged("log_json()", "logging.info('once')")) == 1


def test_libraries_that_name_every_request_speak_from_warnings_on() -> None:
    libraries = ["httpx", "httpcore", "aiohttp.access", "kopf", "kopf.objects", "stripe", "pds_example"]
    lines = logged(
        f"for name in {libraries}:",
        "    logging.getLogger(name).info('request')",
        "    logging.getLogger(name).warning('trouble')",
        "logging.debug('unheard')",
    )
    assert [line["logger"] for line in lines if line["level"] == "INFO"] == ["pds_example"]
    assert [line["logger"] for line in lines if line["level"] == "WARNING"] == libraries
    assert "unheard" not in str(lines)


def test_what_work_is_about_stands_in_every_line_of_it_and_of_no_other() -> None:
    lines = logged(
        "import asyncio",
        "from pds_runtime.logs import about, also_about",
        "async def visit(name, event):",
        "    with about(provision=name):",
        "        logging.info('read')",
        "        also_about(event_id=event)",
        "        await asyncio.sleep(0)",
        "        logging.getLogger('deep.within').info('done', extra={'attempt': 1})",
        "        logging.info('its own', extra={'event_id': 'evt_own'})",
        "    logging.info('over')",
        "async def main():",
        "    await asyncio.gather(visit('pds-1', 'evt_1'), visit('pds-2', 'evt_2'))",
        "asyncio.run(main())",
    )
    told = sorted((line.get("provision", ""), line["message"], line.get("event_id", "")) for line in lines)
    assert told == [
        ("", "over", ""),
        ("", "over", ""),
        ("pds-1", "done", "evt_1"),
        ("pds-1", "its own", "evt_own"),
        ("pds-1", "read", ""),
        ("pds-2", "done", "evt_2"),
        ("pds-2", "its own", "evt_own"),
        ("pds-2", "read", ""),
    ]
    assert {line.get("attempt") for line in lines if line["message"] == "done"} == {1}


SERVED = """
import asyncio
from aiohttp import web
from pds_runtime.admin import serve

async def read(request):
    try:
        await request.read()
    except web.RequestPayloadError:
        pass
    return web.Response()

async def fail(request):
    raise RuntimeError("a real fault")

async def main():
    app = web.Application()
    app.add_routes([web.post("/read", read), web.post("/fail", fail)])
    runner = await serve(app, 0, "127.0.0.1")
    for request in REQUESTS:
        reader, writer = await asyncio.open_connection("127.0.0.1", runner.addresses[0][1])
        writer.write(request)
        answer = await reader.readuntil(b"\\r\\n")
        logging.info("answered %s", answer.split()[1].decode())
        await reader.read()
        writer.close()
    await runner.cleanup()

asyncio.run(main())
"""


def test_malformed_http_leaves_no_trace_of_what_was_sent_and_real_faults_do() -> None:
    post = b"POST /%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s\r\n"
    malformed = [
        b"zqxj\r\n\r\n",
        b"POST / HTTP/zqxj\r\n\r\n",
        post % (b"read", b"Content-Length: zqxj\r\n"),
        post % (b"read", b"zqxj: " + b"zqxj" * 5000 + b"\r\n"),
        post % (b"read", b"Transfer-Encoding: chunked\r\n") + b"zqxj\r\n",
    ]
    real = post % (b"fail", b"Content-Length: 0\r\n")
    lines = logged(SERVED.replace("REQUESTS", repr([*malformed, real])))
    assert "zqxj" not in str(lines)
    told = [line for line in lines if line["logger"] == "aiohttp.server"]
    assert [line["exc_info"].splitlines()[-1] for line in told] == ["RuntimeError: a real fault"], told
    answers = [line["message"] for line in lines if line["message"].startswith("answered")]
    assert answers == ["answered 400"] * len(malformed) + ["answered 500"]
