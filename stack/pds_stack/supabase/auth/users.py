"""The rows of `auth.users`, as GoTrue reads and writes them, and the document that it shows of one."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]

AUDIENCE = "authenticated"
_TIMES = (
    "email_confirmed_at",
    "confirmation_sent_at",
    "confirmed_at",
    "last_sign_in_at",
    "created_at",
    "updated_at",
    "deleted_at",
)
# The identities' ids are made of the users'.
_IDENTITIES = uuid.UUID("6a3f6c58-2f0e-4d2b-9d0b-6f6d1c1d3b07")

_BY_ID = "select * from auth.users where id = %s"
_BY_EMAIL = "select * from auth.users where email = %s and not is_sso_user"
_BY_TOKEN = "select * from auth.users where confirmation_token = %s and confirmation_token <> ''"  # noqa: S105 - SQL
_PAGE = "select *, count(*) over () as total from auth.users order by created_at desc nulls last, id limit %s offset %s"
_COUNT = "select count(*) as total from auth.users"
_INSERT = """
insert into auth.users
  (id, aud, role, email, encrypted_password, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
values
  (%(id)s, 'authenticated', 'authenticated', %(email)s, %(password)s,
   '{"provider": "email", "providers": ["email"]}', %(data)s, now(), now())
on conflict (email) where not is_sso_user do nothing
returning *
"""
_NOTE_MAIL = """
update auth.users set confirmation_token = %s, confirmation_sent_at = now(), updated_at = now() where id = %s
returning *
"""
_CONFIRM = """
update auth.users set
  email_confirmed_at = coalesce(email_confirmed_at, now()),
  confirmation_token = '',
  raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || '{"email_verified": true}',
  updated_at = now()
where id = %s
returning *
"""
_NOTE_SIGN_IN = "update auth.users set last_sign_in_at = now(), updated_at = now() where id = %s returning *"


class Users:
    """The table, through the superuser's address of its database."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    async def by_id(self, user_id: str | uuid.UUID) -> Row | None:
        """The user of an id."""
        return await self._one(_BY_ID, user_id)

    async def by_email(self, email: str) -> Row | None:
        """The user of an address, which is kept in lower case."""
        return await self._one(_BY_EMAIL, email)

    async def by_confirmation_token(self, token_hash: str) -> Row | None:
        """The user to whom the mail with this token was sent."""
        return await self._one(_BY_TOKEN, token_hash)

    async def page(self, limit: int, offset: int) -> tuple[list[Row], int]:
        """A part of all users, the newest first, and how many there are in all."""
        rows = await self._rows(_PAGE, (limit, offset))
        return rows, rows[0]["total"] if rows else (await self._rows(_COUNT, ()))[0]["total"]

    async def insert(self, email: str, password: str, data: dict[str, Any]) -> Row | None:
        """Make an unconfirmed user; None if there is one of that address. `password` is hashed already."""
        user_id = uuid.uuid4()
        own = {"sub": str(user_id), "email": email, "email_verified": False, "phone_verified": False}
        values = {"id": user_id, "email": email, "password": password, "data": json.dumps({**data, **own})}
        rows = await self._rows(_INSERT, values)
        return rows[0] if rows else None

    async def note_mail(self, user: Row, token_hash: str) -> Row:
        """Keep the token of the mail that was just sent."""
        return await self._changed(_NOTE_MAIL, token_hash, user["id"])

    async def confirm(self, user: Row) -> Row:
        """Confirm the address; its mail's token is spent."""
        return await self._changed(_CONFIRM, user["id"])

    async def note_sign_in(self, user: Row) -> Row:
        """Note that the user signed in now."""
        return await self._changed(_NOTE_SIGN_IN, user["id"])

    async def _one(self, query: str, value: object) -> Row | None:
        rows = await self._rows(query, (value,))
        return rows[0] if rows else None

    async def _changed(self, query: str, *values: object) -> Row:
        rows = await self._rows(query, values)
        if not rows:
            raise LookupError("the user was removed at this moment")
        return rows[0]

    async def _rows(self, query: str, values: tuple[object, ...] | dict[str, Any]) -> list[Row]:
        async with await psycopg.AsyncConnection.connect(self._database_url, row_factory=dict_row) as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()


def document(user: Row) -> dict[str, Any]:
    """Show a user as GoTrue does: times that are not there are left out, as is what is secret."""
    shown = {
        "id": str(user["id"]),
        "aud": user["aud"] or AUDIENCE,
        "role": user["role"] or AUDIENCE,
        "email": user["email"] or "",
        "phone": "",
        "app_metadata": user["raw_app_meta_data"] or {},
        "user_metadata": user["raw_user_meta_data"] or {},
        "identities": [_identity(user)] if user["email"] else [],
        "is_anonymous": user["is_anonymous"],
    }
    return shown | {name: _text(user[name]) for name in _TIMES if user[name] is not None}


def obfuscated(email: str, data: dict[str, Any]) -> dict[str, Any]:
    """Show what a new user of this address would look like, where there is a confirmed one already.

    An id that is nobody's and no identities: whoever signs up does not learn that the address is known.
    """
    now = _text(datetime.now(UTC))
    return {
        "id": str(uuid.uuid4()),
        "aud": AUDIENCE,
        "role": "",
        "email": email,
        "phone": "",
        "confirmation_sent_at": now,
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": data,
        "identities": [],
        "created_at": now,
        "updated_at": now,
        "is_anonymous": False,
    }


def _identity(user: Row) -> dict[str, Any]:
    """The one identity of a user who signs in by e-mail: every user here does."""
    user_id = str(user["id"])
    data = {
        "email": user["email"],
        "email_verified": user["email_confirmed_at"] is not None,
        "phone_verified": False,
        "sub": user_id,
    }
    times = {name: _text(user[name]) for name in ("created_at", "updated_at", "last_sign_in_at") if user[name]}
    return {
        "identity_id": str(uuid.uuid5(_IDENTITIES, user_id)),
        "id": user_id,
        "user_id": user_id,
        "identity_data": data,
        "provider": "email",
        "email": user["email"],
        **times,
    }


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
