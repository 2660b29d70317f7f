"""An import that is killed, stopped, or meets dependencies that fail: run again, it ends as if nothing had been."""

import signal
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from .conftest import BASE, Imported, Past


@dataclass
class Gateway:
    """A gateway before Supabase, which answers requests for users with 503 for as long as it is told to."""

    upstream: str
    url: str = ""
    away: int = 0
    _http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=20))

    async def handle(self, request: web.Request) -> web.Response:
        if self.away and "/auth/v1/" in request.path:
            self.away -= 1
            return web.Response(status=503, text="<h1>away</h1>", content_type="text/html")
        kept = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        answer = await self._http.get(f"{self.upstream}{request.path_qs}", headers=kept)
        return web.Response(status=answer.status_code, body=answer.content, content_type="application/json")


@pytest.fixture
async def gateway(past: Past) -> AsyncIterator[Gateway]:
    gateway = Gateway(past.stage.stack["SUPABASE_URL"])
    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", gateway.handle)
    async with TestServer(app) as server:
        gateway.url = str(server.make_url("")).rstrip("/")
        yield gateway
        await gateway._http.aclose()  # noqa: SLF001 - the fixture ends what it began


async def test_killed_in_the_middle_and_run_again(past: Past) -> None:
    stage = past.stage
    users = past.customers(30)
    stage.simulator.change(service_seconds=0.2)
    process = await past.start("--json")

    async def some_are_there() -> bool:
        return len(await past.resources()) >= 5

    await stage.eventually_async(some_are_there, "a few resources are there")
    process.kill()
    await process.communicate()
    made = len(await past.resources())
    assert 5 <= made < 30, "it was killed in the middle"
    stage.simulator.change(service_seconds=0.0)
    again = await past.run("--json")
    assert (again.code, again.totals) == (0, (30 - made, made, 0, 0))
    await stage.operate()
    await past.all_adopted(users)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stopped_in_the_middle_it_says_what_was_done(past: Past, number: signal.Signals) -> None:
    stage = past.stage
    past.customers(30)
    stage.simulator.change(service_seconds=0.2)
    process = await past.start("--json")
    await stage.eventually(lambda: len(stage.simulator.requests.select("/api/v1/service/")) > 8, "it is under way")
    process.send_signal(number)
    said = await past.ended(process)
    imported, _, _, failed = said.totals
    assert said.code == 1
    assert imported + failed == 30
    assert imported
    assert failed
    assert said.users("imported") == set(await past.resources())
    assert "it was asked to stop" in said.out
    stage.simulator.change(service_seconds=0.0)
    assert (await past.run("--json")).totals == (failed, imported, 0, 0)


async def test_faults_that_pass_are_not_even_seen(past: Past, gateway: Gateway) -> None:
    past.customers(10)
    past.stage.simulator.change(
        faults=[{"endpoint": "service", "times": 3, "status": 503}, {"endpoint": "service", "cut": True}]
    )
    gateway.away = 2
    said = await past.run("--json", SUPABASE_URL=gateway.url)
    assert (said.code, said.totals) == (0, (10, 0, 0, 0))
    assert not gateway.away


@pytest.mark.parametrize("fault", [{"status": 500, "body": "a@b.example", "content": "html"}, {"cut": True}])
async def test_one_that_fails_keeps_nobody_else_from_being_imported(past: Past, fault: dict[str, object]) -> None:
    users = past.customers(10)
    broken = f"customer3.{BASE}"
    past.stage.simulator.change(faults=[{"endpoint": "service", "times": None, "hostname": broken, **fault}])
    said = await past.run("--json")
    assert (said.code, said.totals) == (1, (9, 0, 0, 1))
    assert said.users("failed") == {users[3]}
    past.stage.simulator.change(faults=[])
    again = await past.run("--json")
    assert (again.code, again.totals) == (0, (1, 9, 0, 0))
    await past.stage.operate()
    await past.all_adopted(users)


async def test_a_reservation_that_cannot_be_read_is_one_customers_trouble(past: Past) -> None:
    users = past.customers(10)
    secrets = f"/api/v1/namespaces/{past.stage.namespace}/secrets"
    name, data = f"customer3.{BASE}", {"userId": b64encode(b"\xff").decode()}
    manifest = {"metadata": {"name": name}, "type": "pds.eny.space/reservation", "data": data}
    await past.stage.api.call("POST", secrets, body=manifest)
    process = await past.start("--json")
    out, err = await process.communicate()
    said = Imported(process.returncode or 0, out.decode(), err.decode())
    assert (said.code, said.totals) == (1, (9, 0, 0, 1))
    assert said.users("failed") == {users[3]}
    assert users[3] in said.err
    assert "@" not in said.out + said.err


async def test_supabase_away_for_users_only(past: Past, gateway: Gateway) -> None:
    past.customers(4)
    gateway.away = 1000
    said = await past.run("--json", SUPABASE_URL=gateway.url)
    assert (said.code, said.totals) == (1, (0, 0, 0, 4))
    assert await past.resources() == {}
    gateway.away = 0
    assert (await past.run("--json", SUPABASE_URL=gateway.url)).totals == (4, 0, 0, 0)


async def test_a_backend_that_is_down_is_not_asked_for_everybody(past: Past) -> None:
    past.customers(40)
    said = await past.run("--json", PDS_API_URL="http://127.0.0.1:9/api/v1")
    assert (said.code, said.totals) == (1, (0, 0, 0, 40))
    problems = {row["problem"] for row in said.report["rows"]}
    assert "the backend gave no answer (ClientConnectorError)" in problems
    assert any("calls in a row failed" in problem for problem in problems)


@pytest.mark.parametrize(
    ("setting", "said_so"),
    [
        ({"PDS_API_TOKEN": "wrong"}, "PDS_API_TOKEN"),
        ({"SUPABASE_SERVICE_ROLE_KEY": "wrong"}, "Supabase"),
        ({"SUPABASE_URL": "http://127.0.0.1:9"}, "Supabase gave no usable answer"),
    ],
)
async def test_what_cannot_work_for_anybody_is_said(past: Past, setting: dict[str, str], said_so: str) -> None:
    past.customers(3)
    said = await past.run("--json", **setting)
    assert said.code == 1
    assert said_so in said.out + said.err
    assert "wrong" not in said.out + said.err
    assert await past.resources() == {}


async def test_unusable_settings(past: Past) -> None:
    said = await past.run(PDS_API_TOKEN="", SUPABASE_URL="nowhere", KUBECONFIG="")
    assert said.code == 2
    assert "PDS_API_TOKEN: is missing" in said.err
    assert "SUPABASE_URL: is no http://" in said.err
    said = await past.run(KUBECONFIG="/nowhere")
    assert said.code == 2
    assert "KUBECONFIG" in said.err


async def test_a_namespace_that_is_not_there(past: Past) -> None:
    past.customers(2)
    said = await past.run("--json", PDS_NAMESPACE="nowhere")
    assert (said.code, said.totals) == (1, (0, 0, 0, 2))
    assert "PDS_NAMESPACE" in said.out


async def test_calls_of_the_backend_are_bounded_at_once(past: Past) -> None:
    past.customers(40)
    past.stage.simulator.change(service_seconds=0.1)
    assert (await past.run("--json")).totals == (40, 0, 0, 0)
    spans = [(look.at, look.ended_at or 0.0) for look in past.stage.simulator.requests.select("/api/v1/service/")]
    assert len(spans) == 40
    assert max(sum(begin <= start < end for begin, end in spans) for start, _ in spans) <= 8
