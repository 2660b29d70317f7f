"""PdsProvisions through our client, against the real API server."""

import uuid

import pytest

from pds_clients.kubernetes import Json, KubernetesApi, Provisions
from pds_contract.errors import Conflict, NotFound, Refused
from pds_contract.phase import Phase
from pds_contract.resource import PdsProvision, provision_name

from .conftest import EMAIL


@pytest.fixture
def provisions(api: KubernetesApi, namespace: str) -> Provisions:
    return Provisions(api, namespace, "tests")


async def create(provisions: Provisions, annotations: dict[str, str] | None = None, **spec: object) -> PdsProvision:
    user_id = str(uuid.uuid4())
    wanted = {"userId": user_id, "email": EMAIL, **spec}
    return await provisions.create(provision_name(user_id), wanted, annotations or {})


async def test_what_is_created_is_read_back(provisions: Provisions, namespace: str) -> None:
    made = await create(provisions, {"pds.eny.space/retry": "1"}, disksizeGb=20, username="alice")
    assert (made.spec.email, made.spec.username, made.spec.disksize_gb) == (EMAIL, "alice", 20)
    assert (made.metadata.namespace, made.metadata.generation) == (namespace, 1)
    assert made.metadata.annotations == {"pds.eny.space/retry": "1"}
    assert [(one.manager, one.operation, one.subresource) for one in made.metadata.managed_fields] == [
        ("tests", "Update", "")
    ]
    assert await provisions.get(made.metadata.name) == made


async def test_a_name_that_is_taken(provisions: Provisions) -> None:
    made = await create(provisions)
    with pytest.raises(Conflict, match="409 AlreadyExists"):
        await provisions.create(made.metadata.name, {"userId": made.spec.user_id, "email": EMAIL}, {})


async def test_one_that_is_not_there(provisions: Provisions) -> None:
    name = provision_name(str(uuid.uuid4()))
    with pytest.raises(NotFound):
        await provisions.get(name)
    with pytest.raises(NotFound):
        await provisions.patch(name, "1", spec={"suspend": True}, annotations={})
    with pytest.raises(NotFound):
        await provisions.patch_status(name, "1", {"attempts": 1})


@pytest.mark.parametrize("name", ["../secrets", "a/b", "a?b", "%2e%2e"])
async def test_a_name_cannot_lead_elsewhere(provisions: Provisions, name: str) -> None:
    with pytest.raises((NotFound, Refused)):
        await provisions.get(name)


async def test_a_namespace_that_is_not_there(api: KubernetesApi) -> None:
    with pytest.raises(NotFound):
        await create(Provisions(api, f"missing-{uuid.uuid4().hex}", "tests"))


async def test_a_patch_merges_into_spec_and_annotations(provisions: Provisions) -> None:
    made = await create(provisions, {"kept": "1", "changed": "1"}, username="alice")
    patched = await provisions.patch(
        made.metadata.name, made.metadata.resource_version, spec={"disksizeGb": 20}, annotations={"changed": "2"}
    )
    assert patched.spec == made.spec.model_copy(update={"disksize_gb": 20})
    assert patched.metadata.annotations == {"kept": "1", "changed": "2"}
    assert patched.metadata.generation == 2
    assert patched.edited


async def test_a_patch_of_annotations_alone_is_no_edit(provisions: Provisions) -> None:
    made = await create(provisions)
    patched = await provisions.patch(
        made.metadata.name, made.metadata.resource_version, spec={}, annotations={"pds.eny.space/retry": "now"}
    )
    assert (patched.spec, patched.metadata.generation, patched.retry) == (made.spec, 1, "now")


async def test_a_patch_of_the_status_merges_and_removes(provisions: Provisions) -> None:
    made = await create(provisions)
    name = made.metadata.name
    first = await provisions.patch_status(
        name, made.metadata.resource_version, {"phase": "deploy_failed", "attempts": 2, "username": "alice"}
    )
    second = await provisions.patch_status(name, first.metadata.resource_version, {"username": None, "attempts": 3})
    assert (second.status.phase, second.status.attempts, second.status.username) == (Phase.DEPLOY_FAILED, 3, None)
    assert second.spec == made.spec
    assert [(one.manager, one.subresource) for one in second.metadata.managed_fields] == [
        ("tests", ""),
        ("tests", "status"),
    ]
    assert await provisions.get(name) == second


async def test_what_was_read_before_another_wrote_is_stale(provisions: Provisions) -> None:
    made = await create(provisions)
    name, stale = made.metadata.name, made.metadata.resource_version
    newer = await provisions.patch_status(name, stale, {"attempts": 1})
    with pytest.raises(Conflict, match="409 Conflict"):
        await provisions.patch_status(name, stale, {"attempts": 7})
    with pytest.raises(Conflict, match="409 Conflict"):
        await provisions.patch(name, stale, spec={"suspend": True}, annotations={})
    assert await provisions.get(name) == newer


async def test_one_that_was_made_anew_is_another(provisions: Provisions, api: KubernetesApi, namespace: str) -> None:
    made = await create(provisions)
    path = f"/apis/pds.eny.space/v1alpha1/namespaces/{namespace}/pdsprovisions/{made.metadata.name}"
    await api.call("DELETE", path)
    anew = await provisions.create(made.metadata.name, {"userId": made.spec.user_id, "email": EMAIL}, {})
    assert anew.metadata.uid != made.metadata.uid
    with pytest.raises(Conflict):
        await provisions.patch_status(made.metadata.name, made.metadata.resource_version, {"attempts": 1})


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"email": "zqxj"}, "spec.email"),
        ({"email": f"{EMAIL}{'x' * 300}"}, "spec.email"),
        ({"username": "Zqxj"}, "spec.username"),
        ({"hostname": "zqxj"}, "spec.hostname"),
        ({"hostname": "zqxj.7"}, "spec.hostname"),
        ({"disksizeGb": 0}, "spec.disksizeGb"),
        ({"disksizeGb": "zqxj"}, "spec.disksizeGb"),
    ],
)
async def test_a_refusal_names_the_field_and_never_the_value(provisions: Provisions, spec: Json, field: str) -> None:
    user_id = str(uuid.uuid4())
    with pytest.raises(Refused) as caught:
        await provisions.create(provision_name(user_id), {"userId": user_id, "email": EMAIL, **spec}, {})
    assert (caught.value.dependency, caught.value.status) == ("kubernetes", 422)
    assert field in str(caught.value)
    assert "qxj" not in str(caught.value)
    assert "<nil>" not in str(caught.value)


async def test_a_frozen_field_is_a_refusal(provisions: Provisions) -> None:
    made = await create(provisions)
    held = await provisions.patch_status(made.metadata.name, made.metadata.resource_version, {"serviceId": 800})
    with pytest.raises(Refused, match=r"422 Invalid: spec \(FieldValueForbidden\)") as caught:
        await provisions.patch(
            made.metadata.name, held.metadata.resource_version, spec={"email": f"other-{EMAIL}"}, annotations={}
        )
    assert "zqxj" not in str(caught.value)


@pytest.mark.parametrize("page", [1, 2, 3, 5, 500])
async def test_a_list_goes_through_all_pages(api: KubernetesApi, namespace: str, page: int) -> None:
    provisions = Provisions(api, namespace, "tests", page=page)
    wanted = set()
    for number in range(5):
        made = await create(provisions)
        if number:
            phase = {"phase": "deploy_failed"}
            await provisions.patch_status(made.metadata.name, made.metadata.resource_version, phase)
            wanted.add(made.metadata.name)
    found = [one async for one in provisions.list("status.phase=deploy_failed")]
    assert len(found) == 4
    assert {one.metadata.name for one in found} == wanted
    assert {one.status.phase for one in found} == {Phase.DEPLOY_FAILED}


async def test_a_list_of_nothing(provisions: Provisions) -> None:
    assert [one async for one in provisions.list("status.serviceId=800")] == []


async def test_a_list_by_what_is_not_selectable_is_refused(provisions: Provisions) -> None:
    with pytest.raises(Refused) as caught:
        [one async for one in provisions.list(f"spec.email={EMAIL}")]
    assert caught.value.status == 400
    assert "zqxj" not in str(caught.value)
