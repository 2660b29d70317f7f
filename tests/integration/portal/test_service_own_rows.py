"""The customer's own rows through our client, under their own token, against the real PostgREST and PostgreSQL."""

import uuid
from collections.abc import AsyncIterator, Callable, Mapping

import psycopg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_clients.own_rows import OwnRows
from pds_contract.errors import TryLater
from pds_contract.rows import PdsServiceRow, SubscriptionRow
from pds_stack.supabase import user_token

MakeToken = Callable[[str], str]


@pytest.fixture
async def rows(stack: Mapping[str, str]) -> AsyncIterator[OwnRows]:
    async with OwnRows(stack["SUPABASE_URL"], lambda: stack["SUPABASE_ANON_KEY"]) as opened:
        yield opened


@pytest.fixture
def token(stack: Mapping[str, str]) -> MakeToken:
    return lambda user_id: user_token(stack["SUPABASE_JWT_SECRET"], user_id, "somebody@users.example")


@pytest.fixture
def owner(database: psycopg.Connection, new_user: Callable[[], str]) -> str:
    """A user with both rows."""
    user_id = new_user()
    database.execute(
        "insert into pds_services (user_id, pds_service_id, hostname, status) values (%s, 800, %s, 'provisioning')",
        (user_id, f"{user_id}.example.org"),
    )
    database.execute(
        "insert into subscriptions (user_id, stripe_customer_id, status) values (%s, 'cus_1', 'active')", (user_id,)
    )
    return user_id


async def test_ones_own_rows(rows: OwnRows, token: MakeToken, owner: str) -> None:
    mine = PdsServiceRow(user_id=owner, pds_service_id=800, hostname=f"{owner}.example.org", status="provisioning")
    assert await rows.pds_service(owner, token(owner)) == mine
    paid = SubscriptionRow(user_id=owner, status="active", stripe_customer_id="cus_1")
    assert await rows.subscription(owner, token(owner)) == paid


async def test_no_row(rows: OwnRows, token: MakeToken, new_user: Callable[[], str]) -> None:
    newcomer = new_user()
    assert await rows.pds_service(newcomer, token(newcomer)) is None
    assert await rows.subscription(newcomer, token(newcomer)) is None


async def test_anothers_rows_are_none(rows: OwnRows, token: MakeToken, owner: str, new_user: Callable[[], str]) -> None:
    stranger = token(new_user())
    assert await rows.pds_service(owner, stranger) is None
    assert await rows.subscription(owner, stranger) is None


async def test_a_row_of_somebody_else_is_no_answer(owner: str) -> None:
    async def leak(_: web.Request) -> web.Response:
        return web.json_response([{"user_id": str(uuid.uuid4()), "status": "active", "pds_service_id": 800}])

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", leak)
    async with TestServer(app) as server, OwnRows(str(server.make_url("")).rstrip("/"), lambda: "key") as rows:
        for read in (rows.pds_service, rows.subscription):
            with pytest.raises(TryLater, match="shape"):
                await read(owner, "token")


async def test_whether_a_hostname_is_somebodys(
    rows: OwnRows, token: MakeToken, owner: str, new_user: Callable[[], str]
) -> None:
    hostname, stranger = f"{owner}.example.org", token(new_user())
    assert await rows.hostname_taken(hostname, stranger) is True
    assert await rows.hostname_taken(hostname.upper(), stranger) is True
    assert await rows.hostname_taken(hostname, token(owner)) is False, "one's own"
    assert await rows.hostname_taken(f"not-{hostname}", stranger) is False
    assert await rows.hostname_taken("", stranger) is False


@pytest.mark.parametrize("odd", ["zqxj", "zqxj\nzqxj", "zqxj\N{EURO SIGN}", ""])
async def test_a_token_that_supabase_does_not_take(rows: OwnRows, owner: str, odd: str) -> None:
    for call in (rows.pds_service(owner, odd), rows.subscription(owner, odd), rows.hostname_taken("a.example", odd)):
        with pytest.raises(TryLater) as caught:
            await call
        assert "zqxj" not in str(caught.value)


async def test_the_anonymous_key_reads_nothing(rows: OwnRows, stack: Mapping[str, str], owner: str) -> None:
    anonymous = stack["SUPABASE_ANON_KEY"]
    for call in (rows.pds_service(owner, anonymous), rows.hostname_taken(f"{owner}.example.org", anonymous)):
        with pytest.raises(TryLater, match="42501"):
            await call


@pytest.mark.parametrize("body", ["{}", "null", '"zqxj"', "[7]", "<p>zqxj</p>", '[{"status": "zqxj"}]', "[null]"])
async def test_an_answer_that_cannot_be_used(body: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    user_id = str(uuid.uuid4())
    async with TestServer(app) as server, OwnRows(str(server.make_url("")).rstrip("/"), lambda: "key") as rows:
        for call in (rows.pds_service(user_id, "t"), rows.subscription(user_id, "t"), rows.hostname_taken("a.b", "t")):
            with pytest.raises(TryLater) as caught:
                await call
            assert "zqxj" not in str(caught.value)
