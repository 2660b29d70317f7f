"""An id that was lost is given; a hostname that two want gets one of them."""

from .document import Question
from .ground import Ground


async def adopt_an_id(ground: Ground, question: Question) -> None:
    stage = ground.stage
    stage.simulator.change(id_place="none")
    await stage.operate()
    for name in ("alice", "bob"):
        await ground.customer(name)
        await stage.until_reason(ground.users[name], "AwaitingServiceId")
    (lost,) = stage.simulator.at_hostname("alice.eny.k8s.frx.pub")
    ground.names["800"] = str(lost.id)
    for _ in range(3):
        await ground.run(question)
    assert (await stage.get(ground.users["alice"])).status.service_id == lost.id
    await ground.run(question)
    await stage.until_reason(ground.users["bob"], "ServiceMismatch")
    await ground.run(question)
    await ground.run(question)
    await stage.until_reason(ground.users["bob"], "AwaitingServiceId")
    assert stage.posts() == 2


async def two_want_one_hostname(ground: Ground, question: Question) -> None:
    stage = ground.stage
    await stage.operate()
    await ground.customer("alice")
    await ground.ready("alice")
    await ground.customer("dave", hostname="alice.eny.k8s.frx.pub")
    await stage.until_reason(ground.users["dave"], "HostnameTaken")
    await ground.run(question)
    assert (await ground.run(question)).strip() == ground.users["alice"]
    assert (await ground.run(question)).startswith(ground.users["alice"])
    await ground.run(question)
    await ground.run(question)
    assert len(stage.simulator.services) == 2
