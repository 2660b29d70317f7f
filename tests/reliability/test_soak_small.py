"""A little of what ``python -m soak faults`` does: random faults, kills and pauses, and everybody is served once."""

from collections.abc import Mapping

import pytest

from soak.__main__ import show
from soak.everything import Soak, run
from soak.schedule import plan

CUSTOMERS = 60
SECONDS = 20.0
SEED = 4
LEAST_FAULTS = 5
"""Of the about twenty that are planned; one that meets no exchange in time, on a machine that is busy, is dropped."""


@pytest.mark.timeout(400)  # the end alone may take four minutes on a machine that is busy
async def test_whatever_fails_everybody_who_paid_is_served_exactly_once(stack: Mapping[str, str]) -> None:
    report = await run(stack, Soak(SEED, CUSTOMERS, SECONDS), print)
    assert report.verdict.holds, show(report)
    assert report.injected.total() >= LEAST_FAULTS, "too little went wrong to show anything"
    assert report.restarts.total() > 0, "no process died: the run shows nothing"


def test_a_schedule_is_its_seeds() -> None:
    assert plan(7, CUSTOMERS, SECONDS) == plan(7, CUSTOMERS, SECONDS)
    assert plan(7, CUSTOMERS, SECONDS) != plan(8, CUSTOMERS, SECONDS)


def test_a_long_schedule_has_everything_in_it() -> None:
    schedule = plan(1, 2000, 600.0)
    assert len(schedule.arrivals) == 2000
    assert 500 <= len(schedule.injections) <= 700, "about a fault a second"
    assert len(schedule.planned()) == 15 + 6, "every fault, and a kill and a pause of every process"
