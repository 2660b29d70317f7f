"""No fault at all, the watch cut and late at random: every customer is deployed exactly once, by one POST."""

from collections.abc import Mapping

import pytest

from soak.no_fault import run_once

CUSTOMERS = 150


@pytest.mark.timeout(300)  # the wait for the last one is generous, for machines that are busy
async def test_without_a_fault_nobody_is_deployed_twice_though_watches_are_late_and_cut(
    stack: Mapping[str, str],
) -> None:
    figures = await run_once(stack, CUSTOMERS, seed=1, tell=print)
    assert figures.faults() == [], figures
    assert figures.watches_cut > 0, "no watch was cut: the run shows nothing"
    assert figures.pieces_late > 0, "no watch was late: the run shows nothing"
