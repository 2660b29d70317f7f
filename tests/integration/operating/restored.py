"""The cluster's resources are those of a backup, older than what the backend and Supabase know."""

from aiohttp.test_utils import TestServer

from pds_stack.stripe import StripeSimulator, create_app

from .document import Question
from .ground import Ground
from .pods import Pods

KEY, NEW_TOKEN = "sk_test_of_this_test", "the token after the restore"
CIRCUIT_SECONDS = 60.0


async def restore(ground: Ground, question: Question) -> None:
    stage, stripe = ground.stage, StripeSimulator(KEY)
    for name in ground.users:
        stripe.put(ground.checkout(name))
    async with TestServer(create_app(stripe)) as server:
        pods = Pods(ground, {"STRIPE_API_BASE": str(server.make_url(""))})
        secret = ground.operators_secret()
        await pods.install(
            operator=secret,
            backfill={"STRIPE_SECRET_KEY": KEY, "SUPABASE_SERVICE_ROLE_KEY": secret["SUPABASE_SERVICE_ROLE_KEY"]},
        )
        async with pods.running("pds-operator"):
            for name in ("alice", "bob", "carol"):
                await ground.customer(name)
                await ground.ready(name)
        await _restore(ground, pods)
        for _ in range(2):
            await ground.run(question)
        await ground.run(question)
        await ground.run(question)
        ground.compare(question.take(), await pods.finished("after-restore"))
        await _look_and_go_on(ground, question, pods)
    assert sorted(made.hostname.partition(".")[0] for made in stage.simulator.services) == sorted(ground.users)


async def _restore(ground: Ground, pods: Pods) -> None:
    """Make the cluster that of a backup: bob and carol came after it, dave had just paid. An operator starts."""
    stage = ground.stage
    for name in ("bob", "carol"):
        await stage.delete(ground.users[name])
        await stage.api.call("DELETE", f"/api/v1/namespaces/{stage.namespace}/secrets/{name}.eny.k8s.frx.pub")
    # The one that no program can know of: deployed after the backup, and the row was not written.
    stage.database.execute("delete from pds_services where user_id = %s", (ground.users["carol"],))
    await ground.customer("dave")
    stage.simulator.change(token=NEW_TOKEN)
    async with pods.running("pds-operator"):
        await stage.until_reason(ground.users["dave"], "CredentialsRejected")
    assert len(stage.simulator.services) == 3, "an operator with the old token has deployed"
    ground.environment["PDS_API_TOKEN"] = NEW_TOKEN
    await pods.replace_secret("pds-operator", ground.operators_secret())


async def _look_and_go_on(ground: Ground, question: Question, pods: Pods) -> None:
    stage = ground.stage
    for _ in range(2):
        await ground.run(question)
    (lost,) = stage.simulator.at_hostname("carol.eny.k8s.frx.pub")
    ground.names["802"] = str(lost.id)
    async with pods.running("pds-operator"):
        for name in ("alice", "bob"):
            await ground.ready(name)
        for name in ("carol", "dave"):
            await ground.until_reason(name, "DeploysPaused", CIRCUIT_SECONDS)
        await ground.run(question)
        await ground.run(question)
        await ground.ready("carol")
    for _ in range(3):
        await ground.run(question)
    async with pods.running("pds-operator"):
        await ground.ready("dave")
