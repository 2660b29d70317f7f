"""What an administrator does on purpose: drains a node, rolls an image out. Nobody is to notice."""

import asyncio
from collections.abc import Set as AbstractSet

from cluster.acts.load import all_taken, pay, probing, tell
from cluster.failed import Failed
from cluster.kubernetes import OURS, SYSTEM, Json
from cluster.scene import Scene
from cluster.usage import metered
from cluster.waiting import until
from pds_stack.errors import StackError

_DRAIN_SECONDS = 60
"""How long a drain may take. On a single node it cannot end, and tries for so long."""
_GONE_SECONDS = 240.0
_OVER_BUDGET = "violate the pod's disruption budget"


async def drain(scene: Scene) -> None:
    """Drain a node. On a single one no pod finds another place, and the disruption budgets keep one of each program."""
    with scene.progress.act("drain a node") as act:
        nodes = [each for each in await scene.kubernetes.documents("nodes") if _takes_pods(each)]
        node = (await scene.kubernetes.ready("webhook"))[0].node
        async with probing(scene) as answers:
            try:
                held = await _drain(scene, node)
                if held != (len(nodes) == 1):
                    raise Failed(
                        f"{len(nodes)} nodes take pods, and the drain {'was held up' if held else 'has ended'}"
                    )
                for component in ("webhook", "operator", "portal"):
                    if not await scene.kubernetes.ready(component):
                        raise Failed(f"the drain has left no pod of the {component} ready")
                customers = scene.new_customers(1)
                await pay(scene, customers, every=0)
                await scene.until_ready(customers)
            finally:
                await scene.kubernetes.kubectl("uncordon", node)
            await scene.kubernetes.rolled_out()
        await scene.require_all_served()
        how = "the disruption budgets kept one pod of each program" if held else "its pods have moved"
        scene.progress.saw(act, f"{node}: {how}; meanwhile a customer was served")
        scene.progress.saw(act, all_taken(answers))


async def roll_out(scene: Scene) -> None:
    """Roll an image out, or the same one anew, while customers pay; every delivery is to be taken at the first try."""
    image, before, count = scene.options.image, scene.options.image_before, scene.options.customers_of_roll_out
    with scene.progress.act(f"{count} customers, a roll-out") as act:
        scene.progress.saw(act, f"from {before} to {image}" if before else f"{image}, restarted")
        old = {pod.uid for pod in await scene.kubernetes.pods()}
        customers, given = scene.new_customers(count), scene.given_ids
        async with metered(scene.kubernetes, scene.sender) as usage, probing(scene) as answers:
            paying = asyncio.create_task(pay(scene, customers, every=1.0))
            if before:
                await scene.installation.install(image)
            else:
                await scene.kubernetes.kubectl("rollout", "restart", "deployment", "-n", SYSTEM, "-l", OURS)
            await scene.kubernetes.rolled_out()
            await until(lambda: _gone(scene, old), _GONE_SECONDS, "the pods before are gone")
            scene.say("all pods are new")
            deliveries = await paying
            await scene.until_ready(customers)
        await scene.require_all_served()
        failed = [str(each.answers[0]) for each in deliveries if not each.at_first]
        if failed:
            raise Failed(f"{len(failed)} of {count} deliveries were not taken at the first try: {failed}")
        scene.progress.saw(act, f"one PDS each; all {count} deliveries were taken at the first try")
        scene.progress.saw(act, all_taken(answers))
        scene.progress.saw(act, f"{scene.given_ids - given} resources asked a person for an id")
        tell(scene, act, usage)


def _takes_pods(node: Json) -> bool:
    spec = node["spec"]
    effects = {each["effect"] for each in spec.get("taints", [])}
    return not spec.get("unschedulable") and not effects & {"NoSchedule", "NoExecute"}


async def _drain(scene: Scene, node: str) -> bool:
    """Drain a node of the programs' pods; tell whether disruption budgets held it up until its end."""
    options = (
        "--ignore-daemonsets",
        "--delete-emptydir-data",
        f"--pod-selector={OURS}",
        f"--timeout={_DRAIN_SECONDS}s",
    )
    try:
        await scene.kubernetes.kubectl("drain", node, *options)
    except StackError as error:
        if _OVER_BUDGET not in str(error):
            raise
        return True
    return False


async def _gone(scene: Scene, uids: AbstractSet[str]) -> bool:
    return not uids & {pod.uid for pod in await scene.kubernetes.pods()}
