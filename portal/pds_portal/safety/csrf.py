"""Forged requests: what changes something under a cookie has to come from one of our own pages.

The double-submit cookie: a random token stands in a cookie that no script and no other host can set (``__Host-``,
``HttpOnly``) and in the page; the request carries both. Where the browser says which site sent it (``Origin``,
``Sec-Fetch-Site``), that counts as well. A request to an API with a Bearer token and without cookies cannot be forged:
no browser adds that by itself, as it does with a password for HTTP's Basic scheme.
"""

import hmac
import re
import secrets

from aiohttp import web
from aiohttp.typedefs import Handler

from pds_portal.portal import PORTAL
from pds_portal.safety.refusals import Forged
from pds_portal.safety.sent_cookies import sent_cookie

COOKIE = "__Host-pds-csrf"
HEADER = "X-CSRF-Token"
FIELD = "csrf_token"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({"same-origin", "none"})  # none: the customer, by the address bar or a reload
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_TO_SET = web.RequestKey("csrf token to set", str)


def token(request: web.Request) -> str:
    """Return the token for this request's page; a new one is set as a cookie with the answer."""
    if _TO_SET not in request:
        kept = _kept(request)
        if kept is not None:
            return kept
        return renew(request)
    return request[_TO_SET]


def renew(request: web.Request) -> str:
    """Make a new token, as for each sign in, and return it: what was known before it is worth nothing after it."""
    request[_TO_SET] = secrets.token_urlsafe(32)
    return request[_TO_SET]


@web.middleware
async def refuse_forged(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let pass what cannot be forged or is not.

    Raises:
        Forged: It may be.
    """
    if request.method not in _SAFE and not _by_bearer(request):
        own = request.app[PORTAL].settings.origin
        sent = request.headers.get(HEADER) or (await request.post()).get(FIELD)
        kept = _kept(request)
        if (
            request.headers.get("Origin", own) != own
            or request.headers.get("Sec-Fetch-Site", "same-origin") not in _OWN_SITE
            or kept is None
            or not isinstance(sent, str)
            or not hmac.compare_digest(sent.encode(), kept.encode())
        ):
            raise Forged
    return await handler(request)


def set_cookie(request: web.Request, response: web.StreamResponse) -> None:
    """Set a new token's cookie."""
    if _TO_SET in request:
        response.set_cookie(COOKIE, request[_TO_SET], path="/", secure=True, httponly=True, samesite="Lax")


def _by_bearer(request: web.Request) -> bool:
    scheme, _, _ = request.headers.get("Authorization", "").partition(" ")
    return request.path.startswith("/api/") and scheme.lower() == "bearer" and "Cookie" not in request.headers


def _kept(request: web.Request) -> str | None:
    kept = sent_cookie(request, COOKIE)
    return kept if _TOKEN.fullmatch(kept) else None
