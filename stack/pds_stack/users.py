"""Users of `auth.users`, made as Supabase's auth server would leave them."""

import uuid

import psycopg

from pds_stack.errors import StackError, UsageError

_FIND = "select id from auth.users where email = %s and not is_sso_user"
_MAKE = """
insert into auth.users
  (id, aud, role, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
values
  (%s, 'authenticated', 'authenticated', %s, now(),
   '{"provider": "email", "providers": ["email"]}', '{}', now(), now())
on conflict (email) where not is_sso_user do nothing
"""


async def find_or_make(database_url: str, email: str) -> str:
    """The id of the user with this e-mail address, which is kept in lower case; the user is made when missing.

    Raises:
        UsageError: that is no e-mail address.
        StackError: the database is not to be reached.
    """
    address = email.strip().lower()
    name, at, domain = address.rpartition("@")
    if not (name and at and domain) or any(character.isspace() for character in address):
        raise UsageError("give an e-mail address, as in: pds-stack user alice@example.com")
    try:
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            await connection.execute(_MAKE, (uuid.uuid4(), address))
            row = await (await connection.execute(_FIND, (address,))).fetchone()
    except psycopg.OperationalError as error:
        raise StackError(f"the stack's database is not to be reached: does it run? {error}") from error
    if row is None:
        raise StackError("the user was removed at this moment: try again")
    return str(row[0])
