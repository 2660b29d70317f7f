"""What customers and programs read where a request is not met: JSON under /api, a page elsewhere; never a trace."""

import logging
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from pds_contract.errors import DependencyError, InvalidInput, TryLater
from pds_portal.pages.rendering import render
from pds_portal.safety import redirects
from pds_portal.safety.faults import fault
from pds_portal.safety.observing import request_id
from pds_portal.safety.refusals import NotSignedIn, Refusal

_AWAY_SECONDS = 30
_SENTENCES = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address. Check it, or begin at the start page.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address cannot be used in this way. Begin at the start page.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "What was sent is too large. Send less.",
}

_TITLES = {
    HTTPStatus.FORBIDDEN: "Not accepted",
    HTTPStatus.NOT_FOUND: "Page not found",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available right now",
}
_OTHER_TITLE = "This did not work"

_log = logging.getLogger(__name__)


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a route raises into an answer."""
    try:
        return await handler(request)
    except NotSignedIn as refusal:
        if is_api(request):
            return as_response(request, refusal)
        back = request.path_qs if request.method in {"GET", "HEAD"} else redirects.HOME
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": redirects.to_login(back)})
    except Refusal as refusal:
        return as_response(request, refusal)
    except InvalidInput as error:
        said = f"The field {error.field} {error.message}."
        return as_response(request, Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, said, field=error.field))
    except web.HTTPException as refusal:
        if refusal.status < HTTPStatus.BAD_REQUEST:  # one that sends on; whatever passes it on from here has cookies
            return web.Response(status=refusal.status, headers=refusal.headers)
        return as_response(request, _own_words(refusal))
    except DependencyError as error:
        _log.warning("%s", error, extra={"dependency": error.dependency})
        return as_response(request, _away(error))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, the customer gets a whole answer
        return as_response(request, fault(error, request_id(request)))


def is_api(request: web.BaseRequest) -> bool:
    """Tell whether a program asks."""
    return request.path == "/api" or request.path.startswith("/api/")


def is_form(request: web.BaseRequest) -> bool:
    """Tell whether a browser has sent a form, and shows its customer whatever is answered."""
    return request.content_type == "application/x-www-form-urlencoded" and "text/html" in request.headers.get(
        "Accept", ""
    )


def as_response(request: web.Request, refusal: Refusal) -> web.Response:
    """Make the answer of a refusal, in the form that fits who asks; a form sent by a browser is answered by a page."""
    if is_api(request) and not is_form(request):
        response = web.json_response(refusal.document(), status=refusal.status)
    else:
        title = _TITLES.get(refusal.status, _OTHER_TITLE)
        response = render(request, "error.html", status=refusal.status, title=title, message=refusal.message)
    response.headers.update(refusal.headers)
    if not request.content.is_eof():  # what follows on the connection cannot be told from the rest of this body
        response.force_close()
    return response


def _own_words(refusal: web.HTTPException) -> Refusal:
    status = HTTPStatus(refusal.status)
    headers = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else None
    return Refusal(status, _SENTENCES.get(status, "This request cannot be met as it is."), headers=headers)


def _away(error: DependencyError) -> Refusal:
    wait = _AWAY_SECONDS
    if isinstance(error, TryLater) and error.retry_after is not None:
        wait = max(1, round(error.retry_after))
    return Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "A service that we need does not answer right now. Try again in a minute.",
        headers={"Retry-After": str(wait)},
    )
