"""Users as Supabase Auth's admin API shows them, on the stack: the client's reading, and the shapes themselves."""

import re
import uuid
from collections.abc import AsyncIterator, Callable, Mapping

import httpx
import psycopg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_clients.supabase import Supabase
from pds_contract.errors import CredentialsRejected, TryLater, UnknownUser
from pds_stack.supabase import user_token

ADMIN = "/auth/v1/admin/users"


@pytest.fixture
async def supabase(stack: Mapping[str, str]) -> AsyncIterator[Supabase]:
    async with Supabase(stack["SUPABASE_URL"], lambda: stack["SUPABASE_SERVICE_ROLE_KEY"]) as client:
        yield client


@pytest.fixture
async def http(stack: Mapping[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    key = stack["SUPABASE_SERVICE_ROLE_KEY"]
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=stack["SUPABASE_URL"], headers=headers) as client:
        yield client


async def test_a_users_e_mail_address(supabase: Supabase, new_user: Callable[[], str]) -> None:
    user_id = new_user()
    assert await supabase.email_of(user_id) == f"{user_id}@users.example"


async def test_a_user_without_one(
    supabase: Supabase, new_user: Callable[[], str], database: psycopg.Connection
) -> None:
    user_id = new_user()
    database.execute("update auth.users set email = null where id = %s", (user_id,))
    assert await supabase.email_of(user_id) == ""


async def test_a_user_who_is_gone(
    supabase: Supabase, new_user: Callable[[], str], database: psycopg.Connection
) -> None:
    with pytest.raises(UnknownUser):
        await supabase.email_of(str(uuid.uuid4()))
    user_id = new_user()
    database.execute("update auth.users set deleted_at = now() where id = %s", (user_id,))
    with pytest.raises(UnknownUser):
        await supabase.email_of(user_id)


async def test_a_key_that_may_not(stack: Mapping[str, str], new_user: Callable[[], str]) -> None:
    for key in (stack["SUPABASE_ANON_KEY"], "wrong"):
        async with Supabase(stack["SUPABASE_URL"], lambda key=key: key) as client:  # type: ignore[misc]
            with pytest.raises(CredentialsRejected, match="SUPABASE_SERVICE_ROLE_KEY"):
                await client.email_of(new_user())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, "<h1>zqxj@a.example</h1>"),
        (404, '{"msg": "no Route matched"}'),
        (404, '{"error_code": "validation_failed", "msg": "zqxj@a.example"}'),
        (200, '{"id": "another", "email": "zqxj@a.example"}'),
        (200, '{"email": "zqxj@a.example"}'),
        (200, '["zqxj@a.example"]'),
        (302, ""),
        (429, "{}"),
        (500, '{"msg": "zqxj@a.example"}'),
    ],
)
async def test_an_answer_that_says_nothing_of_the_user(status: int, body: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body, content_type="application/json", headers={"Retry-After": "7"})

    app = web.Application()
    app.router.add_get(f"{ADMIN}/{{id}}", answer)
    async with TestServer(app) as server, Supabase(str(server.make_url("")).rstrip("/"), lambda: "key") as client:
        with pytest.raises(TryLater) as caught:
            await client.email_of(str(uuid.uuid4()))
    assert type(caught.value) is TryLater
    assert "zqxj" not in f"{caught.value!r} {caught.value.__cause__} {caught.value.__context__}"
    if status == 429:
        assert caught.value.retry_after == 7


@pytest.mark.parametrize("body", ['{"code": 404, "msg": "User not found"}', '{"error_code": "user_not_found"}'])
async def test_older_and_newer_words_for_a_user_who_is_not_there(body: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=404, text=body, content_type="application/json")

    app = web.Application()
    app.router.add_get(f"{ADMIN}/{{id}}", answer)
    async with TestServer(app) as server, Supabase(str(server.make_url("")).rstrip("/"), lambda: "key") as client:
        with pytest.raises(UnknownUser):
            await client.email_of(str(uuid.uuid4()))


async def test_users_come_in_pages(http: httpx.AsyncClient, new_user: Callable[[], str]) -> None:
    users = {new_user() for _ in range(7)}
    found: list[str] = []
    following: str | None = f"{ADMIN}?page=1&per_page=3"
    pages = 0
    while following:
        answer = await http.get(following)
        assert answer.status_code == 200
        assert (answer.headers["X-Total-Count"], answer.json()["aud"]) == ("7", "authenticated")
        found += [user["id"] for user in answer.json()["users"]]
        link = re.search(r'<([^>]*)>; rel="next"', answer.headers["Link"])
        following, pages = (link[1] if link else None), pages + 1
    assert (sorted(found), pages) == (sorted(users), 3)
    assert (await http.get(f"{ADMIN}?page=9&per_page=3")).json()["users"] == []


async def test_one_user_has_the_documented_fields(http: httpx.AsyncClient, new_user: Callable[[], str]) -> None:
    user_id = new_user()
    shown = (await http.get(f"{ADMIN}/{user_id}")).json()
    expected = {"id", "aud", "role", "email", "phone", "app_metadata", "user_metadata", "identities", "is_anonymous"}
    assert set(shown) == expected
    assert (shown["id"], shown["email"]) == (user_id, f"{user_id}@users.example")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{ADMIN}/{uuid.UUID(int=7)}", 404, "user_not_found"),
        (f"{ADMIN}/nobody", 404, "validation_failed"),
        (f"{ADMIN}?page=x", 400, "validation_failed"),
        (f"{ADMIN}?per_page=0", 400, "validation_failed"),
    ],
)
async def test_what_is_refused(http: httpx.AsyncClient, path: str, status: int, code: str) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


async def test_who_is_refused(http: httpx.AsyncClient, stack: Mapping[str, str], new_user: Callable[[], str]) -> None:
    user_id = new_user()
    token = user_token(stack["SUPABASE_JWT_SECRET"], user_id, "a@a.example")
    for bearer, status, code in (
        (stack["SUPABASE_ANON_KEY"], 403, "not_admin"),
        (token, 403, "not_admin"),
        ("nonsense", 403, "bad_jwt"),
        ("", 401, "no_authorization"),
    ):
        for path in (ADMIN, f"{ADMIN}/{user_id}"):
            answer = await http.get(path, headers={"Authorization": f"Bearer {bearer}" if bearer else ""})
            assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert (await http.get(ADMIN, headers={"apikey": "nonsense"})).status_code == 401
