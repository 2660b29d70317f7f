"""One id in the logs, from Stripe's delivery to the outcome: what an admin greps for."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from faults.processes import Process, Zygote, start_zygote
from pds_contract.resource import STRIPE_EVENT_ANNOTATION, provision_name
from pds_stack.events import checkout_event
from stages.operator_stage import Stage, condition
from stages.operators_stage import Operators, leads
from stages.webhook_process import running_webhook

Line = dict[str, Any]


@pytest.fixture
async def zygote(tmp_path: Path) -> AsyncIterator[Zygote]:
    async with start_zygote(tmp_path) as started:
        yield started


@pytest.fixture
async def operator(stage: Stage, zygote: Zygote) -> Process:
    process = await Operators(stage, zygote).start("operator")
    await leads(process)
    return process


def lines_of(log: Path) -> list[Line]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def told(log: Path, event_id: str) -> list[Line]:
    """The lines of an event."""
    return [line for line in lines_of(log) if line.get("event_id") == event_id]


def about(log: Path, user_id: str) -> list[Line]:
    """The lines of a resource."""
    return [line for line in lines_of(log) if line.get("provision") == provision_name(user_id)]


async def test_an_event_is_followed_from_its_delivery_to_ready(stage: Stage, operator: Process, tmp_path: Path) -> None:
    events = [
        checkout_event(user_id=stage.new_user(), email=f"{name}-mailbox@a.example", event_id=f"evt_1{name}")
        for name in ("alice", "bob")
    ]
    webhook_log = tmp_path / "webhook.log"
    async with running_webhook(stage.stack, stage.namespace, webhook_log) as webhook:
        for event in events:
            assert await webhook.deliver(event) == (200, "accepted")
        for event in events:
            await stage.until_ready(event["data"]["object"]["metadata"]["user_id"])
    for event in events:
        event_id, session = event["id"], event["data"]["object"]
        user_id = session["metadata"]["user_id"]
        (taken,) = told(webhook_log, event_id)
        assert (taken["code"], taken["session_id"], taken["user_id"]) == ("accepted", session["id"], user_id)
        await stage.eventually(
            lambda event_id=event_id: "ready" in {line["message"] for line in told(operator.log, event_id)},  # type: ignore[misc]
            "the operator's log says ready",
        )
        lines = told(operator.log, event_id)
        assert [line["message"] for line in lines] == ["deploying", "a deploy ended", "ready"]
        assert {line["provision"] for line in lines} == {provision_name(user_id)}
        assert (lines[0]["attempt"], lines[1]["outcome"], lines[1]["service_id"]) == (
            1,
            "Deployed",
            (await stage.get(user_id)).status.service_id,
        )
    assert "-mailbox" not in operator.log.read_text() + webhook_log.read_text(), "an e-mail's mailbox is personal"


async def test_what_comes_of_a_rejected_deploy_is_told_under_the_event_as_well(stage: Stage, operator: Process) -> None:
    stage.simulator.change(faults=[{"endpoint": "deploy", "status": 422, "times": None}])
    user_id = stage.new_user()
    spec = {"userId": user_id, "email": "alice@a.example"}
    await stage.provisions.create(provision_name(user_id), spec, {STRIPE_EVENT_ANNOTATION: "evt_1rejected"})
    await stage.until(user_id, lambda p: condition(p, "Stalled") == "True", "stalled")
    await stage.eventually(lambda: len(told(operator.log, "evt_1rejected")) >= 3, "all is logged")
    lines = told(operator.log, "evt_1rejected")
    assert [line["message"] for line in lines] == ["deploying", "a deploy ended", "stalled: a person is needed"]
    assert (lines[1]["outcome"], lines[2]["reason"], lines[2]["level"]) == ("Rejected", "DeployRejected", "WARNING")


@pytest.mark.parametrize(
    "forged",
    ['evt_1", "level": "ERROR', "evt_1\n", "evt_", "sub_123", "EVT_1", "evt_" + "a" * 500, "alice@a.example", ""],
    ids=repr,
)
async def test_what_has_no_ids_shape_is_not_logged(stage: Stage, operator: Process, forged: str) -> None:
    user_id = stage.new_user()
    spec = {"userId": user_id, "email": "alice@a.example"}
    await stage.provisions.create(provision_name(user_id), spec, {STRIPE_EVENT_ANNOTATION: forged})
    await stage.until_ready(user_id)
    await stage.eventually(
        lambda: "ready" in {line["message"] for line in about(operator.log, user_id)}, "the log says ready"
    )
    assert not any("event_id" in line for line in about(operator.log, user_id))
