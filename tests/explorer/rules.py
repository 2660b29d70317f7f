"""What a rule of the design is to the explorer: a way to leave it out, and the smallest scenario that needs it."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from explorer.scenario import Omission, Scenario


@dataclass(frozen=True)
class Switch:
    """A function or constant of the product, and what takes its place.

    Args:
        where: The module or class.
        name: Its name there.
        instead: Makes the replacement from the original.
    """

    where: object
    name: str
    instead: Callable[[Any], Any]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule, and how to do without it.

    Args:
        name: A short name.
        says: What the design says.
        scenario: The smallest scenario that needs it.
        breaks: The promise that is broken without it.
        switches: What is replaced in the product.
        omits: What is left out in the world, for a rule that the glue, SQL or etcd keeps.
        without: The scenario without the rule, where a setting is what keeps it.
        always: What is replaced with the rule and without it.
    """

    name: str
    says: str
    scenario: Scenario
    breaks: str
    switches: tuple[Switch, ...] = ()
    omits: Omission | None = None
    without: Scenario | None = None
    always: tuple[Switch, ...] = ()

    @property
    def scenario_without(self) -> Scenario:
        """The scenario in which the rule does not hold."""
        scenario = self.without or self.scenario
        return replace(scenario, omitted=frozenset({self.omits})) if self.omits else scenario


@contextlib.contextmanager
def switched(switches: tuple[Switch, ...]) -> Iterator[None]:
    """Replace parts of the product for a while."""
    with contextlib.ExitStack() as stack:
        for switch in switches:
            original = switch.where.__dict__[switch.name]
            stack.enter_context(patch.object(switch.where, switch.name, switch.instead(original)))
        yield
