"""A seeded part of the crash matrix; ``make crash-matrix`` runs the whole of it."""

from collections.abc import Mapping

import pytest

from crash_matrix.cells import CONFIGURATIONS, Cell, Configuration, OperatorRoad, Selection, Table
from crash_matrix.ground import ground
from crash_matrix.matrix import run
from crash_matrix.person import NotToldRight, act_on
from crash_matrix.table import render
from faults.fault import WITHOUT_PAUSES, Fault
from pds_contract.conditions import STALLED
from pds_contract.resource import Condition
from stages.protocol_stage import provision

SHARE, SEED = 0.1, 20261123


@pytest.mark.timeout(900)
async def test_a_tenth_of_the_matrix_comes_to_the_promised_end(stack: Mapping[str, str]) -> None:
    async with ground(stack) as opened:
        results = await run(opened, Selection(share=SHARE, seed=SEED), print)
    assert results.holds, render(results)
    assert len(results.results) == results.planned
    hit = {result.cell.fault for result in results.results.values() if result.hit}
    assert hit == set(WITHOUT_PAUSES), f"never brought about: {set(WITHOUT_PAUSES) - hit}"
    assert {result.cell.table.configuration for result in results.results.values()} == {None, *CONFIGURATIONS}


def test_every_combination_of_backend_and_setting_is_a_configuration() -> None:
    assert len(set(CONFIGURATIONS)) == 3 * 2 * 3
    allowed = {str(each) for each in CONFIGURATIONS if each.may_make_more}
    assert allowed == {"second-available-idempotent", "second-404-idempotent", "second-404-probe"}


def test_a_cell_is_found_again_by_its_name() -> None:
    table = Table(Configuration("second", "404", "hold"), OperatorRoad.LOST)
    cell = Cell(table, 7, Fault.CUT_AFTER)
    other = Cell(table, 71, Fault.CUT_AFTER)
    assert str(cell) == "second-404-hold/lost:7:cut-after"
    for pattern in (str(cell), "second-404-hold/lost:7", "second-404-hold/lost", "*/lost", "second-*:7:cut-*"):
        assert cell in Selection([pattern]), pattern
        assert Selection([pattern]).may_hold(table), pattern
    assert other not in Selection(["second-404-hold/lost:7"])


def test_a_sample_is_the_same_for_the_same_seed_and_differs_for_another() -> None:
    table = Table(CONFIGURATIONS[0], OperatorRoad.CLEAN)
    cells = [Cell(table, number, fault) for number in range(1, 40) for fault in WITHOUT_PAUSES]

    def chosen(seed: int) -> list[Cell]:
        return [cell for cell in cells if cell in Selection(share=0.1, seed=seed)]

    assert chosen(1) == chosen(1) != chosen(2)
    assert 20 < len(chosen(1)) < 90


def test_a_person_who_is_told_what_is_not_so_turns_the_cell_red() -> None:
    """A resource that says that its PDS exists, while the backend has none."""
    says = Condition.model_validate(
        {
            "type": STALLED,
            "status": "True",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-11-23T00:00:00Z",
            "reason": "AwaitingServiceId",
            "message": "One PDS exists.",
        }
    )
    told = provision()
    told = told.model_copy(update={"status": told.status.model_copy(update={"conditions": (says,)})})
    with pytest.raises(NotToldRight, match="the backend has none"):
        act_on(told, [], holds=False, lied_to=False)
