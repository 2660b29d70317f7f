"""Supabase's paths for who shows one of the project's keys: `/rest/v1/…` before PostgREST, `/auth/v1/…` of its users.

================================  =====================================================================================
``GET /_control/health``          200 once it serves
``POST, DELETE …/faults``         switch a fault on (:class:`pds_stack.faults.Fault`), of whichever path; all off
``…/auth``, ``…/mails``           see :mod:`pds_stack.supabase.auth.control`
================================  =====================================================================================
"""

import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Iterable

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from pds_stack.control import add_fault_routes, health, say_mistakes
from pds_stack.faults import Faults
from pds_stack.supabase.auth import AuthServer
from pds_stack.supabase.auth.api import JWKS, VERIFY
from pds_stack.supabase.auth.refusals import VERSION_HEADER
from pds_stack.supabase.auth.refusals import fault as gotrue_error
from pds_stack.supabase.keys import Keys

_PREFIX = "/rest/v1"
_CONTROL = "/_control"
# What a browser or a mail's reader opens, as at Supabase's own gateway.
_OPEN = {("GET", JWKS), ("GET", VERIFY)}
_STOP_SECONDS = 2.0
# Headers that belong to one connection, and those that aiohttp sets itself.
_OF_THE_CONNECTION = {
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


@contextlib.asynccontextmanager
async def gateway(postgrest: str, auth: AuthServer, keys: Keys, url: str) -> AsyncIterator[None]:
    """Serve PostgREST at `postgrest` and `auth` under Supabase's paths at `url`, which clients know as SUPABASE_URL."""
    address = URL(url)
    faults = Faults()
    # The answer is passed on as it came: neither unpacked nor redirected.
    async with aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as session:
        app = web.Application(client_max_size=0, middlewares=[_hit_by(faults), _who_shows_a_key_of(keys)])
        app.router.add_route("*", f"{_PREFIX}/{{path:.*}}", _Proxy(postgrest, session).handle)
        auth.add_routes(app)
        app.add_subapp(_CONTROL, _control(auth, faults))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, address.host, address.port).start()
            yield
        finally:
            faults.interrupt()
            await runner.cleanup()


def _control(auth: AuthServer, faults: Faults) -> web.Application:
    control = web.Application(middlewares=[say_mistakes])
    control.router.add_get("/health", health)
    add_fault_routes(control, faults)
    auth.add_control(control)
    return control


def _hit_by(faults: Faults) -> Middleware:
    @web.middleware
    async def hit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _is_control(request):
            return await handler(request)
        return await faults.hit(request, handler, _error)

    return hit


def _error(request: web.Request, status: int) -> str:
    if request.path.startswith(_PREFIX):
        return json.dumps({"code": "PGRST000", "details": None, "hint": None, "message": "a fault that was asked for"})
    return json.dumps(gotrue_error(status).document(request.headers.get(VERSION_HEADER, "")))


def _who_shows_a_key_of(keys: Keys) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _is_control(request) or (request.method, request.path) in _OPEN:
            return await handler(request)
        key = request.headers.get("apikey") or request.query.get("apikey")
        if not key:
            return _refused("No API key found in request", "No `apikey` request header or url param was found.")
        if not any(hmac.compare_digest(key.encode(), known.encode()) for known in (keys.anon, keys.service_role)):
            return _refused("Invalid API key", "Double check your Supabase `anon` or `service_role` API key.")
        return await handler(request)

    return check


def _is_control(request: web.Request) -> bool:
    return request.path.startswith(f"{_CONTROL}/")


class _Proxy:
    def __init__(self, postgrest: str, session: aiohttp.ClientSession) -> None:
        self._postgrest = postgrest
        self._session = session

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on, and its answer back."""
        # As it was sent: percent-encoding tells PostgREST a value's comma from a list's.
        path = request.raw_path.removeprefix(_PREFIX)
        try:
            answer = await self._session.request(
                request.method,
                URL(self._postgrest + path, encoded=True),
                headers=_passed_on(request.headers.items()),
                data=request.content if request.body_exists else None,
                allow_redirects=False,
            )
            async with answer:
                body = await answer.read()
        except aiohttp.ClientError:
            return web.json_response({"message": "The upstream server is not to be reached"}, status=502)
        return web.Response(status=answer.status, headers=_passed_on(answer.headers.items()), body=body)


def _passed_on(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in _OF_THE_CONNECTION]


def _refused(message: str, hint: str) -> web.Response:
    return web.json_response({"message": message, "hint": hint}, status=401)
