"""A Supabase project with its auth stand-in, for all tests of this folder, and an application that signs users up.

The project's gateway lives in the session's event loop: async tests here have ``loop_scope="session"``.
"""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest_asyncio

from pds_stack.console import Console
from pds_stack.folder import run_folder
from pds_stack.supabase import AuthSettings, Supabase, postgrest, supabase

SITE = "http://localhost:4000"
PASSWORD = "correct horse"


@dataclass(frozen=True)
class App:
    """An application of the project.

    Attributes:
        project: the project.
        http: a client at the project's address, which shows the anon key.
        control: a client of the control paths.
    """

    project: Supabase
    http: httpx.AsyncClient
    control: httpx.AsyncClient

    async def settings(self, **changes: object) -> None:
        (await self.control.patch("/auth", json=changes)).raise_for_status()

    async def fault(self, **fault: object) -> None:
        (await self.control.post("/faults", json=fault)).raise_for_status()

    async def sign_up(self, email: str, password: str = PASSWORD, **params: str) -> httpx.Response:
        return await self.http.post("/auth/v1/signup", params=params, json={"email": email, "password": password})

    async def sign_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        body = {"email": email, "password": password}
        return await self.http.post("/auth/v1/token", params={"grant_type": "password"}, json=body)

    async def refresh(self, token: str) -> httpx.Response:
        return await self.http.post(
            "/auth/v1/token", params={"grant_type": "refresh_token"}, json={"refresh_token": token}
        )

    async def as_user(self, method: str, path: str, access_token: str, **params: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {access_token}"}
        return await self.http.request(method, path, headers=headers, params=params)

    async def session(self) -> dict[str, Any]:
        """A new user's session."""
        answer = await self.sign_up(address())
        assert answer.status_code == 200, answer.text
        session: dict[str, Any] = answer.json()
        return session

    async def mail(self, to: str) -> dict[str, Any]:
        """The newest mail to an address."""
        mails = (await self.control.get("/mails", params={"to": to})).json()
        assert mails, f"no mail to {to}"
        newest: dict[str, Any] = mails[-1]
        return newest

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database as its superuser."""
        with psycopg.connect(self.project.database_url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []


def address() -> str:
    """An address that no other test uses."""
    return f"{uuid.uuid4()}@users.example"


def assert_refused(answer: httpx.Response, status: int, code: str) -> None:
    """See to it that an answer is GoTrue's error."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert (body["code"], body["error_code"]) == (status, code), body
    assert body["msg"]
    assert answer.headers["x-sb-error-code"] == code


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def project() -> AsyncIterator[Supabase]:
    program = await postgrest.install(Console())
    with run_folder() as folder:
        settings = AuthSettings(site_url=SITE)
        async with supabase(program, Path(folder) / "supabase", "127.0.0.1", settings) as running:
            yield running


@pytest_asyncio.fixture(loop_scope="session")
async def app(project: Supabase) -> AsyncIterator[App]:
    headers = {"apikey": project.keys.anon}
    async with (
        httpx.AsyncClient(base_url=project.url, headers=headers, timeout=20) as http,
        httpx.AsyncClient(base_url=f"{project.url}/_control", timeout=20) as control,
    ):
        yield App(project, http, control)
        await control.delete("/auth")
        await control.delete("/faults")
