"""Databases in Supabase's shape, and migrations over them."""

from collections.abc import Iterable
from pathlib import Path

import psycopg
from psycopg import sql

from pds_stack.errors import StackError

_SHAPE = Path(__file__).parent / "shape"


async def make_roles(database_url: str, password: str) -> None:
    """Make a new server's roles; PostgREST's own, `authenticator`, logs in with `password`."""
    await _run(database_url, [_SHAPE / "roles.sql"])
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute(sql.SQL("alter role authenticator password {}").format(password))


async def shape(database_url: str) -> None:
    """Give an empty database what a new Supabase project has."""
    await _run(database_url, [_SHAPE / "database.sql"])


async def create_database(database_url: str, name: str) -> str:
    """Make a further, empty Supabase-shaped database in the server of `database_url` (the superuser's).

    Returns:
        The superuser's address of the new database.

    Raises:
        StackError: there is one of that name.
    """
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        try:
            await connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        except psycopg.errors.DuplicateDatabase as error:
            raise StackError(f"there is a database {name} already: choose another name") from error
    url = f"{database_url.rpartition('/')[0]}/{name}"
    await shape(url)
    return url


async def apply_migrations(database_url: str, files: Iterable[Path]) -> None:
    """Apply SQL files in the order given, each in a transaction, with the rights that migrations have at Supabase.

    Args:
        database_url: the superuser's address; the files run as the role `postgres`, which is no superuser.
        files: their paths.

    Raises:
        StackError: one failed, and changed nothing; the message names it.
    """
    await _run(database_url, files, role="postgres")


async def _run(database_url: str, files: Iterable[Path], role: str | None = None) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        if role:
            await connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        for file in files:
            try:
                async with connection.transaction():
                    await connection.execute(file.read_bytes())
            except psycopg.Error as error:
                raise StackError(f"{file.name} failed: {error}") from error
