"""A Supabase project of PostgreSQL, PostgREST and the migrations, for all tests of this folder.

The project's gateway lives in the session's event loop: async tests here have ``loop_scope="session"``.
"""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
import pytest_asyncio
from psycopg.rows import DictRow, dict_row

from pds_stack import paths
from pds_stack.console import Console
from pds_stack.folder import run_folder
from pds_stack.supabase import Supabase, postgrest, supabase, user_token

MIGRATIONS = sorted((paths.repository() / "sql" / "migrations").glob("*.sql"))


@dataclass(frozen=True)
class User:
    """A user of ``auth.users`` and PostgREST as that user sees it."""

    id: str
    rest: httpx.AsyncClient


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def project() -> AsyncIterator[Supabase]:
    program = await postgrest.install(Console())
    with run_folder() as folder:
        async with supabase(program, Path(folder) / "supabase", "127.0.0.1") as running:
            yield running


def rest(project: Supabase, apikey: str, token: str) -> httpx.AsyncClient:
    """Make a client that shows a project's key and speaks with the rights of a token."""
    headers = {"apikey": apikey, "Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=f"{project.url}/rest/v1", headers=headers, timeout=20)


@pytest_asyncio.fixture(loop_scope="session")
async def anon(project: Supabase) -> AsyncIterator[httpx.AsyncClient]:
    async with rest(project, project.keys.anon, project.keys.anon) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def service(project: Supabase) -> AsyncIterator[httpx.AsyncClient]:
    async with rest(project, project.keys.service_role, project.keys.service_role) as client:
        yield client


@pytest.fixture
def database(project: Supabase) -> Iterator[psycopg.Connection[DictRow]]:
    """The superuser's connection, each statement a transaction of its own."""
    with psycopg.connect(project.database_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def new_user(database: psycopg.Connection[DictRow]) -> str:
    """Make a user whom no other test knows and return the id."""
    user_id = str(uuid.uuid4())
    database.execute("insert into auth.users (id, email) values (%s, %s)", (user_id, f"{user_id}@a.example"))
    return user_id


@pytest.fixture
def user_id(database: psycopg.Connection[DictRow]) -> str:
    return new_user(database)


@pytest_asyncio.fixture(loop_scope="session")
async def two_users(project: Supabase, database: psycopg.Connection[DictRow]) -> AsyncIterator[tuple[User, User]]:
    async with AsyncExitStack() as clients:

        async def user() -> User:
            user_id = new_user(database)
            token = user_token(project.keys.secret, user_id, f"{user_id}@a.example")
            return User(user_id, await clients.enter_async_context(rest(project, project.keys.anon, token)))

        yield await user(), await user()
