"""Rows without a resource behind them are told of."""

from collections.abc import Mapping

from prometheus_client import REGISTRY

from pds_clients.supabase import Supabase
from pds_contract.resource import provision_name
from pds_operator.reconciler.sweep import Sweep
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


async def test_a_resource_made_while_the_rows_are_read_is_none_that_is_missing(
    stage: Stage, stack: Mapping[str, str]
) -> None:
    user_id = stage.new_user()
    stage.write_row(user_id, 4712, "three.example.com", "provisioning")
    looks: list[set[str]] = [set(), {provision_name(user_id)}]

    async def names() -> set[str]:
        return looks.pop(0)

    async with Supabase(stack["SUPABASE_URL"], lambda: stack["SUPABASE_SERVICE_ROLE_KEY"]) as supabase:
        await Sweep(supabase, names, 1.0).once()
    told = REGISTRY.get_sample_value("pds_operator_rows_without_resource", {"has_id": "true"})
    assert told == rows_of_others(stage, user_id)["true"]
