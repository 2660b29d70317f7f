"""Supabase's two tables through our client, against the real PostgREST and PostgreSQL."""

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_clients.supabase import Supabase
from pds_contract.errors import TryLater, UnknownUser
from pds_contract.rows import PdsServiceLookup, PdsServiceRow, SubscriptionMapping

from .conftest import EMAIL

KEY = "zqxj-service-role-key"
NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
CALLS = pytest.mark.parametrize("call", ["record", "look up", "mirror", "list"])


def mapping(user_id: str, session: str = "cs_1", minutes: int = 0) -> SubscriptionMapping:
    moment = NOW + timedelta(minutes=minutes)
    return SubscriptionMapping(user_id, "cus_1", "sub_1", "active", session, moment, moment)


def row(user_id: str, service_id: int | None = 800, status: str = "provisioning") -> PdsServiceRow:
    return PdsServiceRow(user_id=user_id, pds_service_id=service_id, hostname="alice.example.org", status=status)


async def made(supabase: Supabase, call: str, user_id: str) -> object:
    """Make one of the four calls."""
    if call == "record":
        return await supabase.record_subscription(mapping(user_id))
    if call == "look up":
        return await supabase.look_up_pds_service(user_id)
    if call == "list":
        return await supabase.pds_services_after(user_id)
    return await supabase.mirror_pds_service(row(user_id))


@pytest.fixture
async def supabase(stack: Mapping[str, str]) -> AsyncIterator[Supabase]:
    async with Supabase(stack["SUPABASE_URL"], lambda: stack["SUPABASE_SERVICE_ROLE_KEY"]) as connected:
        yield connected


@pytest.fixture
def user_id(new_user: Callable[[], str]) -> str:
    return new_user()


async def test_a_checkout_is_recorded_unless_a_newer_one_is_there(
    supabase: Supabase, database: psycopg.Connection, user_id: str
) -> None:
    assert await supabase.record_subscription(mapping(user_id, "cs_new", minutes=5)) is True
    assert await supabase.record_subscription(mapping(user_id, "cs_old")) is False
    assert await supabase.record_subscription(mapping(user_id, "cs_new", minutes=5)) is True
    rows = database.execute(
        "select stripe_customer_id, stripe_subscription_id, status, checkout_session_id, checkout_created_at,"
        " event_created_at from public.subscriptions where user_id = %s",
        (user_id,),
    ).fetchall()
    newer = NOW + timedelta(minutes=5)
    assert rows == [("cus_1", "sub_1", "active", "cs_new", newer, newer)]


async def test_a_user_without_a_row(supabase: Supabase, user_id: str) -> None:
    assert await supabase.look_up_pds_service(user_id) == PdsServiceLookup(user_exists=True, row=None)


async def test_a_user_who_does_not_exist(supabase: Supabase) -> None:
    nobody = str(uuid.uuid4())
    assert await supabase.look_up_pds_service(nobody) == PdsServiceLookup(user_exists=False, row=None)
    for call in ("record", "mirror"):
        with pytest.raises(UnknownUser) as caught:
            await made(supabase, call, nobody)
        assert nobody not in str(caught.value)


async def test_a_row_is_mirrored_and_looked_up(supabase: Supabase, user_id: str) -> None:
    assert await supabase.mirror_pds_service(row(user_id)) == row(user_id)
    looked_up = await supabase.look_up_pds_service(user_id)
    assert (looked_up.user_exists, looked_up.row) == (True, row(user_id))


async def test_an_id_comes_after_none_and_then_stays(supabase: Supabase, user_id: str) -> None:
    awaited = row(user_id, None, "deploy_succeeded_no_id")
    assert await supabase.mirror_pds_service(awaited) == awaited
    assert await supabase.mirror_pds_service(row(user_id, 2**63 - 1)) == row(user_id, 2**63 - 1)
    for wanted in (awaited, row(user_id, 801), row(user_id, None, "deploy_failed")):
        assert await supabase.mirror_pds_service(wanted) == row(user_id, 2**63 - 1), "the row as it is, to compare"


async def test_rows_are_listed_in_the_order_of_their_users(supabase: Supabase, new_user: Callable[[], str]) -> None:
    users = sorted(new_user() for _ in range(3))
    for each in reversed(users):
        await supabase.mirror_pds_service(row(each))
    found: list[PdsServiceRow] = []
    while page := await supabase.pds_services_after(found[-1].user_id if found else users[0]):
        found += page
    assert [one for one in found if one.user_id in users] == [row(users[1]), row(users[2])]
    assert [one.user_id for one in found] == sorted(one.user_id for one in found)
    assert await supabase.pds_services_after("ffffffff-ffff-ffff-ffff-ffffffffffff") == []


async def test_a_row_that_another_program_wrote(supabase: Supabase, database: psycopg.Connection, user_id: str) -> None:
    database.execute("insert into public.pds_services (user_id, status) values (%s, 'by hand')", (user_id,))
    assert (await supabase.look_up_pds_service(user_id)).row == PdsServiceRow(user_id=user_id, status="by hand")


async def test_each_request_has_the_key_of_that_moment(stack: Mapping[str, str], user_id: str) -> None:
    keys = [KEY]
    async with Supabase(stack["SUPABASE_URL"], lambda: keys[-1]) as supabase:
        with pytest.raises(TryLater):
            await supabase.look_up_pds_service(user_id)
        keys.append(stack["SUPABASE_SERVICE_ROLE_KEY"])
        assert (await supabase.look_up_pds_service(user_id)).user_exists


@CALLS
@pytest.mark.parametrize("key", [KEY, "", "zqxj\nzqxj", "zqxj\N{EURO SIGN}"])
async def test_a_wrong_key_is_not_quoted(stack: Mapping[str, str], user_id: str, call: str, key: str) -> None:
    async with Supabase(stack["SUPABASE_URL"], lambda: key) as supabase:
        with pytest.raises(TryLater) as caught:
            await made(supabase, call, user_id)
    assert caught.value.dependency == "supabase"
    assert "zqxj" not in str(caught.value)


@CALLS
async def test_the_anonymous_key_may_do_nothing(
    stack: Mapping[str, str], database: psycopg.Connection, user_id: str, call: str
) -> None:
    async with Supabase(stack["SUPABASE_URL"], lambda: stack["SUPABASE_ANON_KEY"]) as supabase:
        with pytest.raises(TryLater, match="42501"):
            await made(supabase, call, user_id)
    for table in ("pds_services", "subscriptions"):
        assert database.execute(f"select 1 from public.{table} where user_id = %s", (user_id,)).fetchall() == []  # noqa: S608 - two names of ours


@CALLS
async def test_a_user_id_that_is_none_is_refused_and_not_quoted(supabase: Supabase, call: str) -> None:
    with pytest.raises(TryLater, match="22P02") as caught:
        await made(supabase, call, EMAIL)
    assert "zqxj" not in str(caught.value)


@CALLS
async def test_nobody_listens(closed_port: int, user_id: str, call: str) -> None:
    async with Supabase(f"http://127.0.0.1:{closed_port}", lambda: KEY) as supabase:
        with pytest.raises(TryLater, match="ClientConnectorError") as caught:
            await made(supabase, call, user_id)
    assert "zqxj" not in str(caught.value)


@CALLS
@pytest.mark.parametrize(
    ("status", "body"),
    [
        *[(200, body) for body in ("<html>zqxj</html>", '"zqxj"', '{"user_id": "zqxj"}', '{"row": "zqxj"}')],
        *[(302, ""), (401, '{"message": "zqxj"}'), (404, '{"code": "PGRST202", "message": "zqxj"}')],
        *[(500, "<html>zqxj</html>"), (502, '{"message": "zqxj"}'), (503, ""), (504, "null"), (429, "[]")],
    ],
)
async def test_an_answer_that_cannot_be_used(call: str, status: int, body: str) -> None:
    requests: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        requests.append(request.path)
        return web.Response(status=status, text=body, content_type="application/json", headers={"Location": "/"})

    app = web.Application()
    app.router.add_route("*", "/rest/v1/{path:.*}", answer)
    async with TestServer(app) as server, Supabase(str(server.make_url("")).rstrip("/"), lambda: KEY) as supabase:
        with pytest.raises(TryLater) as caught:
            await made(supabase, call, str(uuid.uuid4()))
    assert "zqxj" not in str(caught.value)
    assert len(requests) == 1, "no call is repeated by itself"
