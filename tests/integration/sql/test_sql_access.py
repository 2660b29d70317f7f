"""Who sees, writes and calls what, through PostgREST as Supabase's clients do."""

import json
import uuid

import httpx
import psycopg
import pytest
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

    with database.transaction(force_rollback=True):
        database.execute(f"grant all on public.{table} to authenticated, anon")
        database.execute("set local role authenticated")
        database.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps({"sub": alice.id}),))
        seen = database.execute(f"select user_id::text from public.{table}").fetchall()
        updated = database.execute(f"update public.{table} set status = 'x'").rowcount
        deleted = database.execute(f"delete from public.{table}").rowcount
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"), database.transaction():
            database.execute(f"insert into public.{table} (user_id) values (%s)", (str(uuid.uuid4()),))
        database.execute("set local role anon")
        seen_by_anon = database.execute(f"select user_id::text from public.{table}").fetchall()

    assert seen == [{"user_id": alice.id}]
    assert (updated, deleted) == (0, 0)
    assert seen_by_anon == []


FUNCTIONS = {
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
        assert_no_right(await client.post(f"/rpc/{function}", json=arguments))
    for table in TABLES:
        assert (await service.get(f"/{table}", params={"user_id": f"eq.{alice.id}"})).json() == []

    assert (await service.post(f"/rpc/{function}", json=arguments)).status_code == 200


async def test_the_service_role_cannot_read_the_users_themselves(
    database: psycopg.Connection[DictRow],
) -> None:
    with (
        database.transaction(force_rollback=True),
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        database.transaction(),
    ):
        database.execute("set local role service_role")
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
