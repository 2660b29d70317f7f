"""GoTrue's paths for an application: they translate between HTTP and its rules."""

import json
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from pds_stack.supabase.auth import users
from pds_stack.supabase.auth.gotrue import GoTrue
from pds_stack.supabase.auth.refusals import Refused, bearer, in_gotrues_words
from pds_stack.supabase.keys import Keys

PREFIX = "/auth/v1"
JWKS = f"{PREFIX}/.well-known/jwks.json"
VERIFY = f"{PREFIX}/verify"


class Api:
    """The handlers of ``/auth/v1`` over one project."""

    def __init__(self, gotrue: GoTrue, keys: Keys) -> None:
        self._gotrue = gotrue
        self._keys = keys

    def add_routes(self, app: web.Application) -> None:
        """Serve under Supabase's paths."""
        routes = (
            ("POST", f"{PREFIX}/signup", self._sign_up),
            ("POST", f"{PREFIX}/token", self._token),
            ("POST", f"{PREFIX}/logout", self._log_out),
            ("GET", VERIFY, self._follow_link),
            ("POST", VERIFY, self._verify),
            ("GET", f"{PREFIX}/user", self._user),
            ("GET", JWKS, self._jwks),
        )
        for method, path, handler in routes:
            app.router.add_route(method, path, in_gotrues_words(handler))

    async def _sign_up(self, request: web.Request) -> web.Response:
        body = await _object(request)
        data = body.get("data")
        answer = await self._gotrue.sign_up(
            _text(body, "email"),
            _text(body, "password"),
            data if isinstance(data, dict) else {},
            request.query.get("redirect_to"),
        )
        return web.json_response(answer)

    async def _token(self, request: web.Request) -> web.Response:
        match request.query.get("grant_type"):
            case "password":
                body = await _object(request)
                answer = await self._gotrue.sign_in(_text(body, "email"), _text(body, "password"))
            case "refresh_token":
                answer = await self._gotrue.refresh(_text(await _object(request), "refresh_token"))
            case _:
                raise Refused(400, "invalid_credentials", "unsupported_grant_type")
        return web.json_response(answer)

    async def _log_out(self, request: web.Request) -> web.Response:
        who = await self._gotrue.signed_in(bearer(request))
        self._gotrue.sign_out(who, request.query.get("scope") or "global")
        return web.Response(status=204)

    async def _verify(self, request: web.Request) -> web.Response:
        body = await _object(request)
        kind, token, token_hash = (_text(body, name) for name in ("type", "token", "token_hash"))
        if not kind:
            raise Refused(400, "validation_failed", "Verify requires a verification type")
        if bool(token) == bool(token_hash):
            raise Refused(400, "validation_failed", "Verify requires either a token or a token hash")
        if token:
            return web.json_response(await self._gotrue.verify_token(kind, _text(body, "email"), token))
        if any(_text(body, name) for name in ("email", "phone", "redirect_to")):
            raise Refused(400, "validation_failed", "Only the token_hash and type should be provided")
        return web.json_response(await self._gotrue.verify(kind, token_hash))

    async def _follow_link(self, request: web.Request) -> web.Response:
        """What a link of GoTrue's own mails leads to: a redirect, with the session or the error in its fragment."""
        kind, token_hash = request.query.get("type", ""), request.query.get("token", "")
        if not kind:
            raise Refused(400, "validation_failed", "Verify requires a verification type")
        if not token_hash:
            raise Refused(400, "validation_failed", "Verify requires a token or a token hash")
        asked = request.query.get("redirect_to", "")
        target = asked if self._gotrue.is_of_the_site(asked) else self._gotrue.settings.site_url
        try:
            session = await self._gotrue.verify(kind, token_hash)
        except Refused as refused:
            said = {"error": "access_denied", "error_code": refused.code, "error_description": str(refused), "sb": ""}
        else:
            names = ("access_token", "expires_at", "expires_in", "refresh_token", "token_type")
            said = {**{name: str(session[name]) for name in names}, "type": kind}
        return web.Response(status=303, headers={"Location": f"{target}#{urlencode(said)}"})

    async def _user(self, request: web.Request) -> web.Response:
        who = await self._gotrue.signed_in(bearer(request))
        return web.json_response(users.document(who.user))

    async def _jwks(self, _request: web.Request) -> web.Response:
        return web.json_response(self._keys.jwks(), headers={"Cache-Control": "public, max-age=600"})


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        parsed = json.loads(await request.read())
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise Refused(400, "bad_json", "Could not parse request body as JSON")
    return parsed


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(400, "bad_json", f"Could not parse request body as JSON: {name} must be a string")
    return value
