"""Rows without a resource behind them are told of."""

import httpx

from stages.metrics import Metrics
from stages.operator_stage import Operator, Stage

FOUND = "pds_operator_drift_found_total"


async def told(operator: Operator) -> dict[str, float]:
    """What the operator's metric says, by whether the rows have an id."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"http://127.0.0.1:{operator.admin_port}/metrics")).text
    name = 'pds_operator_rows_without_resource{has_id="'
    lines = (line.removeprefix(name) for line in text.splitlines() if line.startswith(name))
    return {line.split('"')[0]: float(line.split()[-1]) for line in lines}


def rows_of_others(stage: Stage, *users: str) -> dict[str, float]:
    """The same as the table has it: all rows but those of users with a resource in this test's namespace."""
    counted = {"true": 0.0, "false": 0.0}
    query = "select pds_service_id is not null, count(*) from pds_services where user_id <> all(%s) group by 1"
    for has_id, count in stage.database.execute(query, (list(users),)).fetchall():
        counted[str(has_id).lower()] = float(count)
    return counted


async def test_rows_without_a_resource_are_counted(stage: Stage) -> None:
    with_id, without_id = stage.new_user(), stage.new_user()
    stage.write_row(with_id, 4711, "one.example.com", "provisioning")
    stage.write_row(without_id, None, "two.example.com", "deploy_failed")
    operator = await stage.operate(PDS_POLL_READY=0.2)

    async def nobody_has_one() -> bool:
        return await told(operator) == rows_of_others(stage)

    await stage.eventually_async(nobody_has_one, "all rows are counted")
    found = (await Metrics.read(operator.admin_port)).value(FOUND, kind="row_without_resource")
    assert found >= 2, "a sweep that finds rows counts them as drift"
    await stage.ask_for(without_id)
    await stage.until_ready(without_id)

    async def one_has() -> bool:
        return await told(operator) == rows_of_others(stage, without_id)

    await stage.eventually_async(one_has, "the row that has its resource is not counted any more")
    assert stage.simulator.at_hostname("one.example.com") == [], "nothing is deployed for the others"
