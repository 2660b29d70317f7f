"""Each request's id, its one log line and its counters. No address, query, e-mail or token is in any of them."""

import logging
import secrets
import time

from aiohttp import web
from aiohttp.typedefs import Handler

from pds_portal.portal import PORTAL
from pds_runtime.logs import about

HEADER = "X-Request-Id"
_ID = web.RequestKey("request id", str)
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"})

_log = logging.getLogger(__name__)


def request_id(request: web.Request) -> str:
    """Return the request's id, which stands in every log line of it and in its answer."""
    return request[_ID]


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give a request its id, and tell and count how it was answered."""
    request[_ID] = secrets.token_hex(8)
    started = time.perf_counter()
    with about(request_id=request[_ID]):
        response = await handler(request)
        _tell(request, response.status, time.perf_counter() - started)
    return response


async def set_header(request: web.Request, response: web.StreamResponse) -> None:
    """Show the id in the answer: a handler of the signal ``on_response_prepare``."""
    if _ID in request:  # not so where aiohttp itself refused before any middleware ran
        response.headers[HEADER] = request[_ID]


def _tell(request: web.Request, status: int, seconds: float) -> None:
    # The route's pattern, never the path, which the sender chooses.
    resource = request.match_info.route.resource
    route = "none" if resource is None else resource.canonical
    method = request.method if request.method in _METHODS else "other"
    request.app[PORTAL].metrics.answered(route, method, status, seconds)
    level = logging.WARNING if status >= 500 else logging.INFO
    told = {"route": route, "method": method, "status": status, "seconds": round(seconds, 4)}
    _log.log(level, "answered", extra=told)
