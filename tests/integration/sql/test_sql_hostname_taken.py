"""`hostname_taken`: a signed-in user learns whether a name is another's, and nothing more."""

import json
import uuid

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from .conftest import User

pytestmark = pytest.mark.asyncio(loop_scope="session")


def hostname() -> str:
    return f"h{uuid.uuid4().hex}.eny.k8s.frx.pub"


async def give(service: httpx.AsyncClient, user: User, name: str | None, status: str = "provisioning") -> None:
    row = {"user_id": user.id, "hostname": name, "status": status}
    (await service.post("/pds_services", json=row)).raise_for_status()


async def taken(client: httpx.AsyncClient, name: str | None) -> bool:
    answer = await client.post("/rpc/hostname_taken", json={"p_hostname": name})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert isinstance(said, bool)
    return said


async def test_a_name_is_taken_for_others_and_not_for_its_owner(
    service: httpx.AsyncClient, two_users: tuple[User, User]
) -> None:
    alice, bob = two_users
    name = hostname()
    before = await taken(bob.rest, name)
    await give(service, alice, name)

    assert (before, await taken(bob.rest, name), await taken(alice.rest, name)) == (False, True, False)


@pytest.mark.parametrize("status", ["provisioning", "deploy_failed", "deploy_succeeded_no_id"])
async def test_every_status_takes_the_name(
    service: httpx.AsyncClient, two_users: tuple[User, User], status: str
) -> None:
    alice, bob = two_users
    name = hostname()
    await give(service, alice, name, status)

    assert await taken(bob.rest, name)


async def test_case_makes_no_difference(service: httpx.AsyncClient, two_users: tuple[User, User]) -> None:
    alice, bob = two_users
    name = hostname()
    await give(service, alice, name.replace("eny", "ENY"))

    assert [await taken(bob.rest, asked) for asked in (name, name.upper(), name.capitalize())] == [True, True, True]


async def test_only_the_whole_name_counts(service: httpx.AsyncClient, two_users: tuple[User, User]) -> None:
    alice, bob = two_users
    name = hostname()
    await give(service, alice, name)

    others = [name[1:], f"a{name}", f"a.{name}", f"{name}.", "%", "_" * len(name), ""]
    assert [asked for asked in others if await taken(bob.rest, asked)] == []


async def test_null_and_what_no_hostname_can_be_are_not_taken(
    service: httpx.AsyncClient, two_users: tuple[User, User]
) -> None:
    alice, bob = two_users
    overlong = f"{'a' * 250}.{uuid.uuid4().hex}"
    await give(service, alice, overlong)
    longest = f"{uuid.uuid4().hex}.".ljust(253, "b")

    assert not await taken(bob.rest, None)
    assert not await taken(bob.rest, overlong)
    assert not await taken(bob.rest, longest)
    await service.patch("/pds_services", params={"user_id": f"eq.{alice.id}"}, json={"hostname": longest})
    assert await taken(bob.rest, longest)


async def test_a_row_without_a_hostname_takes_nothing(service: httpx.AsyncClient, two_users: tuple[User, User]) -> None:
    alice, bob = two_users
    await give(service, alice, None)

    assert not await taken(bob.rest, None)
    assert not await taken(bob.rest, "")


async def test_nobody_but_signed_in_users_may_ask(
    service: httpx.AsyncClient, anon: httpx.AsyncClient, two_users: tuple[User, User]
) -> None:
    alice, _ = two_users
    name = hostname()
    await give(service, alice, name)

    for client in (anon, service):
        refused = await client.post("/rpc/hostname_taken", json={"p_hostname": name})
        assert refused.status_code in {401, 403}, refused.text
        assert refused.json()["message"] == "permission denied for function hostname_taken"


async def test_the_one_who_asks_is_the_tokens_user_whatever_the_search_path_says(
    database: psycopg.Connection[DictRow], service: httpx.AsyncClient, two_users: tuple[User, User]
) -> None:
    alice, bob = two_users
    name = hostname()
    await give(service, alice, name)

    def asked_by(claims: dict[str, str]) -> bool:
        database.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps(claims),))
        row = database.execute("select public.hostname_taken(%s) as taken", (name,)).fetchone()
        assert row is not None
        return bool(row["taken"])

    with database.transaction(force_rollback=True):
        # A user's own schema and functions must not be reached by a function that runs with its owner's rights.
        database.execute("create schema mine")
        database.execute("create table mine.pds_services (user_id uuid, hostname text)")
        database.execute("create function mine.lower(text) returns text language sql as $$ select 'x' $$")
        database.execute("grant usage on schema mine to authenticated")
        database.execute("set local role authenticated")
        database.execute("set local search_path = mine, public")
        answers = [asked_by({"sub": alice.id}), asked_by({"sub": bob.id}), asked_by({})]

    assert answers == [False, True, True]
