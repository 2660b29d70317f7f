"""Events of checkouts for record_subscription, and what its row has to hold once they have arrived."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import DictRow

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


def rank(event: Event) -> tuple[bool, int, str]:
    """What decides whose checkout the row tells of."""
    return (event.status == "active", event.created, event.session)


def expected(events: list[Event]) -> dict[str, object]:
    """Say what the row holds once all the events have arrived."""
    winner = max(events, key=rank)
    of_winner = [event for event in events if event.session == winner.session]
    told = sorted(of_winner, key=lambda event: (event.at, event.status == "active", event.status or ""), reverse=True)

    def known(name: str) -> object:
        return next((value for event in told if (value := getattr(event, name)) is not None), None)

    return {
        "stripe_customer_id": known("customer"),
        "stripe_subscription_id": known("subscription"),
        "status": told[0].status,
        "checkout_session_id": winner.session,
        "checkout_created_at": START + timedelta(seconds=winner.created),
        "event_created_at": START + timedelta(seconds=told[0].at),
    }


def record(connection: psycopg.Connection[DictRow], user_id: str, event: Event) -> bool:
    row = connection.execute(CALL, event.arguments(user_id)).fetchone()
    assert row is not None
    return bool(row["written"])


def rows(connection: psycopg.Connection[DictRow], user_id: str) -> list[DictRow]:
    return connection.execute(ROWS, (user_id,)).fetchall()


UNPAID = Event("cs_1", created=0, at=5, status="incomplete", customer="cus_1", subscription="sub_1")
PAID = replace(UNPAID, at=90, status="active")
PAID_AT_ONCE = replace(UNPAID, status="active")
SAME_SECOND = Event("cs_0", created=0, at=200, status="active", customer="cus_0", subscription="sub_0")
OLDER = Event("cs_9", created=-60, at=0, status="active", customer="cus_9", subscription="sub_9")
LATER = Event("cs_2", created=60, at=61, status="active", customer="cus_2", subscription="sub_2")
LATER_UNPAID = Event("cs_3", created=90, at=91, status="incomplete", customer="cus_3", subscription="sub_3")
WITHOUT_STATUS = Event("cs_3", created=90, at=91, status=None)
