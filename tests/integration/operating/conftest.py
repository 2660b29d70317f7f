"""A ground for each question: the stage with a second namespace, and what the commands of a terminal need.

On a Supabase of these tests' own, since some commands look at every row.
"""

import os
import sys
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from conftest import running_stack
from pds_stack.console import Console
from pds_stack.kubernetes import programs
from stages.operator_stage import TOKEN, Stage

from .ground import Ground

BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def stack(stack: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    with running_stack("supabase", {}) as own:
        yield {**stack, **own}


@pytest.fixture(scope="session")
def database(stack: Mapping[str, str]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(stack["DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
async def ground(stage: Stage, tmp_path: Path) -> AsyncIterator[Ground]:
    """A ground of its own for one question; what its customers left in the database is removed at the end."""
    system = f"test-{uuid.uuid4().hex[:12]}"
    await stage.api.call("POST", "/api/v1/namespaces", body={"metadata": {"name": system}})
    kubectl = (await programs(Console())).kubectl
    made = Ground(
        stage=stage,
        folder=tmp_path,
        system=system,
        environment={
            **{name: stage.stack[name] for name in ("KUBECONFIG", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY")},
            "PATH": f"{kubectl.parent}:{BIN}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "NO_PROXY": "127.0.0.1,localhost",
            "PDS_API_URL": f"{stage.backend_url}/api/v1",
            "PDS_API_TOKEN": TOKEN,
            "PDS_NAMESPACE": stage.namespace,
            "PDS_BASE_DOMAIN": stage.stack["PDS_BASE_DOMAIN"],
        },
    )
    try:
        yield made
        for operator in stage.running:
            await operator.stop()
    finally:
        # An import looks at every row, and another question's customers have the same names.
        stage.database.execute("delete from auth.users where id = any(%s::uuid[])", (list(made.users.values()),))
