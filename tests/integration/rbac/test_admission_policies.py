"""What RBAC cannot tell apart within a verb, the admission policies do; what the programs write passes them.

``test_rbac_allowed.py`` runs the programs under these policies. Whoever they do not name, they leave alone.
"""

import uuid
from typing import Any

import pytest

from pds_clients.kubernetes import MERGE_PATCH, Json, KubernetesApi
from pds_contract.errors import Refused
from pds_contract.resource import (
    API_VERSION,
    CHECKOUT_SESSION_ANNOTATION,
    GROUP,
    KIND,
    PLURAL,
    RETRY_ANNOTATION,
    SERVICE_ID_ANNOTATION,
    VERSION,
    provision_name,
)
from pds_contract.shards import SHARD_LABEL, shard_labels
from stages.service_accounts import BACKFILL, CUSTOMERS, IMPORT, OPERATOR, WEBHOOK, Accounts, Kubectl

pytestmark = pytest.mark.usefixtures("namespace")  # which is empty again after each test

PROVISIONS = f"/apis/{GROUP}/{VERSION}/namespaces/{CUSTOMERS}/{PLURAL}"
SECRETS = f"/api/v1/namespaces/{CUSTOMERS}/secrets"
USER = "7f025477-d436-469e-bbe5-a95ac3bb3321"
DRY_RUN: dict[str, str | int] = {"dryRun": "All"}


def provision(**changes: Any) -> Json:
    """A resource as a checkout makes it, with changes of its metadata, or of its spec where there is such a field."""
    spec = {"suspend": changes.pop("suspend")} if "suspend" in changes else {}
    metadata = {"name": provision_name(USER), "annotations": {CHECKOUT_SESSION_ANNOTATION: "cs_test_1"}, **changes}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": metadata,
        "spec": {"userId": USER, "email": "a@a.example", **spec},
    }


def reservation(metadata: Json | None = None, **changes: Any) -> Json:
    return {
        "metadata": {"name": "alice.example.com", **(metadata or {})},
        "type": "pds.eny.space/reservation",
        "immutable": True,
        "stringData": {"userId": USER, "provisionUid": "", "password": "x", "key": "y"},
        **changes,
    }


async def _refused(api: KubernetesApi, method: str, path: str, body: Json) -> bool:
    """Ask for a write that is not kept, and tell whether it was refused with 403."""
    content_type = MERGE_PATCH if method == "PATCH" else "application/json"
    try:
        await api.call(method, path, query=DRY_RUN, body=body, content_type=content_type)
    except Refused as error:
        if error.status != 403:
            raise
        return True
    return False


OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "8f025477-d436-469e-bbe5-a95ac3bb3321"}
NOT_A_CHECKOUT_S: list[Json] = [
    {"annotations": {SERVICE_ID_ANNOTATION: "800"}},
    {"annotations": {"argocd.argoproj.io/sync-options": "Delete=false"}},
    {"labels": {"a": "b"}},
    {"labels": {SHARD_LABEL: "f"}},
    {"finalizers": ["example.com/never"]},
    {"ownerReferences": [OWNER]},
    {"suspend": True},
]


@pytest.mark.parametrize("account", [WEBHOOK, BACKFILL])
@pytest.mark.parametrize("change", NOT_A_CHECKOUT_S, ids=str)
async def test_a_checkout_sets_its_own_fields_alone(
    account: str, change: Json, api: KubernetesApi, accounts: Accounts
) -> None:
    assert await _refused(await accounts(account), "POST", PROVISIONS, provision(**change))
    assert not await _refused(api, "POST", PROVISIONS, provision(**change)), "an administrator may"
    await api.call("POST", PROVISIONS, body=provision())
    one = f"{PROVISIONS}/{provision_name(USER)}"
    wanted = {"spec": change} if "suspend" in change else {"metadata": change}
    assert await _refused(await accounts(account), "PATCH", one, wanted)
    assert not await _refused(api, "PATCH", one, wanted), "an administrator may"


@pytest.mark.parametrize("account", [WEBHOOK, BACKFILL])
async def test_a_checkout_labels_a_new_resource_with_its_users_shard(account: str, accounts: Accounts) -> None:
    checkouts = await accounts(account)
    assert not await _refused(checkouts, "POST", PROVISIONS, provision(labels=shard_labels(USER)))
    assert await _refused(checkouts, "POST", PROVISIONS, provision(labels={**shard_labels(USER), "a": "b"}))


@pytest.mark.parametrize("account", [WEBHOOK, BACKFILL])
async def test_a_checkout_leaves_what_an_administrator_has_set(
    account: str, api: KubernetesApi, accounts: Accounts
) -> None:
    given = {SERVICE_ID_ANNOTATION: "800", "other": "x"}
    await api.call("POST", PROVISIONS, body=provision(annotations=given, labels={"a": "b"}, suspend=True))
    one = f"{PROVISIONS}/{provision_name(USER)}"
    theirs = {"metadata": {"annotations": {CHECKOUT_SESSION_ANNOTATION: "cs_test_2", RETRY_ANNOTATION: "cs_test_2"}}}
    checkouts = await accounts(account)
    assert not await _refused(checkouts, "PATCH", one, theirs)
    assert not await _refused(checkouts, "PATCH", one, {"spec": {"email": "b@a.example", "disksizeGb": 20}})
    removed: list[Json] = [
        {"metadata": {"annotations": {SERVICE_ID_ANNOTATION: None}}},
        {"metadata": {"annotations": {SERVICE_ID_ANNOTATION: "801"}}},
        {"metadata": {"annotations": None}},
        {"metadata": {"labels": None}},
        {"spec": {"suspend": False}},
    ]
    for change in removed:
        assert await _refused(checkouts, "PATCH", one, change), change


TOKEN_OF_DEFAULT = {"name": "token", "annotations": {"kubernetes.io/service-account.name": "default"}}
NO_RESERVATIONS: list[Json] = [
    {"type": "kubernetes.io/service-account-token", "metadata": TOKEN_OF_DEFAULT, "stringData": {}},
    {"type": "Opaque"},
    {"immutable": False},
    {"stringData": {"userId": USER, "password": "x", "key": "y", "more": "z"}},
    {"metadata": {"annotations": {"a": "b"}}},
    {"metadata": {"finalizers": ["example.com/never"]}},
    {"metadata": {"ownerReferences": [OWNER]}},
]


@pytest.mark.parametrize("account", [OPERATOR, IMPORT])
@pytest.mark.parametrize("change", NO_RESERVATIONS, ids=str)
async def test_the_operator_makes_reservations_alone(
    account: str, change: Json, api: KubernetesApi, accounts: Accounts
) -> None:
    assert await _refused(await accounts(account), "POST", SECRETS, reservation(**change))
    assert not await _refused(await accounts(account), "POST", SECRETS, reservation())
    assert not await _refused(api, "POST", SECRETS, reservation(**change)), "an administrator may"


async def test_a_status_write_changes_neither_spec_nor_metadata(api: KubernetesApi, accounts: Accounts) -> None:
    """No policy is needed for this: the status subresource takes nothing else."""
    made = await api.call("POST", PROVISIONS, body=provision())
    change = {
        "metadata": {"annotations": {SERVICE_ID_ANNOTATION: "800"}, "finalizers": ["example.com/never"]},
        "spec": {"suspend": True, "email": "b@a.example"},
        "status": {"attempts": 1},
    }
    status, operator = f"{PROVISIONS}/{provision_name(USER)}/status", await accounts(OPERATOR)
    written = await operator.call("PATCH", status, body=change, content_type=MERGE_PATCH)
    assert written["status"]["attempts"] == 1
    assert written["spec"] == made["spec"]
    assert written["metadata"]["annotations"] == made["metadata"]["annotations"]
    assert "finalizers" not in written["metadata"]


def test_a_service_account_of_that_name_elsewhere_is_left_alone(admin: Kubectl) -> None:
    """The policies are the cluster's: they may refuse nobody who is not of pds-system."""
    elsewhere = f"test-{uuid.uuid4().hex[:12]}"
    namesake = f"system:serviceaccount:{elsewhere}:{OPERATOR}"
    admin("create", "namespace", elsewhere)
    admin(
        *("-n", elsewhere, "create", "rolebinding", "all"),
        *("--clusterrole=cluster-admin", f"--serviceaccount={elsewhere}:{OPERATOR}"),
    )
    secret = ("create", "secret", "generic", "any", "--from-literal=a=b", "--dry-run=server", "--output=name")
    assert admin(f"--as={namesake}", "-n", elsewhere, *secret) == "secret/any\n"
