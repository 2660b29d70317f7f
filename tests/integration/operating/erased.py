"""Somebody is erased, without a deploy and without an alarm; and their address is where the document says, only."""

import json
from http import HTTPStatus

from pds_contract.resource import PdsProvision, provision_name

from .document import Question
from .ground import Ground
from .pods import Pod
from .portal_pods import ACCESS, browser, pods_with_portal, sign_in, sign_up

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


async def erase(ground: Ground, question: Question) -> None:
    stage, pods = ground.stage, pods_with_portal(ground)
    await pods.install(operator=ground.operators_secret(), portal=ground.portals_secret())
    await sign_up(ground, "alice")
    async with (
        pods.running("pds-operator") as operator,
        pods.running("pds-portal") as portal,
        browser(portal) as alice,
    ):
        assert await sign_in(ground, alice, "alice") == HTTPStatus.SEE_OTHER
        await _apply(ground, "alice")
        await ground.ready("alice")
        await ground.customer("bob")
        await ground.ready("bob")
        assert (await alice.http.get("/api/pds/service")).status_code == HTTPStatus.OK
        await _address_is_nowhere_else(ground, operator, portal)
        (ended,) = stage.simulator.at_hostname("alice.eny.k8s.frx.pub")
        ground.names |= {"800": str(ended.id), "https://k8s-pds.frx.pub/api/v1": ground.environment["PDS_API_URL"]}
        while len(question.steps) > 1:
            await ground.run(question)
        assert ended.termination_date, "the service was not ended"
        assert await _reservations(ground) == ["bob.eny.k8s.frx.pub"]
        await ground.run(question, fails=True)  # grep, which counts none
        assert stage.row(ground.users["alice"]) is None
        assert (await alice.http.get("/api/pds/service")).status_code == HTTPStatus.NOT_FOUND
        del alice.cookies[ACCESS]  # as when it has ended
        assert (await alice.http.get("/api/pds/service")).status_code == HTTPStatus.UNAUTHORIZED
    assert stage.posts() == 2
    assert not [event for event in await stage.events(ground.users["alice"]) if event["type"] == "Warning"]


async def _apply(ground: Ground, name: str) -> None:
    """Make a customer's resource as `kubectl apply` does."""
    user_id = ground.users[name]
    spec = {"userId": user_id, "email": ground.email(name)}
    manifest = {
        "apiVersion": "pds.eny.space/v1alpha1",
        "kind": "PdsProvision",
        "metadata": {"name": provision_name(user_id), "namespace": ground.stage.namespace},
        "spec": spec,
    }
    await ground.shell("kubectl apply -f -", given=json.dumps(manifest))


async def _address_is_nowhere_else(ground: Ground, operator: Pod, portal: Pod) -> None:
    stage, user_id, email = ground.stage, ground.users["alice"], ground.email("alice")
    found = await stage.raw(user_id)
    assert email in found["spec"].pop("email")
    assert email in found["metadata"]["annotations"].pop(LAST_APPLIED)
    assert found["metadata"]["managedFields"], "nothing to look into"
    hostname = PdsProvision.model_validate({**found, "spec": {"userId": user_id, "email": email}}).status.hostname
    assert hostname
    events = json.dumps(await stage.events(user_id))
    log = operator.log.read_text() + portal.log.read_text()
    secrets = json.dumps(await stage.api.call("GET", f"/api/v1/namespaces/{stage.namespace}/secrets"))
    for place in (json.dumps(found), events, secrets, log):
        assert email not in place
    for place in (json.dumps(found), events, secrets):
        assert hostname in place
    assert user_id in log
    assert hostname not in log


async def _reservations(ground: Ground) -> list[str]:
    listed = await ground.stage.api.call("GET", f"/api/v1/namespaces/{ground.stage.namespace}/secrets")
    return [secret["metadata"]["name"] for secret in listed["items"]]
