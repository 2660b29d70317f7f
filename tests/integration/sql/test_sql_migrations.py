"""The migrations: twice on an empty project, and over the first product's tables."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from pds_stack.supabase import Supabase, apply_migrations, create_database

from .conftest import MIGRATIONS, new_user

pytestmark = pytest.mark.asyncio(loop_scope="session")

UPDATED_AT_FUNCTION = """
create function public.update_updated_at_column() returns trigger as $$
begin new.updated_at = now(); return new; end;
$$ language plpgsql;
"""
RULES = """
alter table public.subscriptions enable row level security;
create policy "Users can view own subscriptions" on public.subscriptions for select using (auth.uid() = user_id);
create policy "Users can insert own subscriptions" on public.subscriptions for insert with check (auth.uid() = user_id);
create trigger update_subscriptions_updated_at before update on public.subscriptions
  for each row execute function public.update_updated_at_column();
"""
FULL = f"""
{UPDATED_AT_FUNCTION}
create table public.subscriptions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id),
  stripe_customer_id text,
  stripe_subscription_id text unique,
  stripe_price_id text,
  status text not null,
  current_period_start timestamptz,
  current_period_end timestamptz,
  cancel_at_period_end boolean default false,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
{RULES}
"""
MINIMAL = f"""
{UPDATED_AT_FUNCTION}
create table public.subscriptions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  stripe_customer_id text,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
{RULES}
"""
SHAPES = {"full": FULL, "minimal": MINIMAL}
MONDAY, TUESDAY = "2026-03-02 00:00:00+00", "2026-03-03 00:00:00+00"


@dataclass(frozen=True)
class Older:
    """A Supabase-shaped database of its own, before the migrations."""

    url: str
    connection: psycopg.Connection[DictRow]

    def set_up(self, statements: str) -> None:
        """Run statements as the role that owns a product's tables."""
        with self.connection.transaction():
            self.connection.execute("set local role postgres")
            self.connection.execute(statements.encode())

    def add(self, user_id: str, **values: object) -> None:
        """Insert a row of `subscriptions`."""
        row = {"user_id": user_id, **values}
        self.connection.execute(
            sql.SQL("insert into public.subscriptions ({}) values ({})").format(
                sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(map(sql.Literal, row.values()))
            )
        )

    async def migrate(self) -> None:
        await apply_migrations(self.url, MIGRATIONS)

    def rows(self, user_id: str) -> list[DictRow]:
        return self.connection.execute("select * from public.subscriptions where user_id = %s", (user_id,)).fetchall()

    def as_service_role(self, query: str, *arguments: object) -> DictRow:
        with self.connection.transaction():
            self.connection.execute("set local role service_role")
            row = self.connection.execute(query.encode(), arguments).fetchone()
        assert row is not None
        return row


@pytest_asyncio.fixture(loop_scope="session")
async def older(project: Supabase) -> AsyncIterator[Older]:
    name = f"older_{uuid.uuid4().hex}"
    url = await create_database(project.database_url, name)
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        yield Older(url, connection)
    with psycopg.connect(project.database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))


CATALOG = """
select 'column' as kind, table_name || '.' || column_name as name,
       concat_ws(' ', data_type, is_nullable, column_default) as meaning
from information_schema.columns where table_schema = 'public'
union all
select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
from pg_constraint where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'f', 'c')
union all
select 'index', indexname, indexdef from pg_indexes where schemaname = 'public'
union all
select 'policy', tablename || '.' || policyname, concat_ws(' ', cmd, roles, qual, with_check)
from pg_policies where schemaname = 'public'
union all
select 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
union all
select 'function', proname, concat_ws(' ', pg_get_functiondef(oid), proacl)
from pg_proc where pronamespace = 'public'::regnamespace
union all
select 'table', relname, concat_ws(' ', relrowsecurity, relacl)
from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
order by kind, name
"""


def catalog(older: Older) -> dict[tuple[str, str], str]:
    return {(row["kind"], row["name"]): row["meaning"] for row in older.connection.execute(CATALOG).fetchall()}


async def test_there_are_migrations() -> None:
    assert [file.name.partition("_")[2] for file in MIGRATIONS[:2]] == ["pds_services.sql", "subscriptions.sql"]


@pytest.mark.parametrize("shape", ["", *SHAPES.values()], ids=["empty", *SHAPES])
async def test_applied_twice_they_change_nothing_the_second_time(older: Older, shape: str) -> None:
    if shape:
        older.set_up(shape)
    user_id = new_user(older.connection)
    if shape:
        older.add(user_id, stripe_customer_id="cus_1", **({"status": "active"} if shape == FULL else {}))
    await older.migrate()
    first, rows = catalog(older), older.rows(user_id)

    await older.migrate()

    assert catalog(older) == first
    assert older.rows(user_id) == rows
    assert len(rows) == (1 if shape else 0)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_the_older_tables_end_with_the_same_rules_as_a_new_one(
    project: Supabase, older: Older, shape: str
) -> None:
    older.set_up(shape)
    await older.migrate()
    with psycopg.connect(project.database_url, autocommit=True, row_factory=dict_row) as connection:
        new = catalog(Older(project.database_url, connection))
    migrated = catalog(older)

    assert ("policy", "subscriptions.Users can insert own subscriptions") not in migrated
    for kind in ("policy", "trigger", "table"):
        assert {key: value for key, value in migrated.items() if key[0] == kind} == {
            key: value for key, value in new.items() if key[0] == kind
        }
    assert migrated["constraint", "subscriptions.subscriptions_user_id_key"] == "UNIQUE (user_id)"
    foreign_keys = [meaning for (kind, _), meaning in migrated.items() if kind == "constraint" and "FOREIGN" in meaning]
    assert len(foreign_keys) == 2
    assert all(meaning.endswith("REFERENCES auth.users(id) ON DELETE CASCADE") for meaning in foreign_keys)


@pytest.mark.parametrize(
    ("one", "two", "stays"),
    [
        (
            {"stripe_customer_id": "cus_1", "updated_at": TUESDAY, "created_at": MONDAY},
            {"stripe_customer_id": "cus_2", "updated_at": MONDAY, "created_at": TUESDAY},
            "cus_1",
        ),
        (
            {"stripe_customer_id": "cus_1", "updated_at": MONDAY, "created_at": MONDAY},
            {"stripe_customer_id": "cus_2", "updated_at": MONDAY, "created_at": TUESDAY},
            "cus_2",
        ),
        (
            {"stripe_customer_id": "cus_1", "updated_at": None, "created_at": TUESDAY},
            {"stripe_customer_id": "cus_2", "updated_at": MONDAY, "created_at": MONDAY},
            "cus_2",
        ),
    ],
    ids=["by updated_at", "then by created_at", "no time is oldest"],
)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
async def test_the_newest_row_of_a_user_stays(
    older: Older, shape: str, one: dict[str, str], two: dict[str, str], stays: str, *, turned: bool
) -> None:
    older.set_up(shape)
    alice, bob = new_user(older.connection), new_user(older.connection)
    needed = {"status": "active"} if shape == FULL else {}
    for row in [two, one] if turned else [one, two]:
        older.add(alice, **needed, **row)
    older.add(bob, **needed, stripe_customer_id="cus_bob", updated_at=MONDAY)
    kept = next(row for row in older.rows(alice) if row["stripe_customer_id"] == stays)

    await older.migrate()

    (row,) = older.rows(alice)
    assert {name: row[name] for name in kept} == kept
    assert [row["stripe_customer_id"] for row in older.rows(bob)] == ["cus_bob"]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
async def test_of_two_as_new_the_one_that_knows_the_customer_stays(older: Older, shape: str, *, turned: bool) -> None:
    older.set_up(shape)
    user_id = new_user(older.connection)
    known, unknown = str(uuid.uuid4()), str(uuid.uuid4())
    rows: list[dict[str, object]] = [{"id": known, "stripe_customer_id": "cus_1"}, {"id": unknown}]
    for row in reversed(rows) if turned else rows:
        needed = {"status": "active"} if shape == FULL else {}
        older.add(user_id, **needed, **row, updated_at=MONDAY, created_at=MONDAY)

    await older.migrate()

    assert [str(row["id"]) for row in older.rows(user_id)] == [known]


async def test_what_the_newest_lacks_comes_from_rows_that_do_not_contradict_it(older: Older) -> None:
    older.set_up(FULL)
    user_id, other = new_user(older.connection), new_user(older.connection)

    def add(user_id: str, day: int, customer: str | None, subscription: str | None, status: str) -> None:
        older.add(
            user_id,
            stripe_customer_id=customer,
            stripe_subscription_id=subscription,
            stripe_price_id=f"price_{day}",
            status=status,
            updated_at=f"2026-03-0{day} 00:00:00+00",
        )

    add(user_id, 5, None, None, "incomplete")
    add(user_id, 4, "cus_new", None, "active")
    add(user_id, 3, "cus_old", "sub_of_old", "canceled")
    add(user_id, 2, "cus_new", "sub_of_new", "active")
    add(other, 5, "cus_other", None, "active")
    add(other, 4, "cus_before", "sub_before", "active")

    await older.migrate()

    def facts(user_id: str) -> list[tuple[object, ...]]:
        names = ("stripe_customer_id", "stripe_subscription_id", "status", "stripe_price_id")
        return [tuple(row[name] for name in names) for row in older.rows(user_id)]

    assert facts(user_id) == [("cus_new", "sub_of_new", "incomplete", "price_5")]
    assert facts(other) == [("cus_other", None, "active", "price_5")]
    assert older.rows(user_id)[0]["updated_at"].isoformat() == "2026-03-05T00:00:00+00:00"


async def test_a_status_that_the_newest_lacks_is_filled_too(older: Older) -> None:
    older.set_up(FULL + "alter table public.subscriptions alter column status drop not null;")
    user_id = new_user(older.connection)
    older.add(user_id, stripe_customer_id="cus_1", stripe_subscription_id="sub_2", updated_at=TUESDAY)
    older.add(user_id, stripe_customer_id="cus_1", stripe_subscription_id="sub_1", status="canceled", updated_at=MONDAY)
    older.add(user_id, stripe_customer_id="cus_1", status="active", updated_at="2026-01-01 00:00:00+00")

    await older.migrate()

    assert [row["status"] for row in older.rows(user_id)] == ["active"]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_new_checkouts_are_recorded_over_the_older_tables(older: Older, shape: str) -> None:
    older.set_up(shape)
    known, unknown = new_user(older.connection), new_user(older.connection)
    for customer in ("cus_1", "cus_2"):
        older.add(known, stripe_customer_id=customer, **({"status": "active"} if shape == FULL else {}))
    await older.migrate()
    (before,) = older.rows(known)

    for user_id in (known, unknown):
        answer = older.as_service_role(
            "select public.record_subscription(%s, 'cus_9', 'sub_' || %s, 'active', 'cs_9', now(), now()) as written",
            user_id,
            user_id,
        )
        assert answer == {"written": True}

    for user_id in (known, unknown):
        (row,) = older.rows(user_id)
        assert (row["stripe_customer_id"], row["status"], row["checkout_session_id"]) == ("cus_9", "active", "cs_9")
    assert older.rows(known)[0]["id"] == before["id"]


async def test_demands_of_an_older_table_that_no_event_meets_are_lifted(older: Older) -> None:
    older.set_up(
        FULL
        + """
        alter table public.subscriptions alter column stripe_price_id set not null;
        alter table public.subscriptions alter column current_period_end set not null;
        """
    )
    user_id = new_user(older.connection)
    await older.migrate()

    answer = older.as_service_role(
        "select public.record_subscription(%s, 'cus_9', null, 'paid', 'cs_9', now(), now()) as written", user_id
    )

    assert answer == {"written": True}
