"""What the auth stand-in can be told and asked: paths under ``/_control``, which need no key.

================================  =====================================================================================
``GET, PATCH, DELETE …/auth``     show, change by fields, reset the settings (:class:`.settings.AuthSettings`)
``GET, DELETE …/mails?to=``       the mails that were "sent", the newest last; forget them
================================  =====================================================================================
"""

import json

from aiohttp import web

from pds_stack.supabase.auth.gotrue import GoTrue
from pds_stack.supabase.auth.settings import AuthSettings


class Control:
    """The handlers. The settings that it was started with are those that a reset goes back to."""

    def __init__(self, gotrue: GoTrue) -> None:
        self._gotrue = gotrue
        self._first = gotrue.settings

    def add_routes(self, app: web.Application) -> None:
        """Serve on the application to be mounted at ``/_control``."""
        app.router.add_get("/auth", self._show)
        app.router.add_patch("/auth", self._change)
        app.router.add_delete("/auth", self._reset)
        app.router.add_get("/mails", self._mails)
        app.router.add_delete("/mails", self._forget_mails)

    async def _show(self, _request: web.Request) -> web.Response:
        return web.json_response(self._gotrue.settings.model_dump(mode="json"))

    async def _change(self, request: web.Request) -> web.Response:
        changes = json.loads(await request.read())
        if not isinstance(changes, dict):
            raise ValueError("the body must be a JSON object")  # noqa: TRY004 - bad input of a request, no type of ours
        self._gotrue.settings = AuthSettings.model_validate({**self._gotrue.settings.model_dump(), **changes})
        return await self._show(request)

    async def _reset(self, request: web.Request) -> web.Response:
        self._gotrue.settings = self._first
        return await self._show(request)

    async def _mails(self, request: web.Request) -> web.Response:
        to = request.query.get("to")
        found = [mail.document() for mail in self._gotrue.mails if to is None or mail.to == to.strip().lower()]
        return web.json_response(found)

    async def _forget_mails(self, _request: web.Request) -> web.Response:
        self._gotrue.mails.clear()
        return web.Response(status=204)
