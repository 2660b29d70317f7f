"""The local stack that integration tests share: a real API server and PostgreSQL behind PostgREST, started once."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from pds_stack import envfile

# The first start on a machine builds Kubernetes.
START_SECONDS = 900.0


@pytest.fixture(scope="session")
def stack() -> Iterator[Mapping[str, str]]:
    """The settings of a running stack; of one that runs already where PDS_STACK_ENV names its env file."""
    running = os.environ.get("PDS_STACK_ENV")
    if running:
        yield envfile.parse(Path(running).read_text())
        return
    folder = Path(tempfile.mkdtemp(prefix="pds-tests-"))
    env, log = folder / "env", folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pds_stack", "up", "--only", "kubernetes,supabase", "--env", str(env)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not env.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the local stack did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield envfile.parse(env.read_text())
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def database(stack: Mapping[str, str]) -> Iterator[psycopg.Connection]:
    """The superuser's connection to the stack's database, each statement a transaction of its own."""
    with psycopg.connect(stack["DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def new_user(database: psycopg.Connection) -> Callable[[], str]:
    """Makes a user in auth.users whom no other test knows, and returns the id."""

    def make() -> str:
        user_id = str(uuid.uuid4())
        database.execute("insert into auth.users (id, email) values (%s, %s)", (user_id, f"{user_id}@users.example"))
        return user_id

    return make
