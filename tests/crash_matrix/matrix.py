"""Runs the matrix: first every road without a fault, to learn its exchanges, then all cells."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from crash_matrix import operator_cells, webhook_cells
from crash_matrix.cells import OPERATOR_TABLES, WEBHOOK_TABLES, Cell, Selection, Table
from crash_matrix.ground import Ground
from crash_matrix.results import Result, Results

EVERY = 5.0


class Scene(Protocol):
    """What runs the cells of some tables."""

    async def rows(self, road: Any) -> tuple[list[str], int]: ...
    async def run(self, cell: Cell) -> Result: ...
    async def look_again(self) -> list[Result]: ...


async def run(ground: Ground, selection: Selection, tell: Callable[[str], None]) -> Results:
    """Run the selected cells.

    Args:
        ground: What they stand on.
        selection: Which ones.
        tell: Told how far it is.
    """
    results = Results()
    async with contextlib.AsyncExitStack() as opened:
        scenes = await _open(opened, ground, selection)
        tell(f"{len(scenes)} roads are gone without a fault, to learn their exchanges")
        async with asyncio.TaskGroup() as tasks:
            going = [tasks.create_task(scene.rows(table.road)) for table, scene in scenes.items()]
        chosen: list[Cell] = []
        for table, (rows, first) in zip(scenes, (each.result() for each in going), strict=True):
            results.rows[table], results.first[table] = rows, first
            chosen += selection.of(table, rows, first)
        results.planned = len(chosen)
        # Mixed, so that those that wait for a time-out wait together.
        random.Random(selection.seed).shuffle(chosen)  # noqa: S311 - an order
        async with _progress(results, tell), asyncio.TaskGroup() as tasks:
            for cell in chosen:
                tasks.create_task(_run(scenes[cell.table], cell, results))
        for scene in {id(scene): scene for scene in scenes.values()}.values():
            for result in await scene.look_again():
                results.add(result)
    return results


async def _run(scene: Scene, cell: Cell, results: Results) -> None:
    results.add(await scene.run(cell))


async def _open(opened: contextlib.AsyncExitStack, ground: Ground, selection: Selection) -> dict[Table, Scene]:
    scenes: dict[Table, Scene] = {}
    for configuration, tables in OPERATOR_TABLES.items():
        wanted = [table for table in tables if selection.may_hold(table)]
        if wanted:
            scene = await opened.enter_async_context(operator_cells.scene(ground, configuration))
            scenes |= dict.fromkeys(wanted, scene)
    wanted = [table for table in WEBHOOK_TABLES if selection.may_hold(table)]
    if wanted:
        scenes |= dict.fromkeys(wanted, await opened.enter_async_context(webhook_cells.scene(ground)))
    return scenes


@contextlib.asynccontextmanager
async def _progress(results: Results, tell: Callable[[str], None]) -> AsyncIterator[None]:
    async def report() -> None:
        while True:
            await asyncio.sleep(EVERY)
            tell(f"{len(results.results)} of {results.planned} cells, {len(results.red)} red")

    reporting = asyncio.create_task(report())
    try:
        yield
    finally:
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)
