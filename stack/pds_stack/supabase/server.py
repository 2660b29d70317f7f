"""Puts Supabase together: the server, the shape, the product's migrations, PostgREST, the gateway."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from yarl import URL

from pds_stack import paths
from pds_stack.ports import free_ports
from pds_stack.processes import Program
from pds_stack.supabase.auth import AuthServer, AuthSettings
from pds_stack.supabase.database import apply_migrations, make_roles, shape
from pds_stack.supabase.gateway import gateway
from pds_stack.supabase.keys import Keys
from pds_stack.supabase.postgres import postgres
from pds_stack.supabase.postgrest import postgrest


@dataclass(frozen=True)
class Supabase:
    """A running project.

    Attributes:
        url: what clients know as SUPABASE_URL.
        keys: the project's secret and keys.
        database_url: the superuser's.
        programs: what runs, to be watched.
    """

    url: str
    keys: Keys
    database_url: str = field(repr=False)
    programs: tuple[Program, ...]


@contextlib.asynccontextmanager
async def supabase(
    postgrest_program: Path, folder: Path, host: str, auth_settings: AuthSettings | None = None
) -> AsyncIterator[Supabase]:
    """Run a project with its data in `folder` (made here), its address on `host`, until the block ends.

    Raises:
        StackError: a part did not start, or a migration of the product failed.
    """
    folder.mkdir(mode=0o711)  # noqa: ASYNC240 - takes microseconds
    keys = Keys.new()
    async with postgres(folder) as server:
        await make_roles(server.url(), server.password)
        await shape(server.url())
        await apply_migrations(server.url(), sorted((paths.repository() / "sql" / "migrations").glob("*.sql")))
        authenticator = server.url(user="authenticator")
        # The auth server names itself by the address in every token: it is known before anything listens there.
        (port,) = free_ports(1, host)
        url = str(URL.build(scheme="http", host=host, port=port))
        auth = AuthServer(server.url(), keys, url, auth_settings or AuthSettings())
        async with (
            postgrest(postgrest_program, authenticator, keys.known_to_postgrest(), folder) as rest,
            gateway(rest.url, auth, keys, url),
        ):
            yield Supabase(url, keys, server.url(), (server.program, rest.program))
