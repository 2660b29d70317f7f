"""What every request passes, on a real socket with a few routes of the tests; Supabase and all else is away."""

import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from pds_contract.errors import InvalidInput, TryLater
from pds_portal.connecting import connect
from pds_portal.identity import session
from pds_portal.pages.assets import ROUTES as ASSETS
from pds_portal.safety import csrf, limits
from pds_portal.safety.addresses import client_of
from pds_portal.safety.application import safe_application
from pds_portal.safety.connections import ConnectionAnswers
from pds_portal.safety.limits import Limit
from pds_runtime.public.connections import Bounds
from pds_runtime.public.drain import UnderWay
from pds_runtime.public.listening import listen
from stages.portal_settings import portal_settings
from stages.supabase_project import Project, running_project


@dataclass(frozen=True)
class SafeApp:
    """The running application, a client for it that follows nothing and keeps no cookies, and what it has counted."""

    port: int
    client: httpx.AsyncClient
    registry: CollectorRegistry

    def counted(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


OpenSafeApp = Callable[..., AbstractAsyncContextManager[SafeApp]]
_ROUTES = web.RouteTableDef()


@_ROUTES.get("/token")
async def _token(request: web.Request) -> web.Response:
    return web.Response(text=csrf.token(request))


@_ROUTES.get("/who/{name}")
async def _who(request: web.Request) -> web.Response:
    return web.Response(text=str(client_of(request)))


@_ROUTES.post("/change")
@_ROUTES.post("/api/change")
async def _change(request: web.Request) -> web.Response:
    return web.json_response({"fields": dict(await request.post())})


@_ROUTES.post("/api/renew")
async def _renew(request: web.Request) -> web.Response:
    return web.Response(text=csrf.renew(request))


@_ROUTES.get("/away")
async def _elsewhere(_: web.Request) -> web.Response:
    raise web.HTTPSeeOther("/token")


@_ROUTES.get("/members")
@_ROUTES.post("/members")
@_ROUTES.get("/api/members")
async def _members(request: web.Request) -> web.Response:
    return web.Response(text=session.require(request).user_id)


@_ROUTES.get("/api/fault")
@_ROUTES.get("/fault")
async def _fault(request: web.Request) -> web.Response:
    raise RuntimeError(request.query_string)


@_ROUTES.get("/api/invalid")
async def _invalid(_: web.Request) -> web.Response:
    raise InvalidInput("hostname", "is no hostname; send one", "invalid_hostname")


@_ROUTES.get("/api/dependency")
async def _dependency(_: web.Request) -> web.Response:
    raise TryLater("supabase", "no answer", retry_after=7)


@_ROUTES.get("/api/limited")
async def _limited(request: web.Request) -> web.Response:
    await limits.check(request, Limit.REVEAL)
    return web.Response()


@_ROUTES.get("/api/limited/{limit}")
async def _limited_by(request: web.Request) -> web.Response:
    await limits.check(request, Limit(request.match_info["limit"]))
    return web.Response()


@pytest.fixture
def open_safe_app() -> OpenSafeApp:
    """Runs the application with other settings than usual."""

    @contextlib.asynccontextmanager
    async def run(bounds: Bounds | None = None, **settings: object) -> AsyncIterator[SafeApp]:
        registry, under_way = CollectorRegistry(), UnderWay()
        async with AsyncExitStack() as closing:
            portal = await connect(portal_settings(**settings), closing, registry)
            app = safe_application(portal, under_way)
            app.add_routes(_ROUTES)
            app.add_routes(ASSETS)
            runner = await listen(
                app, 0, portal.metrics, ConnectionAnswers(), host="127.0.0.1", bounds=bounds or Bounds()
            )
            closing.push_async_callback(under_way.drain, runner)
            port: int = runner.addresses[0][1]
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
                yield SafeApp(port, client, registry)

    return run


@pytest.fixture
async def safe_app(open_safe_app: OpenSafeApp, caplog: pytest.LogCaptureFixture) -> AsyncIterator[SafeApp]:
    caplog.set_level(logging.INFO)
    async with open_safe_app() as running:
        yield running


@pytest.fixture
async def project() -> AsyncIterator[Project]:
    """A Supabase project whose users may sign in."""
    async with running_project() as running:
        yield running


@pytest.fixture
async def client(project: Project, open_safe_app: OpenSafeApp) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the portal, whose project is the one of the test."""
    async with open_safe_app(SUPABASE_URL=project.url, SUPABASE_JWT_SECRET=project.keys.secret) as app:
        yield app.client
