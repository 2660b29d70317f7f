"""What the command does: the searches to make, each in a process of its own, and what is said of them."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from explorer import whole
from explorer.catalogue import RULES
from explorer.rules import switched
from explorer.scenario import Scenario
from explorer.search import Result, Search

MOST_STATES = 20_000_000


@dataclass(frozen=True)
class Job:
    """A search to make: of the protocol as a whole, or without a rule (by its name)."""

    name: str
    scenario: Scenario
    rule: str = ""


@dataclass(frozen=True)
class Done:
    """A search made, and whether it found what it should."""

    job: Job
    result: Result
    good: bool


def jobs(*, large: bool) -> Iterator[Job]:
    """Yield all searches, those that take longest first."""
    scenarios = whole.large() if large else whole.small()
    yield from (Job(each.name, each) for each in scenarios)
    yield from (Job(f"without {rule.name}", rule.scenario_without, rule.name) for rule in RULES)


def search(job: Job) -> Done:
    """Make a search."""

    def progress(states: int) -> None:
        print(f"  … {job.name}: {states:,} states", file=sys.stderr, flush=True)  # noqa: T201 - for a person

    if not job.rule:
        result = Search(job.scenario).run(MOST_STATES, progress)
        return Done(job, result, good=not result.broken and result.complete)
    rule = next(each for each in RULES if each.name == job.rule)
    with switched(rule.always + rule.switches):
        result = Search(job.scenario, rule.breaks).run(MOST_STATES, progress)
    return Done(job, result, good=result.broken == rule.breaks)


def told(done: Done) -> Iterator[str]:
    """Say what came of a search: one line, and the trace where it is a counterexample that should not be."""
    result, scenario = done.result, done.job.scenario
    found = result.broken or ("holds" if result.complete else f"not finished at {MOST_STATES:,} states")
    mark = "  " if done.good else "! "
    bounds = f"{scenario.fault_budget} of {len(tuple(scenario.faults))} faults"
    if scenario.acts:
        bounds += f", {scenario.act_budget} of {len(tuple(scenario.acts))} acts"
    yield f"{mark}{done.job.name:<75} {bounds:<28} {result.states:>11,} states {result.seconds:>7.1f} s  {found}"
    if not done.good:
        yield from (f"      {number}. {line}" for number, line in enumerate(result.trace, 1))
