"""Everything is stopped, and goes on."""

from .document import Question
from .ground import Ground
from .pods import Pods


async def stop_everything(ground: Ground, question: Question) -> None:
    pods, stage = Pods(ground), ground.stage
    await pods.install(operator=ground.operators_secret())
    async with pods.running("pds-operator"):
        await ground.customer("alice")
        await ground.ready("alice")
    await ground.run(question)
    rolled_out = question.take()
    assert "rollout status deployment/pds-operator" in rolled_out.command
    async with pods.running("pds-operator"):
        await ground.customer("bob")
        await stage.until_reason(ground.users["bob"], "DeploysPaused")
        await ground.run(question)
    await ground.run(question)
    assert await pods.replicas("pds-operator") == 0
    await ground.run(question)
    await ground.run(question)
    assert stage.posts() == 1, "one deploy before, none while paused"
    async with pods.running("pds-operator"):
        await ground.ready("bob")
