"""The admin port: healthy, ready, metrics."""

import asyncio
import threading
from collections.abc import AsyncIterator
from importlib.metadata import version

import httpx
import pytest
from aiohttp import web
from prometheus_client import REGISTRY, CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from pds_runtime.admin import Readiness, admin_app, serve


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def client(readiness: Readiness, registry: CollectorRegistry) -> AsyncIterator[httpx.AsyncClient]:
    runner = await serve(admin_app(readiness, registry), 0, "127.0.0.1")
    async with httpx.AsyncClient(base_url=address(runner), timeout=10) as connected:
        yield connected
    await runner.cleanup()


def address(runner: web.AppRunner) -> str:
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def test_ready_only_while_it_wants_work(client: httpx.AsyncClient, readiness: Readiness) -> None:
    seen = []
    for ready in (False, True, False):
        readiness.ready = ready
        answer = await client.get("/readyz")
        seen.append((answer.status_code, answer.text))
    assert seen == [(503, "not ready\n"), (200, "ok\n"), (503, "not ready\n")]


async def test_a_process_is_not_ready_before_it_says_so(client: httpx.AsyncClient) -> None:
    assert (await client.get("/readyz")).status_code == 503


@pytest.mark.parametrize("ready", [False, True])
async def test_healthy_even_while_it_is_not_ready(
    client: httpx.AsyncClient, readiness: Readiness, *, ready: bool
) -> None:
    readiness.ready = ready
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_a_process_that_is_stuck_is_not_healthy_until_it_moves_again(readiness: Readiness) -> None:
    stuck: list[str | None] = [None, "a loop has not run for 61 s", None]
    runner = await serve(admin_app(readiness, CollectorRegistry(), lambda: stuck.pop(0)), 0, "127.0.0.1")
    async with httpx.AsyncClient(base_url=address(runner), timeout=10) as client:
        answers = [await client.get("/healthz") for _ in range(3)]
    await runner.cleanup()
    assert [(answer.status_code, answer.text) for answer in answers] == [
        (200, "ok\n"),
        (503, "stuck: a loop has not run for 61 s\n"),
        (200, "ok\n"),
    ]


async def asked_for_ever(client: httpx.AsyncClient) -> None:
    while True:
        await client.get("/healthz", timeout=0.5)


async def test_a_process_whose_own_loop_is_blocked_does_not_answer() -> None:
    """Which is how a probe, with its own time-out, learns of it."""
    served, blocked, go_on = threading.Event(), threading.Event(), threading.Event()
    ports: list[int] = []

    async def main() -> None:
        runner = await serve(admin_app(Readiness(), CollectorRegistry()), 0, "127.0.0.1")
        ports.append(runner.addresses[0][1])
        served.set()
        await asyncio.to_thread(blocked.wait)
        go_on.wait()  # blocks the loop, as no program should
        await runner.cleanup()

    process = threading.Thread(target=asyncio.run, args=(main(),))
    process.start()
    await asyncio.to_thread(served.wait)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports[0]}") as client:
        assert (await client.get("/healthz", timeout=10)).status_code == 200
        blocked.set()
        with pytest.raises(httpx.TimeoutException):
            await asked_for_ever(client)  # some answers may come until the loop has got to where it blocks
    go_on.set()
    await asyncio.to_thread(process.join)


def test_the_version_is_shown() -> None:
    assert REGISTRY.get_sample_value("pds_build_info", {"version": version("eny-pds")}) == 1


async def test_metrics_are_prometheus_own(client: httpx.AsyncClient, registry: CollectorRegistry) -> None:
    counter = Counter("example_visits", "Visits.", ["end"], registry=registry)
    counter.labels(end="rest").inc(3)
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    samples = {
        (sample.name, sample.labels.get("end")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples[("example_visits_total", "rest")] == 3


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", 404), ("POST", "/readyz", 405)])
async def test_nothing_else(client: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    assert (await client.request(method, path)).status_code == status


async def test_cleaning_up_lets_a_request_under_way_finish() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        begun.set()
        await go_on.wait()
        return web.Response(text="finished")

    app = web.Application()
    app.router.add_get("/", slow)
    runner = await serve(app, 0, "127.0.0.1", grace=20)
    url = address(runner)
    async with httpx.AsyncClient(timeout=20) as client:
        answer = asyncio.create_task(client.get(url))
        await begun.wait()
        cleaning = asyncio.create_task(runner.cleanup())
        await closed(runner)
        go_on.set()
        assert (await answer).text == "finished"
        await cleaning
        with pytest.raises(httpx.ConnectError):
            await client.get(url)


async def closed(runner: web.AppRunner) -> None:
    """Wait until the runner takes no new connections."""
    async with asyncio.timeout(20):
        while True:
            if not runner.sites:
                return
            await asyncio.sleep(0.01)
