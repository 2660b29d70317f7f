"""The part of Supabase Auth's admin API that reads users: one by id, or all, page by page.

Only `GET /auth/v1/admin/users` and `GET /auth/v1/admin/users/{id}`, in Supabase's shapes.
"""

import uuid

import jwt
from aiohttp import web
from yarl import URL

from pds_stack.supabase.auth.refusals import Refused, bearer, in_gotrues_words
from pds_stack.supabase.auth.users import AUDIENCE, Users, document
from pds_stack.supabase.keys import Keys

USERS = "/auth/v1/admin/users"
_ADMIN_ROLES = {"service_role", "supabase_admin"}
_PER_PAGE = 50


class Admin:
    """The handlers, over the project's users."""

    def __init__(self, users: Users, keys: Keys) -> None:
        self._users = users
        self._keys = keys

    def add_routes(self, app: web.Application) -> None:
        """Serve under Supabase's paths."""
        app.router.add_get(USERS, in_gotrues_words(self._list))
        app.router.add_get(f"{USERS}/{{user_id}}", in_gotrues_words(self._get))

    async def _get(self, request: web.Request) -> web.Response:
        self._check(request)
        try:
            user_id = uuid.UUID(request.match_info["user_id"])
        except ValueError as error:
            raise Refused(404, "validation_failed", "user_id must be an UUID") from error
        user = await self._users.by_id(user_id)
        if user is None:
            raise Refused(404, "user_not_found", "User not found")
        return web.json_response(document(user))

    async def _list(self, request: web.Request) -> web.Response:
        self._check(request)
        try:
            page = _whole_number(request.query.get("page") or "1")
            per_page = _whole_number(request.query.get("per_page") or str(_PER_PAGE))
        except ValueError as error:
            raise Refused(400, "validation_failed", f"Bad Pagination Parameters: {error}") from error
        if not per_page:
            raise Refused(400, "validation_failed", "Bad Pagination Parameters: per_page must be greater than 0")
        # Page 0 is the first one too.
        users, total = await self._users.page(per_page, (max(page, 1) - 1) * per_page)
        return web.json_response(
            {"users": [document(user) for user in users], "aud": AUDIENCE},
            headers={"X-Total-Count": str(total), "Link": _links(request.rel_url, page, -(-total // per_page))},
        )

    def _check(self, request: web.Request) -> None:
        """Refuse who shows no token of the service role."""
        try:
            claims = self._keys.verified(bearer(request))
        except jwt.InvalidTokenError as error:
            raise Refused(403, "bad_jwt", "invalid JWT: unable to parse or verify signature") from error
        if claims.get("role") not in _ADMIN_ROLES:
            raise Refused(403, "not_admin", "User not allowed")


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise ValueError(f'parsing "{text[:20]}": invalid syntax')
    return int(text)


def _links(url: URL, page: int, pages: int) -> str:
    last = f'<{url.update_query(page=pages)}>; rel="last"'
    return f'<{url.update_query(page=page + 1)}>; rel="next", {last}' if pages > page else last
