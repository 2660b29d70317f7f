"""What the matrix is made of: configurations and roads, and on each road every exchange with every fault."""

import fnmatch
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from faults.fault import WITHOUT_PAUSES, Fault

Repeated = Literal["same", "conflict", "second"]
Check = Literal["available", "404"]
Redeploy = Literal["probe", "idempotent", "hold"]


@dataclass(frozen=True)
class Configuration:
    """What kind of backend the operator meets, and what it is told to do about doubts.

    Args:
        repeated: What the backend does with a second deploy of a hostname: the same PDS, 409, or a second PDS.
        check: Whether it has check-pds.
        redeploy: The operator's PDS_REDEPLOY.
    """

    repeated: Repeated
    check: Check
    redeploy: Redeploy

    def __str__(self) -> str:
        return f"{self.repeated}-{self.check}-{self.redeploy}"

    @property
    def may_make_more(self) -> bool:
        """Whether a lost answer may cost one more PDS, as ``docs/protocol.md`` has it.

        Only a backend that makes a second PDS can be made to, and only by an operator that repeats a deploy in doubt:
        ``idempotent`` always does, since it is told that the backend minds the Idempotency-Key; ``probe`` only where
        there is no probe to ask; ``hold`` never does.
        """
        return self.repeated == "second" and (
            self.redeploy == "idempotent" or (self.redeploy == "probe" and self.check == "404")
        )


CONFIGURATIONS = tuple(
    Configuration(repeated, check, redeploy)
    for repeated in ("same", "conflict", "second")
    for check in ("available", "404")
    for redeploy in ("probe", "idempotent", "hold")
)


class OperatorRoad(StrEnum):
    """What has happened to a customer of the operator before the fault."""

    CLEAN = "clean"
    """Nothing: every exchange from the resource's first look until it is Ready."""
    LOST = "lost"
    """The deploy took effect and its answer was lost: every exchange from there until the customer is Ready."""


class WebhookRoad(StrEnum):
    """What the webhook has before it when the delivery that meets the fault comes."""

    FIRST = "first"
    """Nothing: the user's first checkout."""
    AGAIN = "again"
    """The same event was accepted before."""
    NEWER = "newer"
    """Another checkout of the user was accepted before, and nothing is deployed yet."""
    BY_HAND = "by-hand"
    """An admin has made the user's resource."""


WEBHOOK = "webhook"
AFTER_A_FAULT = (Fault.KILL_BEFORE, Fault.KILL_AFTER, Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.HTML_AFTER)
"""What strikes a second time, where one answer was lost already: one fault of each kind. (On the other roads: all.)"""


@dataclass(frozen=True)
class Table:
    """One table of the matrix: a configuration (or the webhook) and a road. Its name is ``CONFIGURATION/ROAD``."""

    configuration: Configuration | None
    road: OperatorRoad | WebhookRoad

    def __str__(self) -> str:
        return f"{self.configuration or WEBHOOK}/{self.road}"

    def faults(self, *, deep: bool) -> tuple[Fault, ...]:
        """Return the faults that its exchanges are struck with; ``deep``: all, on every road."""
        return AFTER_A_FAULT if self.road is OperatorRoad.LOST and not deep else WITHOUT_PAUSES


OPERATOR_TABLES = {
    configuration: tuple(Table(configuration, road) for road in OperatorRoad) for configuration in CONFIGURATIONS
}
WEBHOOK_TABLES = tuple(Table(None, road) for road in WebhookRoad)


@dataclass(frozen=True)
class Cell:
    """One fault at one exchange. Its name is ``CONFIGURATION/ROAD:K:FAULT``.

    Args:
        table: Where it stands.
        number: The exchange, counted from the customer's first.
        fault: What becomes of it.
    """

    table: Table
    number: int
    fault: Fault

    def __str__(self) -> str:
        return f"{self.table}:{self.number}:{self.fault}"


@dataclass(frozen=True)
class Selection:
    """Which cells are run.

    Args:
        only: Patterns of names, as the shell's; a name's beginning up to a colon serves as well. None: all.
        share: Which share of those, chosen by the seed.
        seed: Chooses.
        deep: Whether a second fault may be any; else it is one of each kind.
    """

    only: Sequence[str] = ()
    share: float = 1.0
    seed: int = 0
    deep: bool = False

    def of(self, table: Table, rows: Sequence[str], first: int) -> list[Cell]:
        """Return the selected cells of a table.

        Args:
            table: The table.
            rows: Its exchanges, from the customer's first.
            first: The number of the first that is struck.
        """
        faults = table.faults(deep=self.deep)
        cells = (Cell(table, number, fault) for number in range(first, len(rows) + 1) for fault in faults)
        return [cell for cell in cells if cell in self]

    def __contains__(self, cell: Cell) -> bool:
        name = str(cell)
        named = not self.only or any(
            fnmatch.fnmatchcase(name, form) for each in self.only for form in (each, f"{each}:*")
        )
        # Each cell draws for itself, so that the others' number does not matter.
        return named and (self.share >= 1 or random.Random(f"{self.seed} {name}").random() < self.share)  # noqa: S311 - a sample

    def may_hold(self, table: Table) -> bool:
        """Whether any cell of a table may be selected, as far as its name tells."""
        return not self.only or any(fnmatch.fnmatchcase(str(table), each.split(":")[0]) for each in self.only)
