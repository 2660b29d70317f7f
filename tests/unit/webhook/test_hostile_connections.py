"""What is sent over a connection, well-formed or not: it is answered in JSON or cut off, soon, and leaves no trace."""

import asyncio
import hashlib
import hmac
import json
import logging
import re
import time
from collections.abc import AsyncIterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pds_runtime.public.connections import Bounds
from stages import hostile
from stages.hostile_corpus import examples, remembered

from .conftest import SECRET, App, OpenApp

MARK = b"zqxj"
PATH = b"/api/webhooks"
POST = b"POST " + PATH + b" HTTP/1.1\r\nHost: h\r\n"
QUICK = Bounds(head=0.2, answer=0.5)
LINE = re.compile(rb"HTTP/\d\.\d (\d{3}) [^\r]*\r\n((?:[^\r]+\r\n)*)\r\n")
NOBODY_THERE = {"kubernetes_unavailable", "supabase_unavailable"}
CORPUS = examples("connection")
ANSWER_SECONDS = 20.0


@pytest.fixture
async def quick(open_app: OpenApp) -> AsyncIterator[App]:
    """The application, with less patience than in earnest."""
    async with open_app(lambda: SECRET, 0.2, QUICK) as running:
        yield running


async def heard_on(port: int, sent: bytes) -> bytes:
    """What comes back to bytes sent over a new connection, up to the end of the first answer that is final."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    try:
        writer.write(sent)
        async with asyncio.timeout(ANSWER_SECONDS):
            while not answers_in(heard):
                chunk = await reader.read(65536)
                if not chunk:
                    break
                heard += chunk
    except ConnectionError:
        pass  # what was heard before counts
    finally:
        writer.transport.abort()
    return heard


def answers_in(heard: bytes) -> list[tuple[int, dict[str, str]]]:
    """The complete answers among what was heard, but for those that only ask for the body; each must be JSON."""
    found = []
    while line := LINE.match(heard):
        status, head, heard = int(line[1]), line[2].lower(), heard[line.end() :]
        if status == 100:
            continue
        length = re.search(rb"content-length: (\d+)", head)
        assert length, head
        if len(heard) < int(length[1]):
            break
        assert b"content-type: application/json" in head, head
        found.append((status, json.loads(heard[: int(length[1])])))
        heard = heard[int(length[1]) :]
    return found


async def check(app: App, sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """See that some bytes are answered as they should be."""
    caplog.clear()
    with remembered("connection", sent), caplog.at_level(logging.INFO):
        heard = await heard_on(app.port, sent)
        told = [repr(vars(record)) for record in caplog.records if record.name.partition(".")[0] != "httpx"]
        answers = answers_in(heard)
        assert answers, f"no answer: {heard!r}"
        for status, document in answers:
            assert status in {200, 400, 404, 405, 408, 413, 417} or document["code"] in NOBODY_THERE, (status, document)
            assert document["code"]
            assert document["message"]
        assert MARK not in heard
        assert not [line for line in told if MARK.decode() in line], told


def signed(body: bytes) -> bytes:
    now = int(time.time())
    digest = hmac.new(SECRET.encode(), b"%d.%s" % (now, body), hashlib.sha256).hexdigest()
    return b"Stripe-Signature: t=%d,v1=%s\r\n" % (now, digest.encode())


HEADERS = [
    b"Content-Length: 5",
    b"Content-Length: 2",
    b"Content-Length: -1",
    b"Content-Length: +2",
    b"Content-Length: 99999999999999999999",
    b"Content-Length: 1048577",
    b"Content-Length: zqxj",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: zqxj",
    b"Content-Encoding: gzip",
    b"Content-Encoding: identity",
    b"Expect: 100-continue",
    b"Expect: zqxj",
    b"Connection: close",
    b"Connection: upgrade",
    b"Upgrade: websocket",
    b"Upgrade: h2c",
    b"Host: [::zqxj",
    b"Cookie: \xff=zqxj;;",
    b"X-Zqxj: " + MARK * 100,
    b"X-Long: " + MARK * 3000,
    b"X-Fold: a\r\n zqxj",
    b"Nul: a\x00zqxj",
    b"no colon zqxj",
    b": zqxj",
    b"Stripe-Signature: zqxj",
    b"Stripe-Signature: t=1,v1=\xff\xfe",
    b"Stripe-Signature: t=" + b"9" * 4000 + b",v1=0",
    b"Stripe-Signature: t=1" + b",v1=0" * 1500,
    b"Stripe-Signature:",
]
BODIES = [b"", b"{}", b"[]", MARK, b"5\r\nzqxjz\r\n0\r\n\r\n", b"zqxj\r\n", b"f" * 30 + b"\r\n", b"\x00" * 70_000]


def requests() -> st.SearchStrategy[bytes]:
    """Requests of good and bad parts."""
    methods = st.sampled_from([b"POST", b"GET", b"OPTIONS", b"CONNECT", b"PRI", b"zqxj", b"P\x00ST", b"", b"A" * 9000])
    targets = st.sampled_from(
        [PATH, PATH + b"?zqxj", b"/zqxj", b"*", b"http://[::1/zqxj", b"/%zz%00", b"/\xff", b"h:1"]
    )
    versions = st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/9.9", b"HTTP/2.0", b"http/1.1", b"zqxj", b""])
    likely = st.tuples(st.just(b"POST") | methods, st.just(PATH) | targets, st.just(b"HTTP/1.1") | versions)
    lines = st.lists(st.sampled_from(HEADERS), max_size=4).map(lambda some: b"".join(line + b"\r\n" for line in some))
    body = st.sampled_from(BODIES)
    made = st.builds(
        lambda line, more, sign, text: (
            b" ".join(line) + b"\r\nHost: h\r\n" + more + (signed(text) if sign else b"") + b"\r\n" + text
        ),
        likely,
        lines,
        st.booleans(),
        body,
    )
    return st.lists(made, min_size=1, max_size=3).map(b"".join)


def broken(whole: bytes) -> st.SearchStrategy[bytes]:
    """A request with some of its bytes cut off, or other bytes put in."""
    place = st.integers(0, len(whole))
    return st.builds(lambda at, put, cut: whole[:at] + put + whole[at + cut :], place, st.binary(max_size=9), place)


@given(sent=requests() | requests().flatmap(broken) | st.binary(min_size=1, max_size=200))
@example(sent=b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1" + MARK)
@example(sent=POST + b"X-Half: ")
@example(sent=POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
@hostile.times(120)
async def test_whatever_is_sent_is_answered_in_json_and_leaves_no_trace(
    quick: App, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    await check(quick, sent, caplog)


@pytest.mark.parametrize("sent", [path.read_bytes() for path in CORPUS], ids=[path.stem for path in CORPUS])
async def test_the_corpus_of_connections(quick: App, caplog: pytest.LogCaptureFixture, sent: bytes) -> None:
    await check(quick, sent, caplog)
