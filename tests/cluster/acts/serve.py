"""Installing, and serving customers while pods are killed."""

import asyncio

from cluster.acts.load import pay, tell
from cluster.failed import Failed
from cluster.kubernetes import SYSTEM
from cluster.scene import Scene
from cluster.usage import metered
from cluster.waiting import until
from pds_stack.events import checkout_event

_REST_SECONDS = 30.0
_JOB_SECONDS = 180
_LEADER_SECONDS = 120.0


async def install(scene: Scene) -> None:
    """Install the programs, the image before where one is given, and measure them while nothing happens."""
    with scene.progress.act("install") as act:
        await scene.installation.install(scene.options.image_before or scene.options.image)
        await scene.kubernetes.rolled_out()
        leader = await until(scene.kubernetes.leader, _LEADER_SECONDS, "an operator leads")
        pods = await scene.kubernetes.pods()
        scene.progress.saw(act, f"{sum(pod.ready for pod in pods)} of {len(pods)} pods are ready, {leader} leads")
        async with metered(scene.kubernetes, scene.sender) as usage:
            await asyncio.sleep(_REST_SECONDS)  # what they use meanwhile is what is asked for
        tell(scene, act, usage)


async def provision(scene: Scene) -> None:
    """Let customers pay; in the middle kill the leader's pod and a webhook's."""
    with scene.progress.act(f"{scene.options.customers} customers, two pods killed") as act:
        customers = scene.new_customers(scene.options.customers)
        async with metered(scene.kubernetes, scene.sender) as usage:
            half = len(customers) // 2
            deliveries = await pay(scene, customers[:half], every=0.2)
            paying = asyncio.create_task(pay(scene, customers[half:], every=0.2))
            await _kill(scene, await scene.kubernetes.leader())
            await _kill(scene, (await scene.kubernetes.ready("webhook"))[0].name)
            deliveries += await paying
            await scene.until_ready(customers)
            await scene.kubernetes.rolled_out()
        await scene.require_all_served()
        again = sum(not each.at_first for each in deliveries)
        scene.progress.saw(act, f"one PDS each; {again} deliveries were taken at a later try only")
        scene.progress.saw(act, f"{scene.given_ids} resources asked a person for an id that died with the leader")
        tell(scene, act, usage)


async def backfill(scene: Scene) -> None:
    """Let one pay whose event Stripe never delivers, and run the CronJob's job."""
    with scene.progress.act("backfill") as act:
        (customer,) = scene.new_customers(1)
        session = checkout_event(user_id=customer.user_id, email=customer.email)["data"]["object"]
        await scene.simulated.list_at_stripe(session)
        kubectl, job = scene.kubernetes.kubectl, "job/pds-backfill-now"
        await kubectl("create", "job", "pds-backfill-now", "--from=cronjob/pds-backfill", "-n", SYSTEM)
        await kubectl("wait", job, "-n", SYSTEM, "--for=condition=Complete", f"--timeout={_JOB_SECONDS}s")
        await scene.until_ready([customer])
        await scene.require_all_served()
        await kubectl("delete", job, "-n", SYSTEM)
        scene.progress.saw(act, "a customer whom Stripe told nobody of has a PDS")


async def _kill(scene: Scene, name: str) -> None:
    if not name:
        raise Failed("no operator leads")
    scene.say(f"kill {name}")
    await scene.kubernetes.kubectl("delete", "pod", name, "-n", SYSTEM, "--grace-period=0", "--force", "--wait=false")
