"""Every way in which a deploy that was sent can end, each sent once and once only."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_clients.backend import PdsBackend
from pds_contract.deploy import Deployed, DeployOutcome, OutcomeUnknown, Rejected, Throttled, Unauthorized
from pds_stack.backend import BackendSimulator
from pds_stack.backend.request_log import LoggedRequest

from .conftest import KEY, REQUEST, TOKEN, Canned, OpenBackend, deploy

Deploys = Callable[[], list[LoggedRequest]]
SECRETS = ("correct-horse", "alice@a.example", TOKEN, "confidential")


def fault(simulator: BackendSimulator, **kind: object) -> None:
    """Let every deploy fail in this way, so that a second try would fail too."""
    simulator.change(faults=[{"endpoint": "deploy", "times": None, **kind}])


@pytest.mark.parametrize("place", ["service_id", "serviceId", "id", "service.id", "data.id", "data.serviceId"])
@pytest.mark.parametrize("id_type", ["number", "string"])
@pytest.mark.parametrize("double_encoded", [False, True])
async def test_the_id_is_found_wherever_it_is(
    backend: PdsBackend,
    simulator: BackendSimulator,
    deploys: Deploys,
    place: str,
    id_type: str,
    *,
    double_encoded: bool,
) -> None:
    simulator.change(id_place=place, id_type=id_type, double_encoded=double_encoded)
    assert await deploy(backend) == Deployed(800)
    assert len(deploys()) == len(simulator.services) == 1


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_any_2xx_is_a_pds_even_as_text_html(
    backend: PdsBackend, simulator: BackendSimulator, status: int
) -> None:
    simulator.change(deploy_status=status, content_type="text/html; charset=UTF-8")
    assert await deploy(backend) == Deployed(800)


async def test_junk_before_the_id_is_passed_over(backend: PdsBackend, simulator: BackendSimulator) -> None:
    simulator.change(id_place="data.id", id_junk={"service_id": None, "serviceId": True, "id": "abc", "service.id": -5})
    assert await deploy(backend) == Deployed(800)


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ("<html>Deployed.</html>", "html"),
        ("", "html"),
        ("[" * 100_000, "html"),
        ({"message": "Deployed"}, "json"),
        ({"id": 0, "data": {"id": "abc"}}, "json"),
        ([800], "json"),
        (None, "json"),
        ("<p>", "json"),
    ],
    ids=lambda value: repr(value)[:24],
)
async def test_2xx_without_a_usable_id_is_a_pds_whose_id_is_not_known(
    backend: PdsBackend, simulator: BackendSimulator, deploys: Deploys, body: object, content: str
) -> None:
    fault(simulator, effect="before", status=200, body=body, content=content)
    assert await deploy(backend) == Deployed(None)
    assert len(deploys()) == 1


async def test_204_is_a_pds_whose_id_is_not_known(canned: Canned, open_backend: OpenBackend) -> None:
    canned.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    assert await deploy(await open_backend(canned.url)) == Deployed(None)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 400, 402, 404, 405, 409, 410, 413, 415, 418, 422])
async def test_another_3xx_or_4xx_is_a_rejection_and_no_redirect_is_followed(
    backend: PdsBackend, simulator: BackendSimulator, server: str, status: int
) -> None:
    fault(simulator, status=status, body="confidential", content="html", headers={"Location": f"{server}/service/1"})
    assert await deploy(backend) == Rejected(status)
    assert [entry.path for entry in simulator.requests.select()] == ["/api/v1/deploy"]


@pytest.mark.parametrize("status", [401, 403])
async def test_401_and_403_are_about_the_token(
    backend: PdsBackend, simulator: BackendSimulator, deploys: Deploys, status: int
) -> None:
    fault(simulator, status=status)
    assert await deploy(backend) == Unauthorized(status)
    assert len(deploys()) == 1


@pytest.mark.parametrize("status", [408, 425, 500, 501, 502, 503, 504, 507, 520, 599])
@pytest.mark.parametrize("effect", ["before", "none"])
async def test_5xx_408_and_425_leave_the_outcome_unknown(
    backend: PdsBackend, simulator: BackendSimulator, deploys: Deploys, status: int, effect: str
) -> None:
    fault(simulator, status=status, effect=effect, body="confidential", content="html")
    outcome = await deploy(backend)
    assert outcome == OutcomeUnknown(f"the backend answered the deploy with {status}")
    assert len(deploys()) == 1
    assert len(simulator.services) == (1 if effect == "before" else 0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("1.5", 1.5), ("0", 0.0), ("-3", 0.0), ("86400", 3600.0), ("soon", None), ("nan", None), ("", None)],
)
async def test_retry_after_in_seconds(
    backend: PdsBackend, simulator: BackendSimulator, header: str, seconds: float | None
) -> None:
    fault(simulator, status=429, headers={"Retry-After": header})
    assert await deploy(backend) == Throttled(seconds)
    fault(simulator, status=503, headers={"Retry-After": header})
    assert await deploy(backend) == OutcomeUnknown("the backend answered the deploy with 503", seconds)


async def test_retry_after_as_a_date(backend: PdsBackend, simulator: BackendSimulator) -> None:
    moment = datetime.now(UTC) + timedelta(minutes=30)
    fault(simulator, status=429, headers={"Retry-After": format_datetime(moment, usegmt=True)})
    outcome = await deploy(backend)
    assert isinstance(outcome, Throttled)
    assert outcome.retry_after is not None
    assert 1700 < outcome.retry_after <= 1800


async def test_no_retry_after(backend: PdsBackend, simulator: BackendSimulator) -> None:
    fault(simulator, status=429)
    assert await deploy(backend) == Throttled(None)


@pytest.mark.parametrize(("effect", "made"), [("none", 0), ("before", 1)])
async def test_a_connection_cut_before_or_after_the_effect_leaves_the_outcome_unknown(
    backend: PdsBackend, simulator: BackendSimulator, deploys: Deploys, effect: str, made: int
) -> None:
    fault(simulator, cut=True, effect=effect)
    outcome = await deploy(backend)
    assert isinstance(outcome, OutcomeUnknown)
    assert "got no answer" in outcome.message
    assert len(deploys()) == 1
    assert len(simulator.services) == made


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=lambda answer: repr(answer[-24:]),
)
async def test_an_answer_that_is_no_http_leaves_the_outcome_unknown(
    canned: Canned, open_backend: OpenBackend, answer: bytes
) -> None:
    canned.answer = answer
    assert isinstance(await deploy(await open_backend(canned.url)), OutcomeUnknown)
    assert len(canned.received) == canned.connections == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", Deployed(None)),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", Deployed(None)),
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n{", Rejected(400)),
        (b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 9\r\n\r\n{", Throttled(7.0)),
    ],
    ids=lambda value: repr(value[-24:]) if isinstance(value, bytes) else "",
)
async def test_a_status_counts_though_the_body_was_lost(
    canned: Canned, open_backend: OpenBackend, answer: bytes, outcome: DeployOutcome
) -> None:
    canned.answer = answer
    assert await deploy(await open_backend(canned.url)) == outcome


async def test_the_time_out_ends_a_deploy_that_hangs(
    server: str, simulator: BackendSimulator, deploys: Deploys, open_backend: OpenBackend
) -> None:
    fault(simulator, hang=True)
    backend = await open_backend(server, deploy_timeout=0.2)
    began = time.monotonic()
    outcome = await deploy(backend)
    took = time.monotonic() - began
    assert outcome == OutcomeUnknown("the deploy was sent and got no answer (TimeoutError)")
    assert 0.2 <= took < 5
    assert len(deploys()) == 1


async def test_what_is_sent(canned: Canned, open_backend: OpenBackend) -> None:
    canned.answer = b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"id": 80}'
    assert await deploy(await open_backend(f"{canned.url}/api/v1")) == Deployed(80)

    head, _, body = canned.received[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert first == "POST /api/v1/deploy HTTP/1.1"
    assert headers["accept"] == "application/json"
    assert headers["x-requested-with"] == "XMLHttpRequest"
    assert headers["content-type"] == "application/json"
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["idempotency-key"] == KEY
    assert json.loads(body) == {
        "username": REQUEST.username,
        "password": REQUEST.password,
        "email": REQUEST.email,
        "hostname": REQUEST.hostname,
        "disksize": 10,
    }


async def test_each_deploy_has_a_connection_of_its_own(open_backend: OpenBackend) -> None:
    senders: list[object] = []

    async def answer(request: web.Request) -> web.Response:
        senders.append(request.transport and request.transport.get_extra_info("peername"))
        return web.json_response({"id": 800})

    app = web.Application()
    app.router.add_post("/deploy", answer)
    async with TestServer(app) as keeping_alive:
        backend = await open_backend(str(keeping_alive.make_url("")).rstrip("/"))
        for _ in range(3):
            assert await deploy(backend) == Deployed(800)
    assert len(set(senders)) == len(senders) == 3


async def test_a_rotated_token_is_sent_from_then_on(
    server: str, simulator: BackendSimulator, open_backend: OpenBackend
) -> None:
    tokens = [TOKEN]
    backend = await open_backend(server, lambda: tokens[-1])
    assert await deploy(backend) == Deployed(800)
    simulator.change(token="rotated")
    assert await deploy(backend) == Unauthorized(401)
    tokens.append("rotated")
    assert await deploy(backend) == Deployed(801)


async def test_no_outcome_quotes_a_secret_or_the_answer(
    canned: Canned, simulator: BackendSimulator, server: str, open_backend: OpenBackend
) -> None:
    fault(simulator, status=500, body="confidential", content="html")
    canned.answer = b"confidential, correct-horse\r\n\r\n"
    outcomes = [await deploy(await open_backend(url)) for url in (server, canned.url)]
    for outcome in outcomes:
        assert isinstance(outcome, OutcomeUnknown)
        assert not [secret for secret in SECRETS if secret in repr(outcome)]
