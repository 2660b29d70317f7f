"""A test for the test: each rule of the design, left out, gives a counterexample that the explorer finds."""

from dataclasses import replace
from functools import cache

import pytest

from explorer.catalogue import RULES
from explorer.rules import Rule, switched
from explorer.rules_of_time import WAIT_FOR_D, WAIT_FOR_S, WAIT_FOR_T
from explorer.scenario import Scenario
from explorer.search import Result, Search

MOST_STATES = 200_000


@cache
def with_all_rules(scenario: Scenario) -> Result:
    """Many rules share a scenario."""
    return Search(scenario).run(MOST_STATES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_that_is_left_out_is_missed(rule: Rule) -> None:
    with switched(rule.always + rule.switches):
        found = Search(rule.scenario_without, rule.breaks).run(MOST_STATES)
    assert found.broken == rule.breaks, f"nothing needs the rule that {rule.says}"
    assert found.trace


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_with_the_rule_the_same_scenario_holds(rule: Rule) -> None:
    if rule.always:
        with switched(rule.always):
            found = Search(rule.scenario).run(MOST_STATES)
    else:
        found = with_all_rules(rule.scenario)
    assert not found.broken, "\n".join((found.broken, *found.trace))
    assert found.complete


@pytest.mark.parametrize(
    ("scenario", "rule"),
    [
        (WAIT_FOR_D.scenario, WAIT_FOR_T),
        (WAIT_FOR_T.scenario, WAIT_FOR_D),
        (replace(WAIT_FOR_S.scenario, fault_budget=0), WAIT_FOR_S),
    ],
    ids=["D's without T", "T's without D", "S's without S, where nothing is cut"],
)
def test_each_part_of_the_wait_is_needed_for_its_own_reason(scenario: Scenario, rule: Rule) -> None:
    with switched(rule.switches):
        found = Search(scenario).run(MOST_STATES)
    assert not found.broken, "\n".join((found.broken, *found.trace))
    assert found.complete


def test_the_window_before_the_first_byte_is_known() -> None:
    """A pause between the last look at the clock and the first byte: what no client can close."""
    rule = next(rule for rule in RULES if rule.name == "hold and the window")
    found = Search(rule.scenario_without).run(MOST_STATES)
    looked = next(index for index, line in enumerate(found.trace) if "looks at the clock: in time" in line)
    after = found.trace[looked + 1 :]
    assert "a tick passes" in after, "the pause is after the look"
    assert sum("sends the deploy" in line for line in after) == 2


def test_every_rule_has_a_name_of_its_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
