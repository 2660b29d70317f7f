"""record_subscription: the newest checkout wins, in whatever order its events arrive."""

import asyncio
import itertools
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import DictRow, dict_row

from pds_stack.supabase import Supabase

from .conftest import new_user

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
ROWS = """
select stripe_customer_id, stripe_subscription_id, status, checkout_session_id, checkout_created_at, event_created_at
from public.subscriptions where user_id = %s
"""
CALL = "select public.record_subscription(%s, %s, %s, %s, %s, %s, %s) as written"


@dataclass(frozen=True)
class Event:
    """What an event tells of a checkout; times in seconds after START."""

    session: str
    created: int
    at: int
    status: str | None
    customer: str | None = None
    subscription: str | None = None

    def arguments(self, user_id: str) -> tuple[object, ...]:
        created, at = START + timedelta(seconds=self.created), START + timedelta(seconds=self.at)
        return (user_id, self.customer, self.subscription, self.status, self.session, created, at)

    def body(self, user_id: str) -> dict[str, Any]:
        names = (
            *("p_user_id", "p_stripe_customer_id", "p_stripe_subscription_id", "p_status"),
            *("p_checkout_session_id", "p_checkout_created_at", "p_event_created_at"),
        )
        values = [value.isoformat() if isinstance(value, datetime) else value for value in self.arguments(user_id)]
        return dict(zip(names, values, strict=True))


def expected(events: list[Event]) -> dict[str, object]:
    """Say what the row holds once all the events have arrived."""
    newest = max((event.created, event.session) for event in events)
    told = sorted((event for event in events if (event.created, event.session) == newest), key=lambda event: -event.at)

    def known(name: str) -> object:
        return next((value for event in told if (value := getattr(event, name)) is not None), None)

    return {
        "stripe_customer_id": known("customer"),
        "stripe_subscription_id": known("subscription"),
        "status": told[0].status,
        "checkout_session_id": newest[1],
        "checkout_created_at": START + timedelta(seconds=newest[0]),
        "event_created_at": START + timedelta(seconds=told[0].at),
    }


@pytest.fixture
def service_role(project: Supabase) -> Iterator[psycopg.Connection[DictRow]]:
    """A connection with the service role's rights."""
    with psycopg.connect(project.database_url, autocommit=True, row_factory=dict_row) as connection:
        connection.execute("set role service_role")
        yield connection


def record(connection: psycopg.Connection[DictRow], user_id: str, event: Event) -> bool:
    row = connection.execute(CALL, event.arguments(user_id)).fetchone()
    assert row is not None
    return bool(row["written"])


def rows(connection: psycopg.Connection[DictRow], user_id: str) -> list[DictRow]:
    return connection.execute(ROWS, (user_id,)).fetchall()


UNPAID = Event("cs_1", created=0, at=5, status="unpaid", customer="cus_1", subscription="sub_1")
PAID = Event("cs_1", created=0, at=90, status="paid", customer="cus_1")
SAME_SECOND = Event("cs_0", created=0, at=200, status="paid", customer="cus_0", subscription="sub_0")
OLDER = Event("cs_9", created=-60, at=0, status="paid", customer="cus_9", subscription="sub_9")
LATER = Event("cs_2", created=60, at=61, status="paid", customer="cus_2", subscription="sub_2")
LATER_WITHOUT_STATUS = Event("cs_2", created=60, at=70, status=None)


@pytest.mark.parametrize(
    "events",
    [
        [UNPAID, PAID],
        [UNPAID, SAME_SECOND],
        [UNPAID, PAID, SAME_SECOND],
        [UNPAID, PAID, SAME_SECOND, LATER, LATER_WITHOUT_STATUS],
    ],
    ids=["one checkout", "two in one second", "three events", "five events"],
)
def test_the_row_is_the_same_in_all_orders_of_arrival(
    database: psycopg.Connection[DictRow], service_role: psycopg.Connection[DictRow], events: list[Event]
) -> None:
    for order in itertools.permutations(events):
        user_id = new_user(database)
        for event in order:
            record(service_role, user_id, event)
        assert rows(database, user_id) == [expected(events)], order


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Draw events of several checkouts, some created in one second, in an order of arrival, with repetitions.

    A checkout's ids are facts: an event tells them or leaves them out, but never tells others.
    """
    events: list[Event] = []
    for number in range(draw(st.integers(1, 3))):
        session, created = draw(st.sampled_from("aBc")) + str(number), draw(st.integers(0, 1))
        events += [
            Event(
                session,
                created,
                at,
                status=draw(st.sampled_from([None, f"status at {at}"])),
                customer=draw(st.sampled_from([None, f"cus_{session}"])),
                subscription=draw(st.sampled_from([None, f"sub_{session}"])),
            )
            for at in draw(st.lists(st.integers(0, 9), unique=True, min_size=1, max_size=3))
        ]
    again = draw(st.lists(st.sampled_from(events), max_size=2))
    return draw(st.permutations(events + again))


# The connections are shared by the examples on purpose: each example has a user of its own.
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrived=histories())
def test_any_history_ends_as_its_newest_checkout_has_it(
    database: psycopg.Connection[DictRow], service_role: psycopg.Connection[DictRow], arrived: list[Event]
) -> None:
    user_id = new_user(database)
    newest = (-1, "")
    for seen, event in enumerate(arrived, 1):
        written = record(service_role, user_id, event)
        newest = max(newest, (event.created, event.session))
        assert written == ((event.created, event.session) == newest)
        assert rows(database, user_id) == [expected(arrived[:seen])]


def test_an_event_of_the_same_second_updates_its_checkout(
    database: psycopg.Connection[DictRow], service_role: psycopg.Connection[DictRow], user_id: str
) -> None:
    record(service_role, user_id, Event("cs_1", created=0, at=5, status="unpaid"))
    record(service_role, user_id, Event("cs_1", created=0, at=5, status="paid"))

    assert rows(database, user_id)[0]["status"] == "paid"


def test_a_repeated_event_writes_nothing(
    database: psycopg.Connection[DictRow], service_role: psycopg.Connection[DictRow], user_id: str
) -> None:
    query = "select xmin::text, updated_at from public.subscriptions where user_id = %s"
    record(service_role, user_id, UNPAID)
    record(service_role, user_id, PAID)
    before = database.execute(query, (user_id,)).fetchone()

    assert record(service_role, user_id, PAID)
    assert record(service_role, user_id, UNPAID)

    assert before is not None
    assert database.execute(query, (user_id,)).fetchone() == before


def test_a_row_without_a_checkout_is_older_than_any(
    database: psycopg.Connection[DictRow], service_role: psycopg.Connection[DictRow], user_id: str
) -> None:
    database.execute(
        "insert into public.subscriptions (user_id, stripe_customer_id, status) values (%s, 'cus_old', 'active')",
        (user_id,),
    )

    assert record(service_role, user_id, UNPAID)
    assert rows(database, user_id) == [expected([UNPAID])]


def test_an_unknown_user_is_a_foreign_key_violation(service_role: psycopg.Connection[DictRow]) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        record(service_role, str(uuid.uuid4()), UNPAID)


@pytest.mark.parametrize("missing", [0, 4, 5, 6], ids=["user", "session", "created", "event time"])
def test_what_the_order_depends_on_must_be_given(
    service_role: psycopg.Connection[DictRow], user_id: str, missing: int
) -> None:
    arguments = [None if place == missing else value for place, value in enumerate(UNPAID.arguments(user_id))]

    with pytest.raises(psycopg.errors.NullValueNotAllowed, match="needs a user, a checkout session"):
        service_role.execute(CALL, arguments)


@pytest.mark.parametrize("before", [[], [OLDER]], ids=["no row", "an older row"])
@pytest.mark.parametrize("turned", [False, True], ids=["newer second", "newer first"])
def test_of_two_at_once_the_second_waits_and_the_newer_stays(
    project: Supabase, database: psycopg.Connection[DictRow], user_id: str, before: list[Event], *, turned: bool
) -> None:
    first, second = (LATER, UNPAID) if turned else (UNPAID, LATER)
    answers: list[bool] = []
    with (
        psycopg.connect(project.database_url, row_factory=dict_row) as one,
        psycopg.connect(project.database_url, autocommit=True, row_factory=dict_row) as two,
    ):
        for event in before:
            record(database, user_id, event)
        assert record(one, user_id, first)
        waiting = threading.Thread(target=lambda: answers.append(record(two, user_id, second)))
        waiting.start()
        try:
            wait_until_blocked(database, two.info.backend_pid)
        finally:
            one.commit()
            waiting.join(timeout=20)

    assert answers == [second is LATER]
    assert rows(database, user_id) == [expected([UNPAID, LATER])]


def test_a_user_deleted_meanwhile_is_a_foreign_key_violation(
    project: Supabase, database: psycopg.Connection[DictRow], user_id: str
) -> None:
    record(database, user_id, UNPAID)
    failures: list[psycopg.Error] = []

    def record_later(connection: psycopg.Connection[DictRow]) -> None:
        try:
            record(connection, user_id, LATER)
        except psycopg.Error as error:
            failures.append(error)

    with (
        psycopg.connect(project.database_url) as one,
        psycopg.connect(project.database_url, autocommit=True, row_factory=dict_row) as two,
    ):
        one.execute("delete from auth.users where id = %s", (user_id,))
        waiting = threading.Thread(target=record_later, args=(two,))
        waiting.start()
        try:
            wait_until_blocked(database, two.info.backend_pid)
        finally:
            one.commit()
            waiting.join(timeout=20)

    assert [type(failure) for failure in failures] == [psycopg.errors.ForeignKeyViolation]
    assert rows(database, user_id) == []


def wait_until_blocked(database: psycopg.Connection[DictRow], pid: int) -> None:
    """Wait until a connection waits for a lock; fails after 20 s."""
    blocked = """
        do $$
        declare
          deadline timestamptz := clock_timestamp() + interval '20 seconds';
        begin
          while cardinality(pg_blocking_pids({pid})) = 0 loop
            if clock_timestamp() > deadline then
              raise exception 'the second call did not wait for the first';
            end if;
            perform pg_sleep(0.01);
          end loop;
        end;
        $$
    """
    database.execute(blocked.format(pid=int(pid)))


@pytest.mark.asyncio(loop_scope="session")
async def test_many_at_once_through_postgrest_leave_one_row(
    service: httpx.AsyncClient, database: psycopg.Connection[DictRow], user_id: str
) -> None:
    events = [
        Event(f"cs_{created}", created, at, f"status at {at}", f"cus_{created}", f"sub_{created}")
        for created in range(5)
        for at in range(4)
    ]
    # Far from the order of their times, and the same in each run.
    arrived = events[::3] + events[2::3] + events[1::3]

    answers = await asyncio.gather(
        *(service.post("/rpc/record_subscription", json=event.body(user_id)) for event in arrived)
    )

    assert [answer.status_code for answer in answers] == [200] * len(events)
    assert {answer.json() for answer in answers} <= {True, False}
    assert rows(database, user_id) == [expected(events)]


@pytest.mark.asyncio(loop_scope="session")
async def test_an_unknown_user_has_its_own_code_through_postgrest(service: httpx.AsyncClient) -> None:
    answer = await service.post("/rpc/record_subscription", json=UNPAID.body(str(uuid.uuid4())))

    assert (answer.status_code, answer.json()["code"]) == (409, "23503")
