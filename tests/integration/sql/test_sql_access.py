"""Who sees, writes and calls what, through PostgREST as Supabase's clients do."""

import json
import uuid

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from .conftest import User

pytestmark = pytest.mark.asyncio(loop_scope="session")

TABLES = ["pds_services", "subscriptions"]
NO_RIGHT = "42501"


async def make_rows(service: httpx.AsyncClient, users: tuple[User, User]) -> None:
    for user in users:
        rows = {
            "pds_services": {"user_id": user.id, "hostname": "a.example"},
            "subscriptions": {"user_id": user.id, "stripe_customer_id": "cus_1"},
        }
        for table, row in rows.items():
            (await service.post(f"/{table}", json=row)).raise_for_status()


async def owners(client: httpx.AsyncClient, table: str) -> set[str]:
    answer = await client.get(f"/{table}", params={"select": "user_id"})
    answer.raise_for_status()
    return {row["user_id"] for row in answer.json()}


def assert_no_right(answer: httpx.Response) -> None:
    assert answer.status_code in {401, 403}, answer.text
    assert answer.json()["code"] == NO_RIGHT, answer.text


@pytest.mark.parametrize("table", TABLES)
async def test_users_see_their_own_row_alone(
    service: httpx.AsyncClient, anon: httpx.AsyncClient, two_users: tuple[User, User], table: str
) -> None:
    await make_rows(service, two_users)
    alice, bob = two_users

    assert await owners(alice.rest, table) == {alice.id}
    assert await owners(bob.rest, table) == {bob.id}
    assert {alice.id, bob.id} <= await owners(service, table)
    assert_no_right(await anon.get(f"/{table}"))


@pytest.mark.parametrize("table", TABLES)
async def test_neither_users_nor_strangers_write(
    service: httpx.AsyncClient, anon: httpx.AsyncClient, two_users: tuple[User, User], table: str
) -> None:
    await make_rows(service, two_users)
    alice, _ = two_users
    own = {"user_id": f"eq.{alice.id}"}
    before = (await service.get(f"/{table}", params=own)).json()

    for client in (anon, alice.rest):
        assert_no_right(await client.post(f"/{table}", json={"user_id": str(uuid.uuid4()), "status": "x"}))
        assert_no_right(await client.patch(f"/{table}", params=own, json={"status": "x"}))
        assert_no_right(await client.delete(f"/{table}", params=own))

    assert len(before) == 1
    assert (await service.get(f"/{table}", params=own)).json() == before


@pytest.mark.parametrize("table", TABLES)
async def test_row_level_security_holds_without_the_privileges_wall(
    service: httpx.AsyncClient,
    database: psycopg.Connection[DictRow],
    two_users: tuple[User, User],
    table: str,
) -> None:
    await make_rows(service, two_users)
    alice, _ = two_users

    def on_table(statement: str) -> psycopg.Cursor[DictRow]:
        return database.execute(sql.SQL(statement).format(sql.Identifier(table)))

    def act_as(role: str, **claims: str) -> None:
        database.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        database.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps(claims),))

    with database.transaction(force_rollback=True):
        on_table("grant all on public.{} to authenticated, anon")
        act_as("authenticated", sub=alice.id)
        seen = on_table("select user_id::text from public.{}").fetchall()
        updated = on_table("update public.{} set status = 'x'").rowcount
        deleted = on_table("delete from public.{}").rowcount
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"), database.transaction():
            on_table("insert into public.{} (user_id) values (gen_random_uuid())")
        act_as("anon")
        seen_by_anon = on_table("select user_id::text from public.{}").fetchall()

    assert seen == [{"user_id": alice.id}]
    assert (updated, deleted) == (0, 0)
    assert seen_by_anon == []


FUNCTIONS: dict[str, dict[str, object]] = {
    "record_subscription": {
        "p_stripe_customer_id": "cus_stolen",
        "p_stripe_subscription_id": None,
        "p_status": "active",
        "p_checkout_session_id": "cs_1",
        "p_checkout_created_at": "2026-01-01T00:00:00Z",
        "p_event_created_at": "2026-01-01T00:00:00Z",
    },
    "look_up_pds_service": {},
    "mirror_pds_service": {"p_pds_service_id": 800, "p_hostname": "a.example", "p_status": "provisioning"},
}


@pytest.mark.parametrize("function", FUNCTIONS)
async def test_only_the_service_role_calls_the_functions(
    service: httpx.AsyncClient, anon: httpx.AsyncClient, two_users: tuple[User, User], function: str
) -> None:
    alice, _ = two_users
    arguments = {"p_user_id": alice.id, **FUNCTIONS[function]}

    for client in (anon, alice.rest):
        refused = await client.post(f"/rpc/{function}", json=arguments)
        assert_no_right(refused)
        assert refused.json()["message"] == f"permission denied for function {function}"
    for table in TABLES:
        assert (await service.get(f"/{table}", params={"user_id": f"eq.{alice.id}"})).json() == []

    assert (await service.post(f"/rpc/{function}", json=arguments)).status_code == 200


async def test_the_service_role_cannot_read_the_users_themselves(database: psycopg.Connection[DictRow]) -> None:
    database.execute("set role service_role")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.execute("select id from auth.users limit 1")


@pytest.mark.parametrize("table", TABLES)
async def test_a_deleted_user_takes_the_rows_along(
    service: httpx.AsyncClient, database: psycopg.Connection[DictRow], two_users: tuple[User, User], table: str
) -> None:
    await make_rows(service, two_users)
    alice, bob = two_users

    database.execute("delete from auth.users where id = %s", (alice.id,))

    left = await owners(service, table)
    assert alice.id not in left
    assert bob.id in left


@pytest.mark.parametrize("table", TABLES)
async def test_an_update_moves_updated_at_alone(
    service: httpx.AsyncClient, two_users: tuple[User, User], table: str
) -> None:
    await make_rows(service, two_users)
    own = {"user_id": f"eq.{two_users[0].id}"}
    (before,) = (await service.get(f"/{table}", params=own)).json()

    await service.patch(f"/{table}", params=own, json={"status": "changed"})

    (after,) = (await service.get(f"/{table}", params=own)).json()
    assert after["updated_at"] > before["updated_at"]
    assert {**after, "updated_at": None} == {**before, "status": "changed", "updated_at": None}
