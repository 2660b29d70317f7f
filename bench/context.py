"""What each bench is given: the running stack, how much to measure, and ways to set a scene on it."""

import asyncio
import contextlib
import os
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import psycopg

from bench import process
from bench.api_server import ApiServer
from pds_stack import envfile

PARTS = "kubernetes,supabase,backend"
_START_SECONDS = 900.0  # the first start on a machine builds Kubernetes
_POLL_SECONDS = 0.1
_NEW_USERS = """
insert into auth.users (id, email)
select id, id || '@users.example' from unnest(%s::uuid[]) as id
"""


class StackFailedError(Exception):
    """The local stack did not start. The message is what it printed."""


@dataclass(frozen=True)
class Context:
    """A run's scene.

    Args:
        settings: All that the stack provides, by the names of the product's settings.
        api: The API server for bare clients.
        rounds: How often each figure and its floor are measured, taking turns.
        quick: Whether little is to be measured.
        say: Tells whoever waits what is under way.
    """

    settings: Mapping[str, str] = field(repr=False)
    api: ApiServer
    rounds: int
    quick: bool
    say: Callable[[str], None] = field(repr=False)

    def size(self, full: int, quick: int) -> int:
        """Choose how much of something to measure."""
        return quick if self.quick else full

    def new_users(self, count: int) -> list[str]:
        """Make customers in ``auth.users`` and return their ids."""
        ids = [str(uuid.uuid4()) for _ in range(count)]
        with psycopg.connect(self.settings["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(_NEW_USERS, (ids,))
        return ids

    def command(
        self, name: str, namespace: str, **settings: str
    ) -> contextlib.AbstractAsyncContextManager[process.Command]:
        """Run a command of the product for customers in a namespace.

        Args:
            name: ``pds-webhook`` or ``pds-operator``.
            namespace: Where the customers' resources are.
            settings: Further settings, which count for more than the stack's.
        """
        return process.running([name], {**self.settings, "PDS_NAMESPACE": namespace, **settings})


@contextlib.asynccontextmanager
async def stack(say: Callable[[str], None]) -> AsyncIterator[Mapping[str, str]]:
    """Run the local stack, and yield its settings; those of one that runs already where PDS_STACK_ENV names its file.

    It is a process of its own: what stands before PostgREST must not share an event loop with what measures.

    Raises:
        StackFailedError: It did not start.
    """
    given = os.environ.get("PDS_STACK_ENV")
    if given:
        yield envfile.parse(Path(given).read_text())  # noqa: ASYNC240 - nothing else runs yet
        return
    say("starting the local stack")
    with tempfile.TemporaryDirectory(prefix="pds-bench-") as folder:
        env, log = Path(folder) / "env", Path(folder) / "log"
        with log.open("wb") as output:
            started = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "pds_stack", "up", "--only", PARTS, "--env", str(env)),
                stdout=output,
                stderr=output,
            )
        try:
            deadline = monotonic() + _START_SECONDS
            while not env.exists():
                if started.returncode is not None or monotonic() > deadline:
                    raise StackFailedError(log.read_text())
                await asyncio.sleep(_POLL_SECONDS)
            yield envfile.parse(env.read_text())
        finally:
            if started.returncode is None:
                started.terminate()
            await started.wait()
