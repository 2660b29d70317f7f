"""The part of Supabase Auth's admin API that reads users: one by id, or all, page by page.

Only `GET /auth/v1/admin/users` and `GET /auth/v1/admin/users/{id}`, in Supabase's shapes. The rest of the auth server
is not here: `pds-stack user` makes users.
"""

import uuid
from datetime import datetime
from typing import Any

import jwt
import psycopg
from aiohttp import web
from psycopg.rows import dict_row
from yarl import URL

USERS = "/auth/v1/admin/users"
_ADMIN_ROLES = {"service_role", "supabase_admin"}
_PER_PAGE = 50
_AUDIENCE = "authenticated"
_TIMES = ("email_confirmed_at", "last_sign_in_at", "created_at", "updated_at", "deleted_at")
_COLUMNS = ", ".join(("id", "aud", "role", "email", "raw_app_meta_data", "raw_user_meta_data", "is_anonymous", *_TIMES))
_ONE = f"select {_COLUMNS} from auth.users where id = %s"  # noqa: S608 - names of ours
_PAGE = (
    f"select {_COLUMNS}, count(*) over () as total from auth.users "  # noqa: S608 - names of ours
    "order by created_at desc nulls last, id limit %s offset %s"
)
_COUNT = "select count(*) as total from auth.users"


class AuthAdmin:
    """The handlers, over the project's database."""

    def __init__(self, database_url: str, jwt_secret: str) -> None:
        self._database_url = database_url
        self._jwt_secret = jwt_secret

    def add_routes(self, app: web.Application) -> None:
        """Serve under Supabase's paths."""
        app.router.add_get(USERS, self._list)
        app.router.add_get(f"{USERS}/{{user_id}}", self._get)

    async def _get(self, request: web.Request) -> web.Response:
        refused = self._refused(request)
        if refused:
            return refused
        try:
            user_id = uuid.UUID(request.match_info["user_id"])
        except ValueError:
            return _error(404, "validation_failed", "user_id must be an UUID")
        rows = await self._rows(_ONE, user_id)
        if not rows:
            return _error(404, "user_not_found", "User not found")
        return web.json_response(_user(rows[0]))

    async def _list(self, request: web.Request) -> web.Response:
        refused = self._refused(request)
        if refused:
            return refused
        try:
            page = _whole_number(request.query.get("page") or "1")
            per_page = _whole_number(request.query.get("per_page") or str(_PER_PAGE))
        except ValueError as error:
            return _error(400, "validation_failed", f"Bad Pagination Parameters: {error}")
        if not per_page:
            return _error(400, "validation_failed", "Bad Pagination Parameters: per_page must be greater than 0")
        # Page 0 is the first one too.
        users = await self._rows(_PAGE, per_page, (max(page, 1) - 1) * per_page)
        total = users[0]["total"] if users else (await self._rows(_COUNT))[0]["total"]
        return web.json_response(
            {"users": [_user(user) for user in users], "aud": _AUDIENCE},
            headers={"X-Total-Count": str(total), "Link": _links(request.rel_url, page, -(-total // per_page))},
        )

    def _refused(self, request: web.Request) -> web.Response | None:
        """Refuse who shows no token of the service role."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return _error(401, "no_authorization", "This endpoint requires a Bearer token")
        try:
            claims = jwt.decode(
                token, self._jwt_secret, algorithms=["HS256"], options={"verify_aud": False, "verify_iss": False}
            )
        except jwt.InvalidTokenError:
            return _error(403, "bad_jwt", "invalid JWT: unable to parse or verify signature")
        if claims.get("role") not in _ADMIN_ROLES:
            return _error(403, "not_admin", "User not allowed")
        return None

    async def _rows(self, query: str, *arguments: object) -> list[dict[str, Any]]:
        async with await psycopg.AsyncConnection.connect(self._database_url, row_factory=dict_row) as connection:
            return await (await connection.execute(query.encode(), arguments)).fetchall()


def _user(row: dict[str, Any]) -> dict[str, Any]:
    """Show a user as the auth server does: times that are not there are left out, as is what is secret."""
    shown = {
        "id": str(row["id"]),
        "aud": row["aud"] or _AUDIENCE,
        "role": row["role"] or _AUDIENCE,
        "email": row["email"] or "",
        "phone": "",
        "app_metadata": row["raw_app_meta_data"] or {},
        "user_metadata": row["raw_user_meta_data"] or {},
        "identities": [],
        "is_anonymous": row["is_anonymous"],
    }
    return shown | {name: _time(row[name]) for name in _TIMES if row[name] is not None}


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise ValueError(f'parsing "{text[:20]}": invalid syntax')
    return int(text)


def _links(url: URL, page: int, pages: int) -> str:
    last = f'<{url.update_query(page=pages)}>; rel="last"'
    return f'<{url.update_query(page=page + 1)}>; rel="next", {last}' if pages > page else last


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"code": status, "error_code": code, "msg": message}, status=status)
