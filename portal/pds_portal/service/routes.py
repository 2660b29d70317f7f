"""The routes of the customer's own PDS. No cache keeps an answer, since each is one customer's."""

from aiohttp import web

from pds_portal.identity.session import require
from pds_portal.portal import PORTAL
from pds_portal.safety import limits
from pds_portal.service import fetching
from pds_portal.service.answering import RouteAnswer
from pds_portal.service.reveal import reveal

_HEADERS = {"Cache-Control": "private, no-store", "Vary": "Cookie, Authorization"}


async def _service(request: web.Request) -> web.Response:
    customer = require(request)
    await limits.check(request, limits.Limit.SERVICE)
    return _response(await fetching.service_answer(request.app[PORTAL], customer))


async def _progress(request: web.Request) -> web.Response:
    customer = require(request)
    await limits.check(request, limits.Limit.PROGRESS)
    progress = await fetching.progress(request.app[PORTAL], customer)
    return _response(RouteAnswer(200, progress.document()))


async def _reveal(request: web.Request) -> web.Response:
    return _response(await reveal(request))


def _response(answer: RouteAnswer) -> web.Response:
    return web.json_response(answer.body, status=answer.status, headers=_HEADERS)


ROUTES = (
    web.get("/api/pds/service", _service),
    web.post("/api/pds/service/reveal", _reveal),
    web.get("/api/pds/progress", _progress),
)
