"""Rows without a resource behind them are told of."""

import httpx

from stages.operator_stage import Stage


async def test_rows_without_a_resource_are_counted(stage: Stage) -> None:
    with_id, without_id = stage.new_user(), stage.new_user()
    stage.write_row(with_id, 4711, "one.example.com", "provisioning")
    stage.write_row(without_id, None, "two.example.com", "deploy_failed")
    operator = await stage.operate(PDS_POLL_READY=0.2)

    async def told() -> dict[str, float]:
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{operator.admin_port}/metrics")).text
        name = "pds_operator_rows_without_resource{has_id="
        lines = (line.removeprefix(name) for line in text.splitlines() if line.startswith(name))
        return {line.split("}")[0]: float(line.split()[-1]) for line in lines}

    async def both_told() -> bool:
        # Rows of other tests' users have no resource in this namespace either.
        return min((*(await told()).values(), 0.0 if len(await told()) < 2 else 1e9)) >= 1

    await stage.eventually_async(both_told, "rows of both kinds are counted")
    before = (await told())['"false"']
    await stage.ask_for(without_id)
    await stage.until_ready(without_id)

    async def fewer() -> bool:
        return (await told())['"false"'] < before

    await stage.eventually_async(fewer, "a row that has its resource is not counted any more")
    assert stage.simulator.at_hostname("one.example.com") == [], "nothing is deployed for them"
