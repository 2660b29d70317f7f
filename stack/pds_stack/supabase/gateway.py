"""Supabase's paths for who shows one of the project's keys: `/rest/v1/…` before PostgREST, and those of its users."""

import contextlib
import hmac
from collections.abc import AsyncIterator, Iterable

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from pds_stack.supabase.auth_admin import AuthAdmin
from pds_stack.supabase.keys import Keys

_PREFIX = "/rest/v1"
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
async def gateway(postgrest: str, auth: AuthAdmin, keys: Keys, host: str) -> AsyncIterator[str]:
    """Serve PostgREST at `postgrest` and `auth` under Supabase's paths on a free port of `host`, until the block ends.

    Yields:
        The address that clients know as SUPABASE_URL.
    """
    # The answer is passed on as it came: neither unpacked nor redirected.
    async with aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as session:
        app = web.Application(client_max_size=0, middlewares=[_who_shows_a_key_of(keys)])
        app.router.add_route("*", f"{_PREFIX}/{{path:.*}}", _Proxy(postgrest, session).handle)
        auth.add_routes(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_SECONDS)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, 0)
            await site.start()
            port = runner.addresses[0][1]
            yield str(URL.build(scheme="http", host=host, port=port))
        finally:
            await runner.cleanup()


def _who_shows_a_key_of(keys: Keys) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        key = request.headers.get("apikey") or request.query.get("apikey")
        if not key:
            return _refused("No API key found in request", "No `apikey` request header or url param was found.")
        if not any(hmac.compare_digest(key.encode(), known.encode()) for known in (keys.anon, keys.service_role)):
            return _refused("Invalid API key", "Double check your Supabase `anon` or `service_role` API key.")
        return await handler(request)

    return check


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
