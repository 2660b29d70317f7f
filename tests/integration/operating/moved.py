"""All customers move to another API server, in whatever state each of them is."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conftest import running_stack
from pds_clients.kubernetes import KubernetesApi, Provisions

from .document import Question
from .ground import Ground
from .pods import Pods

AFTER_ITS_EFFECT = {"endpoint": "deploy", "times": 1, "effect": "before", "cut": True}
REFUSED = {"endpoint": "deploy", "times": None, "status": 400, "body": None}


async def move(ground: Ground, question: Question) -> None:
    with running_stack("kubernetes", {}) as new:
        async with await KubernetesApi.connect(new["KUBECONFIG"]) as api:
            await _move(ground, question, new, api)


async def _move(ground: Ground, question: Question, new: Mapping[str, str], api: KubernetesApi) -> None:
    stage = ground.stage
    for name in (ground.system, stage.namespace):
        await api.call("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
    both = ground.folder / "kubeconfig"
    both.write_text(json.dumps(_two_contexts(old=stage.stack["KUBECONFIG"], new=new["KUBECONFIG"])))
    ground.environment["KUBECONFIG"] = str(both)
    await Pods(ground).install()
    await Pods(ground, api=api).install()
    await _one_of_each(ground)
    posts, made = stage.posts(), len(stage.simulator.services)

    for _ in range(10):
        await ground.run(question)
    old_count, new_count = (await ground.run(question)).split()
    assert old_count == new_count
    before = {name: (await stage.get(user_id)).status for name, user_id in ground.users.items()}
    stage.provisions = Provisions(api, stage.namespace, "test")
    after = {name: (await stage.get(user_id)).status for name, user_id in ground.users.items()}
    assert before == after
    assert after["dave"].claim, "nobody has moved with an open claim"
    # The webhook may change what it finds to be its own.
    assert "pds-webhook" in {each.manager for each in (await stage.get(ground.users["bob"])).metadata.managed_fields}
    operator = await stage.operate(KUBECONFIG=new["KUBECONFIG"])
    await stage.until_reason(ground.users["dave"], "AwaitingServiceId")
    await ground.ready("alice")
    await stage.until_reason(ground.users["bob"], "DeployRejected")
    await stage.until_reason(ground.users["carol"], "AwaitingServiceId")
    await operator.stop()
    assert (stage.posts(), len(stage.simulator.services)) == (posts, made)
    await ground.run(question)


async def _one_of_each(ground: Ground) -> None:
    """One who is Ready, one refused, one whose id was lost, one with an open claim; the operator is stopped then."""
    stage = ground.stage
    operator = await stage.operate(PDS_SETTLE_SECONDS=5)  # longer than it takes to stop it
    await ground.customer("alice")
    await ground.ready("alice")
    stage.simulator.change(faults=[{**REFUSED, "hostname": "bob.eny.k8s.frx.pub"}])
    await ground.customer("bob")
    await stage.until_reason(ground.users["bob"], "DeployRejected")
    stage.simulator.change(id_place="none")
    await ground.customer("carol")
    await stage.until_reason(ground.users["carol"], "AwaitingServiceId")
    stage.simulator.change(id_place="serviceId", faults=[AFTER_ITS_EFFECT])
    await ground.customer("dave")
    await stage.until_reason(ground.users["dave"], "OutcomeUnknown")
    await operator.stop()


def _two_contexts(**kubeconfigs: str) -> dict[str, Any]:
    merged: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []}
    for name, file in kubeconfigs.items():
        content = json.loads(Path(file).read_text())
        merged["clusters"].append({"name": name, "cluster": content["clusters"][0]["cluster"]})
        merged["users"].append({"name": name, "user": content["users"][0]["user"]})
        merged["contexts"].append({"name": name, "context": {"cluster": name, "user": name}})
    return {**merged, "current-context": "old"}
