"""The Retry-After header: seconds, a date, or nothing that can be used."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pds_clients.retry_after import seconds_to_wait

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
DATES = st.builds(
    "{}, {:02} {} {} {:02}:{:02}:{:02} {}".format,
    st.sampled_from(["Fri", "Mon", "x"]),
    st.integers(0, 40),
    st.sampled_from(["Jan", "May", "Dec", "Foo"]),
    st.integers(-1, 10**25),
    st.integers(0, 30),
    st.integers(0, 70),
    st.integers(0, 70),
    st.sampled_from(["GMT", "+0200", "-0000", "+9999", "-99999999", "EST", ""]),
)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *[("0", 0), ("7", 7), (" 7 ", 7), ("2.5", 2.5), ("3600", 3600), ("3601", 3600), ("-1", 0), ("1e9", 3600)],
        *[("Fri, 01 May 2026 12:00:30 GMT", 30), ("Friday, 01-May-26 12:00:30 GMT", 30)],
        *[("Fri, 01 May 2026 14:00:30 +0200", 30), ("Fri, 01 May 2026 12:00:30 -0000", 30)],
        *[("Fri, 01 May 2026 11:59:59 GMT", 0), ("Fri, 01 May 2026 14:00:00 GMT", 3600)],
        *[(None, None), ("", None), ("soon", None), ("nan", None), ("inf", None), ("-inf", None), ("1,5", None)],
        *[("Fri, 01 May 99999999999999999999 12:00:00 GMT", None), ("Fri, 32 May 2026 12:00:00 GMT", None)],
    ],
)
def test_headers(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, NOW) == seconds


@given(st.text() | DATES | st.floats().map(str) | st.integers().map(str))
@example("9" * 5000)
def test_whatever_is_sent_the_wait_is_none_or_at_most_an_hour(header: str) -> None:
    seconds = seconds_to_wait(header, NOW)
    assert seconds is None or 0 <= seconds <= 3600


@given(st.integers(0, 3600))
def test_a_date_and_its_seconds_are_the_same_wait(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert seconds_to_wait(date, NOW) == seconds_to_wait(str(seconds), NOW) == seconds


def test_without_a_time_the_clock_s_is_taken() -> None:
    seconds = seconds_to_wait(format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True))
    assert seconds is not None
    assert 90 < seconds <= 100
