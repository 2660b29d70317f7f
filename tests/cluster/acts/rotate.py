"""A new signing secret: beside the old one first, then alone; no pod is restarted."""

import secrets
import time

from cluster.acts.load import pay
from cluster.failed import Failed
from cluster.kubernetes import Pod
from cluster.scene import Scene
from cluster.waiting import until

_REFRESH_SECONDS = 180.0
"""The kubelet brings a changed Secret to a pod's files within its own period and its cache's, two minutes at most."""


async def rotate(scene: Scene) -> None:
    """Rotate Stripe's signing secret as docs say, and see each pod take it up."""
    with scene.progress.act("rotate the signing secret") as act:
        pods = await scene.kubernetes.ready("webhook")
        old, new = scene.stripe.secret, f"whsec_{secrets.token_hex(24)}"

        await scene.installation.secrets(STRIPE_WEBHOOK_SECRET=f"{new},{old}")
        both = await _until_each(scene, pods, new, 200)
        await _require_each(scene, pods, old, 200)
        scene.progress.saw(act, f"old and new are taken by each pod after {both:.0f} s")

        scene.stripe.secret = new
        await scene.installation.secrets(STRIPE_WEBHOOK_SECRET=new)
        alone = await _until_each(scene, pods, old, 400)
        await _require_each(scene, pods, new, 200)
        scene.progress.saw(act, f"the old one is refused by each pod after {alone:.0f} s")

        after = await scene.kubernetes.ready("webhook")
        if {(pod.uid, pod.restarts) for pod in pods} != {(pod.uid, pod.restarts) for pod in after}:
            raise Failed("a pod of the webhook was restarted")
        customers = scene.new_customers(1)
        await pay(scene, customers, every=0)
        await scene.until_ready(customers)
        await scene.require_all_served()


async def _until_each(scene: Scene, pods: list[Pod], secret: str, status: int) -> float:
    """Wait until each pod answers so to what is signed with this secret; the seconds until then."""

    async def look() -> bool:
        return {await _answer(scene, pod, secret) for pod in pods} == {status}

    began = time.monotonic()
    await until(look, _REFRESH_SECONDS, f"each pod answers {status} after a rotation")
    return time.monotonic() - began


async def _require_each(scene: Scene, pods: list[Pod], secret: str, status: int) -> None:
    answers = {await _answer(scene, pod, secret) for pod in pods}
    if answers != {status}:
        raise Failed(f"after a rotation pods answer {answers}, not {status}")


async def _answer(scene: Scene, pod: Pod, secret: str) -> int | None:
    answer = await scene.stripe.probe(secret=secret, url=f"http://{pod.address}:8080/api/webhooks")
    return answer.status
