"""Rows that no resource stands behind: as an operator's sweep tells of them, and as the table has them."""

import httpx

from stages.operator_stage import Operator, Stage


async def rows_told_of(operator: Operator) -> dict[str, float]:
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
