"""The application that routes are added to: whatever they do, each request and each answer passes what is here."""

from aiohttp import web
from aiohttp.typedefs import Handler

from pds_portal.identity import cookies
from pds_portal.identity.session import Sessions
from pds_portal.portal import PORTAL, Portal
from pds_portal.safety import csrf, headers, observing
from pds_portal.safety.bodies import BODY_LIMIT, take_body
from pds_portal.safety.errors import answer_errors
from pds_runtime.public.drain import UnderWay


def safe_application(portal: Portal, under_way: UnderWay) -> web.Application:
    """Make an application without routes.

    Args:
        portal: What the routes will reach.
        under_way: What a stop waits for.
    """
    sessions = Sessions()
    app = web.Application(
        middlewares=[  # from the outermost to the innermost
            under_way.middleware,
            observing.observe,
            _set_cookies,
            answer_errors,
            take_body,
            csrf.refuse_forged,
            sessions.middleware,
        ],
        client_max_size=BODY_LIMIT,
    )
    app[PORTAL] = portal
    app.on_response_prepare.append(observing.set_header)
    app.on_response_prepare.append(headers.set_headers)
    app.on_cleanup.append(sessions.close)
    return app


@web.middleware
async def _set_cookies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every answer, that of a failure too, the cookies that are due.

    aiohttp writes cookies down before it sends the signal ``on_response_prepare``: by then it is too late.
    """
    response = await handler(request)
    csrf.set_cookie(request, response)
    cookies.set_cookies(request, response)
    return response
