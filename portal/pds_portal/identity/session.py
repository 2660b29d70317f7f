"""Who is signed in: found once for each request, from a Bearer token or from the cookies, which are renewed here.

An access token is verified here and lasts about an hour; then its refresh token is exchanged for new ones at Supabase
Auth. As long as that is away, a token that is still valid serves, and nobody is signed out.
"""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from pds_clients.auth_refusals import AuthRefused
from pds_clients.supabase_auth import AuthSession
from pds_contract.errors import TryLater
from pds_portal.identity import cookies
from pds_portal.identity.keys import verified
from pds_portal.identity.tokens import Claims, InvalidToken, Reason
from pds_portal.portal import PORTAL
from pds_portal.safety import csrf, limits
from pds_portal.safety.refusals import NotSignedIn, Refusal

EARLY_SECONDS = 30
"""How long before its end a token is exchanged: as long as a request may take under way with it."""
RETRY_AFTER_SECONDS = 10

_API = "/api/"
_WITHOUT_USER = "/static/"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SignedIn:
    """Whoever is signed in, as their verified access token says."""

    user_id: str
    email: str = field(repr=False)
    access_token: str = field(repr=False)


class Unsettled(Refusal):
    """Whether somebody is signed in cannot be told now: 503. The cookies stay."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "Your sign-in cannot be checked just now. Nothing is lost: try again in a minute.",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )


class TooLarge(Refusal):
    """A session whose tokens no cookie can hold."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "Your account holds more data than this site can sign in with. Ask us to tidy it up.",
        )


SIGNED_IN = web.RequestKey("signed in", SignedIn)
_UNSETTLED = web.RequestKey("unsettled", Refusal)


def current(request: web.Request) -> SignedIn | None:
    """Return who is signed in, or None; also where that cannot be told now."""
    return request.get(SIGNED_IN)


def require(request: web.Request) -> SignedIn:
    """Return who is signed in.

    Raises:
        NotSignedIn: Nobody is.
        Unsettled: That cannot be told now.
    """
    signed_in = current(request)
    if signed_in is not None:
        return signed_in
    raise request.get(_UNSETTLED) or NotSignedIn()


def by_bearer(request: web.Request) -> bool:
    """Tell whether a request names its user by an Authorization header; its cookies then say nothing."""
    return request.path.startswith(_API) and "Authorization" in request.headers


async def begin(request: web.Request, session: AuthSession) -> SignedIn:
    """Sign the browser of a request in with new tokens, and with a new CSRF token.

    Raises:
        Unsettled: The tokens cannot be verified; nothing is set.
        TooLarge: No cookie can hold them.
    """
    try:
        signed_in = _signed_in(await _claims(request, session.access_token), session.access_token)
    except InvalidToken as error:
        _log.error("a new access token of Supabase Auth is refused: %s", error, extra={"reason": error.reason.value})
        raise Unsettled from None
    except TryLater:
        raise Unsettled from None
    if not cookies.fit(session):
        raise _too_large(signed_in.user_id)
    request[SIGNED_IN] = signed_in
    cookies.keep(request, session)
    csrf.renew(request)
    return signed_in


def end(request: web.Request) -> None:
    """Sign the browser of a request out: its cookies are cleared, and its CSRF token is another one."""
    request.pop(SIGNED_IN, None)
    cookies.forget(request)
    csrf.renew(request)


class Sessions:
    """Finds who is signed in. Its middleware and its clean-up belong to one application."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Task[AuthSession]] = {}

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Find out who is signed in, before the handler asks."""
        if not request.path.startswith(_WITHOUT_USER):
            try:
                await self._settle(request)
            except Refusal as refusal:
                request[_UNSETTLED] = refusal
        return await handler(request)

    async def close(self, _: web.Application) -> None:
        """Let the exchanges that are under way end: a handler of the signal ``on_cleanup``."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _settle(self, request: web.Request) -> None:
        if by_bearer(request):
            access_token, refresh_token = _bearer(request), ""
        else:
            kept = cookies.read(request)
            access_token, refresh_token = kept.access_token, kept.refresh_token
        claims, owner = None, None
        try:
            claims = await _claims(request, access_token) if access_token else None
        except InvalidToken as error:
            owner = error.user_id
        except TryLater:
            raise Unsettled from None
        if claims is not None:
            owner = claims.user_id
            request[SIGNED_IN] = _signed_in(claims, access_token)
            if not refresh_token or claims.expires_at - time.time() > EARLY_SECONDS:
                return
        if refresh_token:
            await self._refresh(request, refresh_token, owner)
        elif access_token and not by_bearer(request):
            cookies.forget(request)

    async def _refresh(self, request: web.Request, refresh_token: str, owner: str | None) -> None:
        """Exchange the refresh token. Who is signed in still, stays so where there is no answer.

        Args:
            request: The request.
            refresh_token: Its refresh token.
            owner: Whose access token it came with, as far as is known.
        """
        try:
            session = await self._exchanged(request, refresh_token, owner)
        except AuthRefused:
            _forget(request)
            return
        except TryLater as error:
            _log.warning("a sign-in could not be renewed: %s", error)
            if current(request) is None:
                raise Unsettled from None
            return
        if not cookies.fit(session):
            _forget(request)
            raise _too_large(owner)
        try:
            claims = await _claims(request, session.access_token)
        except InvalidToken as error:
            _log.error("a refreshed access token is refused: %s", error, extra={"reason": error.reason.value})
            if error.reason is Reason.ANONYMOUS:
                _forget(request)
                return
            cookies.keep(request, session)  # the refresh token before it is spent
            raise Unsettled from None
        except TryLater:
            cookies.keep(request, session)
            raise Unsettled from None
        if owner is not None and owner != claims.user_id:
            _log.warning("the cookies held tokens of two users: signed out", extra={"user_id": owner})
            _forget(request)
            return
        request[SIGNED_IN] = _signed_in(claims, session.access_token)
        cookies.keep(request, session)

    async def _exchanged(self, request: web.Request, refresh_token: str, owner: str | None) -> AuthSession:
        """Exchange a refresh token once for all requests that come with it; it is spent even if none of them waits.

        Supabase Auth bounds how many exchanges come from one address, here the portal's: who makes up tokens is not to
        use up everybody's.

        Raises:
            TooMany: Of this user, or of this address.
        """
        if refresh_token not in self._under_way:
            await limits.check(request, limits.Limit.REFRESH, account=owner)
        task = self._under_way.get(refresh_token)
        if task is None:
            task = asyncio.create_task(request.app[PORTAL].auth.refresh(refresh_token))
            self._under_way[refresh_token] = task
            task.add_done_callback(lambda done: self._done(refresh_token, done))
        return await asyncio.shield(task)

    def _done(self, refresh_token: str, task: asyncio.Task[AuthSession]) -> None:
        del self._under_way[refresh_token]
        if not task.cancelled():
            task.exception()  # seen, even if nobody waits for it any more


async def _claims(request: web.Request, access_token: str) -> Claims:
    portal = request.app[PORTAL]
    return await verified(access_token, portal.keys, portal.settings.issuer)


def _signed_in(claims: Claims, access_token: str) -> SignedIn:
    return SignedIn(claims.user_id, claims.email, access_token)


def _bearer(request: web.Request) -> str:
    """Return the Bearer token, or what is no token: one header, and no other scheme."""
    headers = request.headers.getall("Authorization")
    scheme, _, token = headers[0].partition(" ")
    return token.strip() if len(headers) == 1 and scheme.lower() == "bearer" else ""


def _forget(request: web.Request) -> None:
    request.pop(SIGNED_IN, None)
    cookies.forget(request)


def _too_large(user_id: str | None) -> TooLarge:
    _log.error("a user's tokens are larger than a cookie: shorten their metadata", extra={"user_id": user_id})
    return TooLarge()
