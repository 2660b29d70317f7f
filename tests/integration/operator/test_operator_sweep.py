"""Rows without a resource behind them are told of."""

from stages.metrics import Metrics
from stages.operator_stage import Stage
from stages.rows_without_resource import rows_of_others, rows_told_of

FOUND = "pds_operator_drift_found_total"


async def test_rows_without_a_resource_are_counted(stage: Stage) -> None:
    with_id, without_id = stage.new_user(), stage.new_user()
    stage.write_row(with_id, 4711, "one.example.com", "provisioning")
    stage.write_row(without_id, None, "two.example.com", "deploy_failed")
    operator = await stage.operate(PDS_POLL_READY=0.2)

    async def nobody_has_one() -> bool:
        return await rows_told_of(operator) == rows_of_others(stage)

    await stage.eventually_async(nobody_has_one, "all rows are counted")
    found = (await Metrics.read(operator.admin_port)).value(FOUND, kind="row_without_resource")
    assert found >= 2, "a sweep that finds rows counts them as drift"
    await stage.ask_for(without_id)
    await stage.until_ready(without_id)

    async def one_has() -> bool:
        return await rows_told_of(operator) == rows_of_others(stage, without_id)

    await stage.eventually_async(one_has, "the row that has its resource is not counted any more")
    assert stage.simulator.at_hostname("one.example.com") == [], "nothing is deployed for the others"
