"""The two cookies of a signed-in browser, and when an answer sets or clears them.

``__Host-``: no other host of the domain can set them, and none but this one is sent them. No script can read them.
"""

import re
from dataclasses import dataclass, field

from aiohttp import web

from pds_clients.supabase_auth import AuthSession
from pds_portal.safety.sent_cookies import sent_cookie

ACCESS = "__Host-pds-access"
REFRESH = "__Host-pds-refresh"

KEPT_SECONDS = 30 * 24 * 3600
"""From the last refresh. The access token's cookie outlives its token, to say whose the refresh token has to be."""

LARGEST = 4000
"""Bytes of a cookie's name and value; with its attributes browsers keep 4096 (RFC 6265, 6.1)."""

_VALUE = re.compile(r"[A-Za-z0-9._~+/=-]+", re.ASCII)


@dataclass(frozen=True)
class Kept:
    """The tokens that a request's cookies hold; "" for one that is not there."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


_NONE = Kept("", "")
_TO_SET = web.RequestKey("session cookies to set", Kept)


def read(request: web.Request) -> Kept:
    """Read what a browser has kept."""
    return Kept(sent_cookie(request, ACCESS), sent_cookie(request, REFRESH))


def fit(session: AuthSession) -> bool:
    """Tell whether cookies can hold a session's tokens.

    An access token holds the user's ``app_metadata`` and ``user_metadata``. Spread over several cookies a larger one
    would soon meet the bound on the whole Cookie header, so it is refused.
    """
    pairs = ((ACCESS, session.access_token), (REFRESH, session.refresh_token))
    return all(_VALUE.fullmatch(value) and len(name) + len(value) <= LARGEST for name, value in pairs)


def keep(request: web.Request, session: AuthSession) -> None:
    """Let the answer to a request set the tokens of a session, whichever answer that will be."""
    request[_TO_SET] = Kept(session.access_token, session.refresh_token)


def forget(request: web.Request) -> None:
    """Let the answer to a request clear the cookies."""
    request[_TO_SET] = _NONE


def set_cookies(request: web.Request, response: web.StreamResponse) -> None:
    """Set or clear the cookies that are due with an answer: every answer, that of a failure too.

    A refresh token is spent when it is used: were the new one not handed on, the customer would be signed out.
    """
    kept = request.get(_TO_SET)
    if kept is None:
        return
    for name, value in ((ACCESS, kept.access_token), (REFRESH, kept.refresh_token)):
        age = KEPT_SECONDS if value else 0
        response.set_cookie(name, value, max_age=age, path="/", secure=True, httponly=True, samesite="Lax")
    response.headers["Cache-Control"] = "private, no-store"  # whatever else it says of itself
