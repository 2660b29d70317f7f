"""Two operators beside each other, each with its share of the customers, and what moves when the shares change."""

from collections.abc import Callable

import pytest

from pds_contract.resource import UNOBSERVED, PdsProvision, provision_name
from pds_contract.shards import SHARD_LABEL
from stages.operator_stage import Stage
from stages.rows_without_resource import rows_of_others, rows_told_of

Retried = Callable[[PdsProvision], bool]


@pytest.fixture
def two_users(stage: Stage) -> tuple[str, str]:
    """Two users whose ids begin with different digits."""
    first = second = stage.new_user()
    while second[0] == first[0]:
        second = stage.new_user()
    return first, second


def handled(value: str) -> Retried:
    return lambda provision: provision.status.last_handled_retry == value


async def label(stage: Stage, user_id: str, digit: str | None) -> None:
    path = f"/apis/pds.eny.space/v1alpha1/namespaces/{stage.namespace}/pdsprovisions/{provision_name(user_id)}"
    change = {"metadata": {"labels": {SHARD_LABEL: digit}}}
    await stage.api.call("PATCH", path, body=change, content_type="application/merge-patch+json")


async def leases(stage: Stage) -> set[str]:
    listed = await stage.api.call("GET", f"/apis/coordination.k8s.io/v1/namespaces/{stage.namespace}/leases")
    return {item["metadata"]["name"] for item in listed["items"]}


async def test_each_takes_its_own_and_both_lead(stage: Stage, two_users: tuple[str, str]) -> None:
    first, second = two_users
    digit = first[0]
    await stage.operate(PDS_LABEL_SELECTOR=f"{SHARD_LABEL} in ({digit})")
    await stage.ask_for(second, "second@a.example")
    await stage.ask_for(first, "first@a.example")
    await stage.until_ready(first)  # it was made after the other one, which is left alone
    assert (await stage.get(second)).status.observed_generation == UNOBSERVED
    await stage.operate(PDS_LABEL_SELECTOR=f"{SHARD_LABEL} notin ({digit})")
    await stage.until_ready(second)
    assert await leases(stage) == {f"pds-operator-in-{digit}", f"pds-operator-notin-{digit}"}
    assert stage.posts() == len(stage.simulator.services) == 2


async def test_what_has_no_label_is_the_share_of_notin(stage: Stage, two_users: tuple[str, str]) -> None:
    first, second = two_users
    await stage.ask_for(first, "first@a.example")
    await label(stage, first, None)
    mine = await stage.operate(PDS_LABEL_SELECTOR=f"{SHARD_LABEL} in ({first[0]},{second[0]})")
    await stage.ask_for(second, "second@a.example")
    await stage.until_ready(second)
    assert (await stage.get(first)).status.observed_generation == UNOBSERVED
    await stage.operate(PDS_LABEL_SELECTOR=f"{SHARD_LABEL} notin ({first[0]},{second[0]})")
    await stage.until_ready(first)
    await mine.stop()


async def test_a_resource_that_leaves_a_share_is_let_go(stage: Stage, two_users: tuple[str, str]) -> None:
    first, second = two_users
    share = f"{SHARD_LABEL} in ({first[0]},{second[0]})"
    other = next(digit for digit in "0123456789abcdef" if digit not in share)
    await stage.operate(PDS_LABEL_SELECTOR=share)
    for user_id in two_users:
        await stage.ask_for(user_id, f"{user_id}@a.example")
        await stage.until_ready(user_id)
    await label(stage, first, other)
    await stage.retry(first, "after the move")
    await stage.retry(second, "later than that")
    await stage.until(second, handled("later than that"), "the one that stayed is served")
    assert not handled("after the move")(await stage.get(first))
    await stage.operate(PDS_LABEL_SELECTOR=f"{SHARD_LABEL} in ({other})")
    await stage.until(first, handled("after the move"), "the one that left is served by its new operator")
    assert stage.posts() == 2, "nobody was deployed again"


async def test_fewer_operators_take_over_what_the_others_had(stage: Stage, two_users: tuple[str, str]) -> None:
    digit = two_users[0][0]
    shares = (f"{SHARD_LABEL} in ({digit})", f"{SHARD_LABEL} notin ({digit})")
    running = [await stage.operate(PDS_LABEL_SELECTOR=share) for share in shares]
    for user_id in two_users:
        await stage.ask_for(user_id, f"{user_id}@a.example")
        await stage.until_ready(user_id)
    for operator in running:
        await operator.stop()
    await stage.operate()
    for user_id in two_users:
        await stage.retry(user_id, "to the one that is left")
        await stage.until(user_id, handled("to the one that is left"), "the one that is left serves everybody")
    assert stage.posts() == len(stage.simulator.services) == 2


async def test_two_that_have_the_same_customers_deploy_nobody_twice(stage: Stage) -> None:
    both = "0123456789abcde"
    await stage.operate(PDS_LABEL_SELECTOR=f"{SHARD_LABEL} in ({','.join(both)})")
    await stage.operate(PDS_LABEL_SELECTOR=f"{SHARD_LABEL} notin (f)")
    users = [user_id for user_id in (stage.new_user() for _ in range(12)) if user_id[0] in both]
    for user_id in users:
        await stage.ask_for(user_id, f"{user_id}@a.example")
    for user_id in users:
        await stage.until_ready(user_id)
    assert stage.posts() == len(stage.simulator.services) == len(users)


async def test_the_sweep_knows_the_resources_of_all_shares(stage: Stage, two_users: tuple[str, str]) -> None:
    digit = two_users[0][0]
    await stage.operate(PDS_LABEL_SELECTOR=f"{SHARD_LABEL} in ({digit})")
    sweeping = await stage.operate(PDS_LABEL_SELECTOR=f"{SHARD_LABEL} notin ({digit})", PDS_POLL_READY=0.2)
    for user_id in two_users:
        await stage.ask_for(user_id, f"{user_id}@a.example")
        await stage.until_ready(user_id)
    stage.write_row(stage.new_user(), 4711, "one.example.com", "provisioning")

    async def others_are_told_of() -> bool:
        return await rows_told_of(sweeping) == rows_of_others(stage, *two_users)

    await stage.eventually_async(others_are_told_of, "rows without a resource are told of, and no others")
