"""The times that a person gives, and what Stripe is asked for them."""

from datetime import UTC, datetime

import pytest

from pds_webhook.backfill.window import NotATime, Window, moment, shown

NOW = datetime(2026, 11, 23, 6, 30, 15, 999999, tzinfo=UTC)
HOUR = 3600


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-01", "2026-11-01T00:00:00Z"),
        ("2026-11-01T06:30:00Z", "2026-11-01T06:30:00Z"),
        ("2026-11-01 06:30", "2026-11-01T06:30:00Z"),
        ("2026-11-01T06:30:00+02:00", "2026-11-01T04:30:00Z"),
        ("2h", "2026-11-23T04:30:15Z"),
        ("72h", "2026-11-20T06:30:15Z"),
        ("3d", "2026-11-20T06:30:15Z"),
        ("0h", "2026-11-23T06:30:15Z"),
    ],
)
def test_dates_and_times_ago_are_read_as_utc(text: str, read: str) -> None:
    assert shown(moment(text, NOW)) == read
    assert moment(shown(moment(text, NOW)), NOW) == moment(text, NOW)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "3", "3w", "-3d", "3 d", "3.5h", "٣h", "999999d", "2026-13-01", "2026-11-31", "1e3h"]
)
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(NotATime, match="2026-11-01T06:30:00Z, or a time ago as 72h or 3d"):
        moment(text, NOW)


@pytest.mark.parametrize("text", ["2026-11-23T06:31:00Z", "2027-01-01", "2026-11-23T06:30:16"])
def test_what_lies_ahead_is_said(text: str) -> None:
    with pytest.raises(NotATime, match="lies ahead"):
        moment(text, NOW)


def test_sessions_that_were_completed_a_day_after_their_creation_are_listed() -> None:
    since, until = moment("2h", NOW), moment("1h", NOW)
    window = Window(since, until)
    assert window.created_from == int(since.timestamp()) - 24 * HOUR
    assert window.created_to == int(until.timestamp())
    assert Window(since).created_to is None


def test_it_is_empty_only_where_no_session_can_be_in_it() -> None:
    since = moment("2h", NOW)
    assert [Window(since, moment(until, NOW)).empty for until in ("1h", "2h", "26h")] == [False] * 3
    assert Window(since, moment("27h", NOW)).empty
    assert not Window(since).empty


def test_nothing_before_1970_is_asked_for() -> None:
    assert Window(moment("1970-01-01", NOW)).created_from == 0
