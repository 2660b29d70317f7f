"""Kubernetes Events tell of transitions: a look that finds things as they were posts none."""

import pytest

from stages.operator_stage import Stage

Told = list[tuple[str, str]]

LOOKS = 5


async def told(stage: Stage, user_id: str) -> Told:
    """The Events of a resource, each as often as it was posted."""
    return sorted(
        (event["type"], event["reason"])
        for event in await stage.events(user_id)
        for _ in range(event.get("count") or 1)
    )


async def tells(stage: Stage, user_id: str, expected: Told) -> None:
    async def as_expected() -> bool:
        return await told(stage, user_id) == sorted(expected)

    await stage.eventually_async(as_expected, f"the Events are {expected}")


async def looked_at(stage: Stage, user_id: str, times: int) -> None:
    """Wait until the operator has looked at a resource's service so often."""
    path = f"/api/v1/service/{(await stage.get(user_id)).status.service_id}"
    looks = stage.posts(path)
    await stage.eventually(lambda: stage.posts(path) >= looks + times, f"{times} looks")


async def handled(stage: Stage, user_id: str, retry: str) -> None:
    await stage.until(user_id, lambda p: p.status.last_handled_retry == retry, "looked at once more")


BEGUN: Told = [("Normal", "Deploying"), ("Normal", "Deployed")]


async def test_a_customer_in_order_is_told_of_once(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    await tells(stage, user_id, [*BEGUN, ("Normal", "Running")])
    await looked_at(stage, user_id, LOOKS)
    marker = await stage.ask("bob@a.example")  # kopf posts in order: what was told before is there by now
    await tells(stage, marker, [*BEGUN, ("Normal", "Running")])
    assert await told(stage, user_id) == sorted([*BEGUN, ("Normal", "Running")])


@pytest.mark.parametrize("restart", [False, True])
async def test_a_trouble_that_goes_on_is_told_of_once(stage: Stage, *, restart: bool) -> None:
    operator = await stage.operate()
    user_id = await stage.ask(hostname="eny.k8s.frx.pub")
    await stage.until_reason(user_id, "InvalidSpec")
    version = (await stage.get(user_id)).metadata.resource_version
    await tells(stage, user_id, [("Warning", "InvalidSpec")])
    if restart:
        await operator.stop()
        await stage.operate()
    for look in range(LOOKS):
        await stage.edit(user_id, {"pds.eny.space/retry": f"{look}"})
        await handled(stage, user_id, f"{look}")
    assert (await stage.get(user_id)).metadata.resource_version != version
    marker = await stage.ask("bob@a.example")
    await tells(stage, marker, [*BEGUN, ("Normal", "Running")])
    assert await told(stage, user_id) == [("Warning", "InvalidSpec")]


async def test_each_transition_is_told_of(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    expected = [*BEGUN, ("Normal", "Running")]
    for state, event in ((4, ("Warning", "ServiceSuspended")), (3, ("Normal", "Running"))):
        stage.simulator.services[0].go_through([(state, None)], stage.simulator.clock())
        await stage.retry(user_id, f"{state}")
        expected.append(event)
        await tells(stage, user_id, expected)
