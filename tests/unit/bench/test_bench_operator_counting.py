"""What the API server counted, read from its own metrics."""

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.operators.counting import LIST, Requests

METRICS = """\
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",resource="pdsprovisions",subresource="status",verb="PATCH"} 5
apiserver_request_total{code="409",resource="pdsprovisions",subresource="status",verb="PATCH"} 2
apiserver_request_total{code="201",resource="secrets",subresource="",verb="POST"} 3
apiserver_request_total{code="200",resource="leases",subresource="",verb="PATCH"} 100
apiserver_request_total{code="200",resource="apiservices",subresource="",verb="PUT"} 9
apiserver_request_total{code="200",resource="pdsprovisions",subresource="",verb="LIST"} 1e+01
apiserver_request_duration_seconds_count{resource="secrets",verb="POST"} 77
"""


async def look(text: str) -> Requests:
    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(text=text)

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    async with TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as client:
        return await Requests.now(client)


async def test_requests_are_counted_by_verb_and_resource_whatever_their_answer() -> None:
    requests = await look(METRICS)
    assert requests.of("PATCH", "pdsprovisions") == 7
    assert requests.of(LIST, "pdsprovisions") == 10
    assert requests.of("GET", "pdsprovisions") == 0


async def test_writes_are_what_the_operator_writes_without_its_lease_and_the_api_servers_own() -> None:
    assert (await look(METRICS)).writes() == 10


async def test_since_leaves_what_came_later() -> None:
    before, after = await look(METRICS), await look(METRICS.replace("} 3", "} 8"))
    assert after.since(before).counts == {("POST", "secrets"): 5}
