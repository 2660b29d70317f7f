"""Nothing that can be written into a resource or a row takes another customer's service, hostname or row."""

import asyncio
from typing import Any

import pytest

from pds_contract.resource import SERVICE_ID_ANNOTATION, PdsProvision
from pds_stack.backend.bodies import DeployBody
from stages.operator_stage import Stage, condition

ROUNDS = 20
HERS = "alice.eny.k8s.frx.pub"


async def everything_of(stage: Stage, user_id: str) -> tuple[Any, ...]:
    """All that a customer has: the resource to its last write, the row, the reservation, the service."""
    provision = await stage.get(user_id)
    hostname = provision.status.hostname
    secret = await stage.api.call("GET", f"/api/v1/namespaces/{stage.namespace}/secrets/{hostname}")
    service = stage.simulator.find(provision.status.service_id or 0)
    assert service
    return provision, stage.row(user_id), secret, service.updated_at


def planted(stage: Stage, hostname: str) -> int:
    body = DeployBody(username="x", password="x" * 20, email="x@a.example", hostname=hostname, disksize=1)
    return stage.simulator.plant(body).id


async def alice(stage: Stage) -> tuple[str, int]:
    """A customer who is served; her user's id and her service's."""
    user_id = await stage.ask("alice@a.example")
    service_id = (await stage.until_ready(user_id)).status.service_id
    assert service_id
    return user_id, service_id


async def refused(stage: Stage, user_id: str, reason: str) -> PdsProvision:
    """Wait until it is told; nothing may have been adopted."""

    def told(provision: PdsProvision) -> bool:
        found = provision.status.condition("Stalled")
        return found is not None and found.reason == reason and provision.retry is None

    provision = await stage.until(user_id, told, f"a person is told: {reason}")
    assert provision.status.service_id is None
    assert condition(provision, "Ready") == "False"
    return provision


async def bob(stage: Stage, state: str) -> str:
    """Another customer, in a state in which a person is asked for something."""
    faults: dict[str, list[dict[str, Any]]] = {
        "AwaitingServiceId": [{"endpoint": "deploy", "status": 200, "body": {}}],
        "OutcomeUnknown": [{"endpoint": "deploy", "cut": True}],
        "DeployRejected": [{"endpoint": "deploy", "status": 400, "body": None}],
    }
    stage.simulator.change(faults=faults.get(state, []))
    user_id = await stage.ask("bob@a.example", suspend=state == "Suspended")
    if state == "Suspended":
        await stage.until_reason(user_id, state)
    else:
        await stage.until(user_id, lambda p: condition(p, "Stalled") == "True", state)
        assert (await stage.get(user_id)).status.conditions[0].reason == state
    return user_id


@pytest.mark.parametrize("state", ["AwaitingServiceId", "OutcomeUnknown", "DeployRejected", "Suspended"])
async def test_another_customers_id_in_the_annotation(stage: Stage, state: str) -> None:
    await stage.operate(PDS_REDEPLOY="hold")
    her, hers = await alice(stage)
    him = await bob(stage, state)
    before, posts = await everything_of(stage, her), stage.posts()
    await stage.edit(him, {SERVICE_ID_ANNOTATION: str(hers), "pds.eny.space/retry": "now"}, suspend=False)
    await refused(stage, him, "ServiceMismatch")
    assert await everything_of(stage, her) == before
    assert (stage.row(him) or {}).get("pds_service_id") is None
    assert stage.posts() == posts


async def test_another_customers_id_in_the_annotation_of_a_new_resource(stage: Stage) -> None:
    await stage.operate()
    her, hers = await alice(stage)
    before, him = await everything_of(stage, her), stage.new_user()
    for spec in ({}, {"hostname": HERS}, {"username": "alice"}):
        user = {"userId": him, "email": "bob@a.example"}
        await stage.provisions.create(f"pds-{him}", user | spec, {SERVICE_ID_ANNOTATION: str(hers)})
        await refused(stage, him, "HostnameTaken" if "hostname" in spec else "ServiceMismatch")
        await stage.delete(him)
    assert await everything_of(stage, her) == before
    assert stage.row(him) is None
    assert stage.posts() == 1


@pytest.mark.parametrize("by", ["annotation", "row"])
async def test_an_id_of_a_strangers_service(stage: Stage, by: str) -> None:
    """Of somebody who has no resource: another product's customer, say."""
    await stage.operate()
    theirs, him = planted(stage, "strangers.example.com"), stage.new_user()
    if by == "row":
        stage.write_row(him, theirs, "bob.eny.k8s.frx.pub", "provisioning")
    annotations = {SERVICE_ID_ANNOTATION: str(theirs)} if by == "annotation" else {}
    await stage.provisions.create(f"pds-{him}", {"userId": him, "email": "bob@a.example"}, annotations)
    await refused(stage, him, "ServiceMismatch")
    assert stage.posts() == 0


@pytest.mark.parametrize("by", ["annotation", "row"])
async def test_an_id_of_a_customer_who_has_a_row_and_no_resource_yet(stage: Stage, by: str) -> None:
    """From before the operator, and not imported yet."""
    await stage.operate()
    her, him, hostname = stage.new_user(), stage.new_user(), "hers.example.com"
    hers = planted(stage, hostname)
    stage.write_row(her, hers, hostname, "provisioning")
    if by == "row":
        stage.write_row(him, hers, hostname, "provisioning")
    annotations = {SERVICE_ID_ANNOTATION: str(hers)} if by == "annotation" else {}
    spec = {"userId": him, "email": "bob@a.example", "hostname": hostname}
    await stage.provisions.create(f"pds-{him}", spec, annotations)
    provision = await refused(stage, him, "ServiceMismatch")
    assert f"pds-{her} has already" in provision.status.conditions[0].message
    assert stage.posts() == 0


@pytest.mark.parametrize("service", [True, False])
async def test_the_hostname_of_a_customer_who_has_a_row_and_no_resource_yet(
    stage: Stage,
    service: bool,  # noqa: FBT001 - a parameter
) -> None:
    """The backend has no call that would tell that it exists."""
    stage.simulator.change(check_pds=404)
    await stage.operate()
    her, hostname = stage.new_user(), "hers.example.com"
    hers = planted(stage, hostname)
    stage.write_row(her, hers if service else None, hostname, "deploy_succeeded_no_id")
    him = await stage.ask("bob@a.example", hostname=hostname)
    await refused(stage, him, "HostnameTaken")
    assert stage.posts() == 0


@pytest.mark.parametrize("by", ["annotation", "row"])
async def test_an_id_that_has_ones_own_hostname_by_now_but_is_another_resources(stage: Stage, by: str) -> None:
    """As if the backend had given her service his hostname: it stays hers."""
    await stage.operate(PDS_POLL_READY=3600)
    her, hers = await alice(stage)
    his_hostname = "bob.eny.k8s.frx.pub"
    (service,) = stage.simulator.services
    service.hostname = his_hostname
    before, him = await everything_of(stage, her), stage.new_user()
    annotations = {}
    if by == "row":
        stage.write_row(him, hers, his_hostname, "provisioning")
    else:
        annotations = {SERVICE_ID_ANNOTATION: str(hers)}
    await stage.provisions.create(f"pds-{him}", {"userId": him, "email": "bob@a.example"}, annotations)
    provision = await refused(stage, him, "ServiceMismatch")
    assert f"pds-{her} has already" in provision.status.conditions[0].message
    assert await everything_of(stage, her) == before
    assert stage.posts() == 1


@pytest.mark.parametrize("hostname", [HERS, "bob.eny.k8s.frx.pub", None])
async def test_another_customers_id_in_the_row(stage: Stage, hostname: str | None) -> None:
    await stage.operate()
    her, hers = await alice(stage)
    before, him = await everything_of(stage, her), stage.new_user()
    stage.write_row(him, hers, hostname, "provisioning")
    await stage.ask_for(him, "bob@a.example")
    await refused(stage, him, "ServiceMismatch")
    await stage.retry(him)
    await refused(stage, him, "ServiceMismatch")
    assert await everything_of(stage, her) == before
    assert stage.row(him) == {"pds_service_id": hers, "hostname": hostname, "status": "provisioning"}
    assert stage.posts() == 1


async def test_another_customers_id_in_the_row_of_one_who_awaits_an_id(stage: Stage) -> None:
    await stage.operate()
    her, hers = await alice(stage)
    him = await bob(stage, "AwaitingServiceId")
    before = await everything_of(stage, her)
    for hostname in (HERS, "bob.eny.k8s.frx.pub"):
        stage.write_row(him, hers, hostname, "deploy_succeeded_no_id")
        await stage.edit(him, {"look": hostname})
        await refused(stage, him, "ServiceMismatch")
    assert await everything_of(stage, her) == before


async def test_a_row_that_is_given_another_customers_id_later_changes_neither(stage: Stage) -> None:
    await stage.operate()
    her, hers = await alice(stage)
    him = await stage.ask("bob@a.example")
    his = (await stage.until_ready(him)).status.service_id
    before = await everything_of(stage, her)
    stage.write_row(him, hers, HERS, "provisioning")

    def told(provision: PdsProvision) -> bool:
        return condition(provision, "Stalled") == "True"

    provision = await stage.until(him, told, "told")
    assert provision.status.service_id == his
    assert await everything_of(stage, her) == before
    assert stage.posts() == 2


async def test_an_edit_to_another_customers_hostname(stage: Stage) -> None:
    await stage.operate()
    her, hers = await alice(stage)
    him = await bob(stage, "DeployRejected")
    before = await everything_of(stage, her)
    await stage.edit(him, hostname=HERS)
    await refused(stage, him, "HostnameTaken")
    await stage.edit(him, {SERVICE_ID_ANNOTATION: str(hers), "pds.eny.space/retry": "now"})
    await refused(stage, him, "HostnameTaken")
    await stage.edit(him, hostname=None, username="alice")
    await refused(stage, him, "ServiceMismatch")
    assert await everything_of(stage, her) == before
    assert stage.posts() == 2, "hers, and his that was refused"


@pytest.mark.parametrize("by", ["annotation", "row"])
async def test_two_who_give_one_id_at_the_same_instant(stage: Stage, by: str) -> None:
    await stage.operate()
    pairs = [(stage.new_user(), stage.new_user()) for _ in range(ROUNDS)]
    hostnames = [f"contested{number}.example.com" for number in range(ROUNDS)]
    ids = [planted(stage, hostname) for hostname in hostnames]

    async def give(user: str, hostname: str, service_id: int) -> None:
        spec = {"userId": user, "email": f"{user}@a.example"}
        if by == "row":
            stage.write_row(user, service_id, hostname, "provisioning")
            await stage.provisions.create(f"pds-{user}", spec, {})
        else:
            annotations = {SERVICE_ID_ANNOTATION: str(service_id)}
            await stage.provisions.create(f"pds-{user}", spec | {"hostname": hostname}, annotations)

    def decided(provision: PdsProvision) -> bool:
        return condition(provision, "Ready") == "True" or condition(provision, "Stalled") == "True"

    wanted = [(user, hostname, id_) for pair, hostname, id_ in zip(pairs, hostnames, ids, strict=True) for user in pair]
    await asyncio.gather(*(give(*each) for each in wanted))
    for pair, service_id in zip(pairs, ids, strict=True):
        provisions = [await stage.until(user, decided, "adopted or told") for user in pair]
        held = [provision.status.service_id for provision in provisions if provision.status.service_id]
        # Where both rows said so before either was looked at, a person has to say whose it is.
        assert held == [service_id] or (by == "row" and not held), "no two of them have it"
    assert stage.posts() == 0


async def test_an_id_given_to_two_who_await_one_at_the_same_instant(stage: Stage) -> None:
    """Each has a hostname of its own, so that only the one whose hostname it has can be given it."""
    stage.simulator.change(id_place="none")
    await stage.operate(PDS_CLAIM_SECONDS=10, PDS_DEPLOY_TIMEOUT=10)
    pairs = [[await stage.ask(f"user{number}@{domain}.example") for domain in ("a", "b")] for number in range(10)]
    ids = {}
    for owner, other in pairs:
        hostname = (await stage.until_reason(owner, "AwaitingServiceId")).status.hostname or ""
        await stage.until_reason(other, "AwaitingServiceId")
        ids[owner] = stage.simulator.at_hostname(hostname)[0].id
    await asyncio.gather(
        *(stage.edit(user, {SERVICE_ID_ANNOTATION: str(ids[pair[0]])}) for pair in pairs for user in pair)
    )
    for owner, other in pairs:
        assert (await stage.until_ready(owner)).status.service_id == ids[owner]
        await refused(stage, other, "ServiceMismatch")
    assert stage.posts() == 2 * len(pairs)
