"""Customers who wait: who they are, why, and how one is made to go on."""

from .document import Question
from .ground import Ground

REFUSED = {"endpoint": "deploy", "times": None, "status": 400, "body": None}
AWAY = {"endpoint": "deploy", "times": None, "status": 503, "body": None}


async def who_is_stuck(ground: Ground, question: Question) -> None:
    stage = ground.stage
    stage.simulator.change(
        faults=[
            {**REFUSED, "hostname": "bob.eny.k8s.frx.pub"},
            {**AWAY, "hostname": "carol.eny.k8s.frx.pub"},
        ]
    )
    # Long enough for an unknown outcome to stay one while the commands run.
    await stage.operate(PDS_SETTLE_SECONDS=600, PDS_LEASE_NAMESPACE=ground.system, PDS_LEASE_SECONDS=15)
    await ground.customer("alice")
    await ground.ready("alice")
    await ground.customer("bob")
    await stage.until_reason(ground.users["bob"], "DeployRejected")
    await ground.customer("carol")
    await stage.until_reason(ground.users["carol"], "OutcomeUnknown")
    await ground.customer("dave", hostname="alice.eny.k8s.frx.pub")
    await stage.until_reason(ground.users["dave"], "HostnameTaken")
    for _ in range(5):
        await ground.run(question)


async def try_again(ground: Ground, question: Question) -> None:
    stage = ground.stage
    stage.simulator.change(faults=[REFUSED])
    await stage.operate()
    for name in ("alice", "bob", "carol"):
        await ground.customer(name)
        await stage.until_reason(ground.users[name], "DeployRejected")
    stage.simulator.change(faults=[])
    await ground.run(question)
    await ground.run(question)
    assert (await stage.get(ground.users["bob"])).status.last_handled_retry
    await ground.run(question)
    for name in ("alice", "carol"):
        await ground.ready(name)
    assert len(stage.simulator.services) == 3
