"""record_subscription: the newest paid checkout wins, else the newest, in whatever order the events arrive."""

import itertools
import uuid
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import DictRow, dict_row

from pds_stack.supabase import Supabase

from .conftest import new_user
from .subscription_events import (
    CALL,
    LATER_UNPAID,
    OLDER,
    PAID,
    PAID_AT_ONCE,
    SAME_SECOND,
    UNPAID,
    WITHOUT_STATUS,
    Event,
    expected,
    record,
    rows,
)


@pytest.fixture
def service_role(project: Supabase) -> Iterator[psycopg.Connection[DictRow]]:
    """A connection with the service role's rights."""
    with psycopg.connect(project.database_url, autocommit=True, row_factory=dict_row) as connection:
        connection.execute("set role service_role")
        yield connection


@pytest.mark.parametrize(
    "events",
    [
        [UNPAID, PAID],
        [UNPAID, SAME_SECOND],
        [UNPAID, PAID, SAME_SECOND],
        [UNPAID, PAID_AT_ONCE],
        [LATER_UNPAID, WITHOUT_STATUS],
        [OLDER, UNPAID, LATER_UNPAID],
        [UNPAID, PAID, SAME_SECOND, LATER_UNPAID, WITHOUT_STATUS],
    ],
    ids=[
        *("one checkout", "two in one second", "three events", "a tie", "an unpaid tie"),
        *("unpaid ones after a paid one", "five events"),
    ],
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
    """Draw events of several checkouts, some in one second, in an order of arrival, with repetitions.

    A checkout's ids are facts: an event tells them or leaves them out, but never tells others, and a paid one tells
    them. What was paid stays paid: only in the second of the payment may another event say otherwise.
    """
    events: list[Event] = []
    for number in range(draw(st.integers(1, 3))):
        session, created = draw(st.sampled_from("aBc")) + str(number), draw(st.integers(0, 1))
        paid_at = draw(st.one_of(st.none(), st.integers(0, 3)))
        for at in draw(st.lists(st.integers(0, 3), min_size=1, max_size=4)):
            statuses = [None, "incomplete", "unpaid"] if paid_at is None or at <= paid_at else []
            status = draw(st.sampled_from([*statuses, *(["active"] if paid_at is not None and at >= paid_at else [])]))
            ids = {"customer": f"cus_{session}", "subscription": f"sub_{session}"}
            told = {name: value for name, value in ids.items() if status == "active" or draw(st.booleans())}
            events.append(Event(session, created, at, status, **told))
    again = draw(st.lists(st.sampled_from(events), max_size=2))
    return draw(st.permutations(events + again))


# The connections are shared by the examples on purpose: each example has a user of its own.
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrived=histories())
def test_any_history_ends_as_its_newest_checkout_has_it(
    database: psycopg.Connection[DictRow], service_role: psycopg.Connection[DictRow], arrived: list[Event]
) -> None:
    user_id = new_user(database)
    for seen, event in enumerate(arrived, 1):
        written = record(service_role, user_id, event)
        row = expected(arrived[:seen])
        assert written == (event.session == row["checkout_session_id"])
        assert rows(database, user_id) == [row]


def test_an_unpaid_checkout_leaves_a_paid_one_in_its_place(
    database: psycopg.Connection[DictRow], service_role: psycopg.Connection[DictRow], user_id: str
) -> None:
    assert record(service_role, user_id, OLDER)

    assert not record(service_role, user_id, LATER_UNPAID)
    assert rows(database, user_id) == [expected([OLDER])]


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


@pytest.mark.parametrize(
    ("status", "event", "replaced"),
    [
        ("active", PAID, True),
        ("active", UNPAID, False),
        ("canceled", PAID, True),
        ("canceled", UNPAID, True),
        (None, UNPAID, True),
    ],
)
def test_a_row_without_a_checkout_is_older_than_any_but_nothing_unpaid_replaces_an_active_one(
    database: psycopg.Connection[DictRow],
    service_role: psycopg.Connection[DictRow],
    user_id: str,
    status: str | None,
    event: Event,
    *,
    replaced: bool,
) -> None:
    insert = "insert into public.subscriptions (user_id, stripe_customer_id, status) values (%s, 'cus_old', %s)"
    database.execute(insert, (user_id, status))
    before = rows(database, user_id)

    assert record(service_role, user_id, event) is replaced
    assert rows(database, user_id) == ([expected([event])] if replaced else before)


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


@pytest.mark.asyncio(loop_scope="session")
async def test_an_unknown_user_has_its_own_code_through_postgrest(service: httpx.AsyncClient) -> None:
    answer = await service.post("/rpc/record_subscription", json=UNPAID.body(str(uuid.uuid4())))

    assert (answer.status_code, answer.json()["code"]) == (409, "23503")
