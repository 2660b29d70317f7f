"""A backend that is down in each way: few calls, no growth, and then everybody without a stampede.

The operator's clocks run six times as fast; ``python -m soak backend-down`` does it for an hour and 500 customers.
"""

import asyncio
import logging
from collections.abc import Mapping

import pytest

from soak.backend_down import run
from soak.outage_figures import Load, Way

CUSTOMERS = 24
OUTAGE = 120.0
SPEED = 6.0

_log = logging.getLogger(__name__)


@pytest.mark.timeout(400)  # the wait for the last one is generous, for machines that are busy
@pytest.mark.parametrize(
    "ways", [(Way.REFUSED, Way.HANGING), (Way.UNAVAILABLE_RETRY_AFTER, Way.UNAVAILABLE)], ids="-".join
)
async def test_a_backend_that_is_down_is_called_seldom_and_serves_all_once_it_is_back(
    stack: Mapping[str, str], ways: tuple[Way, ...]
) -> None:
    loads = [Load(way, CUSTOMERS, OUTAGE, SPEED) for way in ways]
    # Each with an operator, a backend and a namespace of its own: nearly all of the time they wait.
    every_way = await asyncio.gather(*(run(stack, load, print) for load in loads))
    for figures in every_way:
        _log.info("%s", figures)
    wrong = {str(figures): figures.faults() for figures in every_way if figures.faults()}
    assert not wrong
