"""Uninstalling leaves everything that customers have; installing again finds everything settled."""

import asyncio

from cluster.acts.load import pay
from cluster.failed import Failed
from cluster.judging import require_untouched
from cluster.kubernetes import CRD, CUSTOMERS
from cluster.scene import Scene
from cluster.usage import metrics
from cluster.waiting import until

_GONE_SECONDS = 120.0
_TAKEN_UP_SECONDS = 120.0
_RUNNING = "pds_operator_resources{reason=Running,stalled=false}"


async def uninstall(scene: Scene) -> None:
    """Uninstall, look, install again, look."""
    resources, secrets = await scene.kept()
    posts = await scene.simulated.posts()
    with scene.progress.act("uninstall") as act:
        await scene.installation.uninstall()
        await until(lambda: _nothing_left(scene), _GONE_SECONDS, "the programs are gone")
        for kind, name in (("crd", CRD), ("namespace", CUSTOMERS)):
            if not await scene.kubernetes.there(kind, name):
                raise Failed(f"the uninstall has removed {kind} {name}")
        await _require_kept(scene, resources, secrets)
        scene.progress.saw(act, f"{len(resources)} resources, {len(secrets)} Secrets, the CRD and {CUSTOMERS} stay")
    with scene.progress.act("install again") as act:
        await scene.installation.prepare()
        await scene.installation.install(scene.options.image)
        await scene.kubernetes.rolled_out()
        await until(lambda: _running(scene, len(resources)), _TAKEN_UP_SECONDS, "the leader counts all as running")
        await _require_kept(scene, resources, secrets)
        if await scene.simulated.posts() != posts:
            raise Failed("a deploy was sent to the backend after the installation")
        scene.progress.saw(act, f"{len(resources)} resources are found settled: nothing is written, nothing deployed")
        customers = scene.new_customers(1)
        await pay(scene, customers, every=0)
        await scene.until_ready(customers)
        await scene.require_all_served()
        scene.progress.saw(act, "the next customer is served")


async def _require_kept(scene: Scene, resources: list[tuple[str, str]], secrets: list[tuple[str, str]]) -> None:
    resources_now, secrets_now = await scene.kept()
    require_untouched(resources, resources_now, "resources")
    require_untouched(secrets, secrets_now, "Secrets")


async def _nothing_left(scene: Scene) -> bool:
    return not await scene.installation.left()


async def _running(scene: Scene, count: int) -> bool:
    found = await asyncio.gather(*(metrics(scene.sender, pod) for pod in await scene.kubernetes.ready("operator")))
    return any(each.get("pds_operator_leader") == 1 and each.get(_RUNNING) == count for each in found)
