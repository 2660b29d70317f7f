"""The bodies of requests: how large, how slow, of which kind.

All of them together are bounded as well, by the bound on connections times the size of one.
"""

import asyncio
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from pds_portal.safety.refusals import Refusal
from pds_runtime.public.connections import headers_complete, request_complete

BODY_LIMIT = 64 * 1024
"""The most bytes of one body; aiohttp holds each to it (``client_max_size``). Our forms have some hundred."""
BODY_SECONDS = 10.0
_KINDS = frozenset({"application/json", "application/x-www-form-urlencoded"})
# aiohttp would decode by whichever of Python's codecs is named; some fail in their own ways, or take their time.
_CHARSETS = frozenset({"utf-8", "utf8"})


@web.middleware
async def take_body(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Read the whole body, which the routes then find in the request, and tell the connection that it is our turn.

    Raises:
        Refusal: 408, 413, 415, or 400 for a body that is cut off.
    """
    headers_complete(request)
    if request.can_read_body:
        if not _is_readable(request):
            message = "Send JSON, or a form in the usual encoding, in UTF-8 and unpacked."
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
        if (request.content_length or 0) > BODY_LIMIT:
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Send no more than {BODY_LIMIT} bytes.")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                await request.read()
        except TimeoutError:
            raise Refusal(HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive. Send it again.") from None
        except web.HTTPRequestEntityTooLarge:
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Send no more than {BODY_LIMIT} bytes.") from None
        except (web.RequestPayloadError, ConnectionError):
            raise Refusal(HTTPStatus.BAD_REQUEST, "The request did not arrive whole. Send it again.") from None
    request_complete(request)
    return await handler(request)


def _is_readable(request: web.Request) -> bool:
    return (
        request.content_type in _KINDS
        and (request.charset or "utf-8").lower() in _CHARSETS
        and request.headers.get("Content-Encoding", "identity") == "identity"
    )
