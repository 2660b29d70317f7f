"""What the operator's metrics say of waits, deploys, its queue and drift.

Counters are of the whole process, in which other tests have run operators too: what counts is how they grow.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pds_contract.resource import (
    CHECKOUT_CREATED_ANNOTATION,
    CHECKOUT_PAID_ANNOTATION,
    SERVICE_ID_ANNOTATION,
    PdsProvision,
    provision_name,
)
from stages.metrics import Metrics
from stages.operator_stage import Operator, Stage, condition

WAITS = "pds_operator_checkout_to_ready_seconds"
HOSTNAME = "alice.eny.k8s.frx.pub"
PAID_BEFORE, CREATED_BEFORE = 100, 4000


@dataclass
class Growth:
    """How samples have grown since a look."""

    before: Metrics
    admin_port: int

    @classmethod
    async def of(cls, operator: Operator) -> "Growth":
        return cls(await Metrics.read(operator.admin_port), operator.admin_port)

    async def now(self, name: str, **labels: str) -> float:
        after = await Metrics.read(self.admin_port)
        return after.value(name, **labels) - self.before.value(name, **labels)


async def grows(stage: Stage, growth: Growth, by: float, name: str, **labels: str) -> None:
    async def has_grown() -> bool:
        return await growth.now(name, **labels) == by

    await stage.eventually_async(has_grown, f"{name} {labels} grows by {by}")


async def value(operator: Operator, name: str, **labels: str) -> float:
    return (await Metrics.read(operator.admin_port)).value(name, **labels)


async def becomes(stage: Stage, operator: Operator, holds: Callable[[float], bool], name: str, **labels: str) -> None:
    async def does() -> bool:
        return holds(await value(operator, name, **labels))

    await stage.eventually_async(does, f"{name} {labels} is as expected")


async def paid(stage: Stage, email: str = "alice@a.example", **more: str) -> str:
    """A customer's resource as the webhook makes one."""
    user_id, now = stage.new_user(), int(time.time())
    annotations = {
        CHECKOUT_PAID_ANNOTATION: str(now - PAID_BEFORE),
        CHECKOUT_CREATED_ANNOTATION: str(now - CREATED_BEFORE),
        **more,
    }
    await stage.provisions.create(provision_name(user_id), {"userId": user_id, "email": email}, annotations)
    return user_id


def service_is(stage: Stage, state: int) -> None:
    """Let the first service be in a state, for good."""
    stage.simulator.services[0].go_through([(state, None)], stage.simulator.clock())


def not_ready(provision: PdsProvision) -> bool:
    return condition(provision, "Ready") == "False"


async def looked_at_again(stage: Stage, user_id: str) -> None:
    """Wait for three more looks at a service."""
    service = f"/api/v1/service/{(await stage.get(user_id)).status.service_id}"
    looks = stage.posts(service)
    await stage.eventually(lambda: stage.posts(service) >= looks + 3, "the service is looked at")


async def test_a_wait_is_counted_once_from_the_payment_to_the_first_ready(stage: Stage) -> None:
    operator = await stage.operate()
    growth = await Growth.of(operator)
    user_id = await paid(stage)
    provision = await stage.until_ready(user_id)
    await grows(stage, growth, 1, f"{WAITS}_count")
    assert PAID_BEFORE <= await growth.now(f"{WAITS}_sum") < PAID_BEFORE + 30
    # Ready, not Ready, Ready; also where the operator does not remember.
    # Conditions have whole seconds, and tries a thousandth: the next transition has to show as later than the try.
    tried = (await stage.get(user_id)).status.last_attempt_time
    assert tried is not None
    await stage.eventually(lambda: int(time.time()) > tried.timestamp(), "the second of the try is over")
    for state in (4, 0):
        service_is(stage, state)
        await stage.until(user_id, not_ready, "not Ready any more")
        await operator.stop()
        service_is(stage, 3)
        operator = await stage.operate()
        growth.admin_port = operator.admin_port
        await stage.until_ready(user_id)
        await looked_at_again(stage, user_id)
    assert await growth.now(f"{WAITS}_count") == 1
    assert provision.status.service_id == (await stage.get(user_id)).status.service_id


async def test_a_resource_that_nobody_paid_for_waits_since_it_was_made(stage: Stage) -> None:
    operator = await stage.operate()
    growth = await Growth.of(operator)
    await stage.until_ready(await stage.ask())
    await grows(stage, growth, 1, f"{WAITS}_count")
    assert 0 <= await growth.now(f"{WAITS}_sum") < 30


@pytest.mark.parametrize("given", ["by the row", "by the annotation"])
async def test_an_adopted_service_is_nobodys_wait(stage: Stage, given: str) -> None:
    operator = await stage.operate()
    made_for = await stage.ask("alice@a.example")
    made = (await stage.until_ready(made_for)).status
    service_id = made.service_id
    await stage.delete(made_for)
    await stage.eventually_async(lambda: gone(stage, made_for), "the resource is gone")
    growth = await Growth.of(operator)
    annotations = {CHECKOUT_PAID_ANNOTATION: str(int(time.time()) - PAID_BEFORE)}
    if given == "by the annotation":
        stage.database.execute("delete from pds_services where user_id = %s", (made_for,))
        annotations[SERVICE_ID_ANNOTATION] = str(service_id)
    spec = {"userId": made_for, "email": "alice@a.example", "hostname": made.hostname}
    await stage.provisions.create(provision_name(made_for), spec, annotations)
    adopted = await stage.until_ready(made_for)
    assert adopted.status.service_id == service_id
    # Counted with the write, so that a later one's count tells that this one's would be there.
    await stage.until_ready(await stage.ask("bob@a.example"))
    await grows(stage, growth, 1, f"{WAITS}_count")
    assert await growth.now(f"{WAITS}_sum") < 30, "the later one's"


async def gone(stage: Stage, user_id: str) -> bool:
    listed = [provision.metadata.name async for provision in stage.provisions.list("")]
    return provision_name(user_id) not in listed


async def test_deploys_are_counted_when_they_begin_and_when_they_end(stage: Stage) -> None:
    stage.simulator.change(answer_seconds=1.0)
    operator = await stage.operate(PDS_DEPLOY_TIMEOUT=10)
    growth = await Growth.of(operator)
    user_id = await stage.ask()
    await stage.eventually(stage.posts, "the deploy is under way")
    assert await growth.now("pds_operator_deploy_attempts_total") == 1
    assert await growth.now("pds_operator_deploys_total", outcome="Deployed") == 0
    await stage.until_ready(user_id)
    assert await growth.now("pds_operator_deploy_attempts_total") == 1
    assert await growth.now("pds_operator_deploys_total", outcome="Deployed") == 1


async def test_who_waits_longest_and_what_is_queued_is_shown(stage: Stage) -> None:
    stage.simulator.change(answer_seconds=1.0)
    oldest = "pds_operator_unsettled_oldest_seconds"
    operator = await stage.operate(PDS_DEPLOY_TIMEOUT=10, PDS_POLL_READY=300)
    assert await value(operator, oldest) == 0
    first = await paid(stage)
    await becomes(stage, operator, lambda seconds: PAID_BEFORE <= seconds < PAID_BEFORE + 30, oldest)
    await stage.until_ready(first)
    await becomes(stage, operator, lambda seconds: seconds == 0, oldest)
    await becomes(stage, operator, lambda depth: depth == 1, "pds_operator_queue_depth", state="delayed")
    assert await value(operator, "pds_operator_queue_depth", state="due") == 0
    await stage.edit(first, suspend=True)
    second = await paid(stage, "www@a.example", **{"pds.eny.space/service-id": "none"})
    await stage.until(second, lambda p: condition(p, "Stalled") == "True", "stalled")
    await becomes(stage, operator, lambda seconds: seconds == 0, oldest)


@pytest.mark.parametrize("paused", [False, True])
async def test_paused_deploys_show(stage: Stage, *, paused: bool) -> None:
    operator = await stage.operate(PDS_DEPLOY_PAUSED=paused)
    await becomes(stage, operator, lambda shown: shown == float(paused), "pds_operator_deploys_paused")


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("update pds_services set hostname = 'another.example.com' where user_id = %s", "row_differs"),
        ("update pds_services set pds_service_id = null where user_id = %s", "row_differs"),
        ("delete from pds_services where user_id = %s", "row_missing"),
    ],
)
async def test_a_row_that_has_drifted_is_found_and_repaired_once(stage: Stage, change: str, kind: str) -> None:
    operator = await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    await looked_at_again(stage, user_id)
    growth = await Growth.of(operator)
    stage.database.execute(change.encode(), (user_id,))
    await grows(stage, growth, 1, "pds_operator_drift_repaired_total", kind=kind)
    await looked_at_again(stage, user_id)
    assert await growth.now("pds_operator_drift_found_total", kind=kind) == 1
    assert await growth.now("pds_operator_drift_repaired_total", kind=kind) == 1


async def test_a_customer_in_order_costs_no_write_to_the_mirror(stage: Stage) -> None:
    operator = await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    calls = "pds_dependency_request_seconds_count"
    growth = await Growth.of(operator)
    await looked_at_again(stage, user_id)
    written = {"dependency": "supabase", "call": "mirror_pds_service", "code": "2xx"}
    assert await growth.now(calls, **written) == 0
    assert await growth.now(calls, **{**written, "call": "look_up_pds_service"}) >= 2


@pytest.mark.parametrize("kind", ["row_of_other_service", "user_gone", "service_not_running"])
async def test_what_a_person_has_to_mend_is_found_and_not_repaired(stage: Stage, kind: str) -> None:
    operator = await stage.operate()
    user_id = await stage.ask()
    await stage.until_ready(user_id)
    growth = await Growth.of(operator)
    match kind:
        case "row_of_other_service":
            stage.write_row(user_id, 4711, HOSTNAME, "provisioning")
        case "user_gone":
            stage.database.execute("delete from auth.users where id = %s", (user_id,))
        case "service_not_running":
            service_is(stage, 4)

    async def found() -> bool:
        return await growth.now("pds_operator_drift_found_total", kind=kind) >= 1

    await stage.eventually_async(found, f"{kind} is found")
    await stage.until(user_id, lambda p: condition(p, "Stalled") == "True", "a person is told")
    assert (await Metrics.read(operator.admin_port)).value("pds_operator_drift_repaired_total", kind=kind) == 0


async def test_each_dependency_is_timed(stage: Stage) -> None:
    operator = await stage.operate()
    growth = await Growth.of(operator)
    await stage.until_ready(await stage.ask())
    for dependency, call in (
        ("kubernetes", "patch_provision_status"),
        ("kubernetes", "create_reservation"),
        ("supabase", "look_up_pds_service"),
        ("supabase", "mirror_pds_service"),
        ("backend", "deploy"),
        ("backend", "get_service"),
    ):
        name = "pds_dependency_request_seconds_count"
        assert await growth.now(name, dependency=dependency, call=call, code="2xx") >= 1, (dependency, call)
