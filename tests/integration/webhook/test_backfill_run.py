"""A backfill makes exactly the resources that the lost deliveries would have made, as often as it is run."""

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import psycopg
import pytest

from pds_clients.kubernetes import KubernetesApi
from pds_contract.resource import (
    CHECKOUT_PAID_ANNOTATION,
    CHECKOUT_SESSION_ANNOTATION,
    STRIPE_EVENT_ANNOTATION,
    PdsProvision,
    provision_name,
)
from pds_stack.events import checkout_event
from stages.backfill_stage import CREATED, SINCE, BackfillStage, Json, backfill_stage

DAY = 24 * 3600


@pytest.fixture
async def stage(
    stack: Mapping[str, str],
    api: KubernetesApi,
    namespace: str,
    database: psycopg.Connection,
    new_user: Callable[[], str],
) -> AsyncIterator[BackfillStage]:
    async with backfill_stage(stack, api, namespace, database, new_user) as made:
        yield made


def user_of(event: Json) -> str:
    user_id: str = event["data"]["object"]["metadata"]["user_id"]
    return user_id


def versions(resources: Mapping[str, PdsProvision]) -> dict[str, str]:
    return {user_id: made.metadata.resource_version for user_id, made in resources.items()}


def asked_for(resources: Mapping[str, PdsProvision]) -> dict[str, tuple[Any, ...]]:
    """What each asks for, and for which checkout; a list tells of no event."""
    told = (CHECKOUT_PAID_ANNOTATION, STRIPE_EVENT_ANNOTATION)
    return {
        user_id: (made.spec, {name: value for name, value in made.metadata.annotations.items() if name not in told})
        for user_id, made in resources.items()
    }


@pytest.fixture
async def other_namespace(api: KubernetesApi) -> str:
    """Where every event is delivered, as if none had been lost."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    await api.call("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
    return name


async def test_thirty_sessions_of_which_a_third_was_never_delivered(stage: BackfillStage, other_namespace: str) -> None:
    good = [stage.listed(stage.checkout(username=f"name-{n}", disksize_gb=10 + n)) for n in range(23)]
    returning = user_of(good[0])  # comes back with a second checkout, whose delivery is lost
    good.append(stage.listed(stage.checkout(returning, username="second-name")))
    lost = good[14:]
    unpaid = stage.listed(stage.checkout(payment_status="unpaid"))
    stage.listed(checkout_event(email="a@a.example", created=CREATED))
    invalid = stage.listed(stage.checkout(disksize_gb="huge"))
    unknown = stage.listed(stage.checkout(str(uuid.uuid4())))
    live = stage.listed(stage.checkout(livemode=True))
    canceled = stage.listed(stage.checkout(), "canceled")
    everybody = {user_of(event) for event in (*good, unpaid, invalid, unknown, live, canceled)}
    for event in good[:14]:
        assert await stage.deliver(event) == "accepted"
    before, rows_before = await stage.resources(), stage.rows(everybody)
    nobody_can_help = {user_of(event) for event in (invalid, unknown, live)}
    made_by_it = {user_of(event) for event in lost} - {returning}

    rehearsed = await stage.backfill("--dry-run")
    assert rehearsed.code == 3, rehearsed.stderr
    assert rehearsed.users("accepted") == made_by_it
    assert rehearsed.users("paid_without_resource") == nobody_can_help
    assert versions(await stage.resources()) == versions(before), "a dry run wrote a resource"
    assert stage.rows(everybody) == rows_before, "a dry run wrote a row"

    first = await stage.backfill()
    assert first.code == 3, first.stderr
    assert first.report["codes"] == {
        "accepted": 9,
        "already_accepted": 13,
        "updated": 1,
        "superseded": 1,
        "payment_pending": 1,
        "ignored": 1,
        "invalid_disksize": 1,
        "unknown_user": 1,
        "livemode_mismatch": 1,
        "subscription_inactive": 1,
    }
    assert first.report["codes"] == rehearsed.report["codes"], "the dry run foretold something else"
    assert first.users("accepted") == made_by_it
    assert first.users("paid_without_resource") == nobody_can_help
    assert first.users("subscription_inactive") == {user_of(canceled)}
    assert first.users("paid_twice") == {returning}
    assert f"of user {user_of(invalid)}: invalid_disksize: paid, but pds_disksize_gb" in first.stderr
    assert "@" not in first.stdout + first.stderr, "an e-mail address was told"

    for event in (*good, unpaid, invalid, unknown, live):
        await stage.deliver(event, other_namespace)
    after = await stage.resources()
    assert asked_for(after) == asked_for(await stage.resources(other_namespace))
    assert len(after) == 23
    assert after[returning].spec.username == "second-name"
    rows = stage.rows(everybody)
    assert {user_id: row[1] for user_id, row in rows.items()} == {
        **{user_of(event): "active" for event in good},
        user_of(unpaid): "incomplete",
        user_of(invalid): "active",
    }

    second = await stage.backfill()
    assert (second.code, second.report["accepted"]) == (3, []), second.stderr
    assert versions(await stage.resources()) == versions(after), "the second run wrote a resource"
    assert stage.rows(everybody) == rows, "the second run wrote a row"

    # A person makes the resources that no session of theirs can make; the next run has nothing to tell.
    for user_id in nobody_can_help:
        await stage.provisions().create(
            provision_name(user_id), {"userId": user_id, "email": "by-hand@a.example"}, annotations={}
        )
    third = await stage.backfill()
    assert (third.code, third.report["paid_without_resource"]) == (0, []), third.stderr
    assert third.report["codes"]["invalid_disksize"] == 1


async def test_of_two_lost_checkouts_the_newer_one_counts(stage: BackfillStage) -> None:
    older = stage.listed(stage.checkout(username="older"))
    user_id = user_of(older)
    newer = stage.listed(stage.checkout(user_id, username="newer"))

    rehearsed, done = await stage.backfill("--dry-run"), await stage.backfill()
    assert rehearsed.report["codes"] == done.report["codes"] == {"accepted": 1, "superseded": 1}
    assert [entry["session_id"] for entry in done.report["paid_twice"]] == [older["data"]["object"]["id"]]
    made = (await stage.resources())[user_id]
    assert made.spec.username == "newer"
    assert made.metadata.annotations[CHECKOUT_SESSION_ANNOTATION] == newer["data"]["object"]["id"]
    assert made.metadata.generation == 1, "it was made at once as it is wanted"


async def test_after_a_canceled_subscription_the_one_before_it_counts(stage: BackfillStage) -> None:
    older = stage.listed(stage.checkout(username="kept"), "past_due")
    stage.listed(stage.checkout(user_of(older), username="canceled"), "canceled")

    done = await stage.backfill()
    assert done.report["codes"] == {"accepted": 1, "subscription_inactive": 1}
    assert (await stage.resources())[user_of(older)].spec.username == "kept"


@pytest.mark.parametrize("status", ["canceled", "unpaid", "paused", "incomplete_expired"])
async def test_nothing_is_made_or_stored_for_who_no_longer_pays(stage: BackfillStage, status: str) -> None:
    event = stage.listed(stage.checkout(), status)
    done = await stage.backfill()
    assert (done.code, done.report["codes"]) == (0, {"subscription_inactive": 1})
    assert (await stage.resources(), stage.rows({user_of(event)})) == ({}, {})


async def test_a_payment_whose_news_was_lost_turns_the_row_paid(stage: BackfillStage) -> None:
    event = stage.checkout(payment_status="unpaid")
    told_an_hour_later = {**event, "created": event["created"] + 3600}
    assert await stage.deliver(told_an_hour_later) == "payment_pending"
    event["data"]["object"]["payment_status"] = "paid"
    stage.listed(event)

    assert (await stage.backfill()).report["codes"] == {"accepted": 1}
    assert stage.rows({user_of(event)})[user_of(event)][1] == "active"
    late = {**told_an_hour_later, "data": {"object": {**event["data"]["object"], "payment_status": "unpaid"}}}
    assert await stage.deliver(late) == "payment_pending"
    assert stage.rows({user_of(event)})[user_of(event)][1] == "active", "a late event took the payment back"


async def test_a_resource_that_somebody_else_made_is_asked_to_retry(stage: BackfillStage) -> None:
    event = stage.listed(stage.checkout(username="asked"))
    user_id = user_of(event)
    await stage.provisions().create(
        provision_name(user_id), {"userId": user_id, "email": "by-hand@a.example"}, annotations={}
    )
    assert (await stage.backfill("--dry-run")).report["codes"] == {"retry_requested": 1}
    assert (await stage.backfill()).report["codes"] == {"retry_requested": 1}
    made = (await stage.resources())[user_id]
    assert (made.spec.username, made.retry) == (None, event["data"]["object"]["id"])
    assert (await stage.backfill()).report["codes"] == {"already_accepted": 1}


async def test_the_window_is_of_completion_as_far_as_stripe_tells(stage: BackfillStage) -> None:
    sessions = {
        age: stage.listed(checkout_event(email="a@a.example", created=CREATED - age))["data"]["object"]["id"]
        for age in (0, DAY, DAY + 1)
    }
    done = await stage.backfill("--until", SINCE.isoformat())
    assert done.report["looked_at"] == 2, sessions
    (asked,) = stage.stripe.asked
    assert dict(asked.parameters)["created[gte]"] == str(CREATED - DAY)
    assert dict(asked.parameters)["created[lte]"] == str(CREATED)
