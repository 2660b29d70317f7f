"""The protocol as a whole, within small bounds: every interleaving keeps its promises."""

import pytest

from explorer import whole
from explorer.scenario import Scenario
from explorer.search import Search

MOST_STATES = 200_000


@pytest.mark.parametrize("scenario", whole.small(), ids=lambda scenario: scenario.name)
def test_no_interleaving_breaks_a_promise(scenario: Scenario) -> None:
    found = Search(scenario).run(MOST_STATES)
    assert not found.broken, "\n".join((found.broken, *found.trace))
    assert found.complete


@pytest.mark.parametrize(("scenario", "promise"), whole.REMAINS, ids=lambda value: getattr(value, "name", ""))
def test_what_remains_is_found(scenario: Scenario, promise: str) -> None:
    """What the docs name as beyond any client is not beyond the explorer."""
    found = Search(scenario, promise).run(MOST_STATES)
    assert found.broken == promise


def test_the_large_bounds_have_names_of_their_own() -> None:
    names = [scenario.name for scenario in whole.large()]
    assert len(set(names)) == len(names)
