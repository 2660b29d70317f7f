"""record_subscription called by several at once: one waits for the other, and one row stays."""

import asyncio
import threading

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from pds_stack.supabase import Supabase

from .subscription_events import LATER, OLDER, PAID, UNPAID, Event, expected, record, rows


@pytest.mark.parametrize("before", [[], [OLDER]], ids=["no row", "an older row"])
@pytest.mark.parametrize("turned", [False, True], ids=["newer second", "newer first"])
def test_of_two_at_once_the_second_waits_and_the_newer_stays(
    project: Supabase, database: psycopg.Connection[DictRow], user_id: str, before: list[Event], *, turned: bool
) -> None:
    first, second = (LATER, PAID) if turned else (PAID, LATER)
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
    assert rows(database, user_id) == [expected([PAID, LATER])]


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
