"""What the API server says that each ServiceAccount may do, in every namespace: exactly what is written down."""

import re
from pathlib import Path

import pytest
import yaml

from pds_clients.kubernetes import Json, KubernetesApi
from pds_stack import paths
from stages.service_accounts import DEPLOY, NOBODY, RIGHTS, Accounts, Kubectl, Right, username

Rights = set[Right | str]


async def granted(account: KubernetesApi, namespace: str) -> Rights:
    """Ask the API server what an account may do in a namespace; what is no resource's is ``VERB PATH``."""
    review: Json = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    answer = await account.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body=review)
    status = answer["status"]
    assert not status["incomplete"], status
    rights: Rights = {
        Right(namespace, verb, resource, group, name)
        for rule in status["resourceRules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames") or [""]
    }
    for rule in status["nonResourceRules"]:
        rights |= {f"{verb} {path}" for verb in rule["verbs"] for path in rule["nonResourceURLs"]}
    return rights


@pytest.mark.parametrize("account", RIGHTS)
async def test_each_may_do_what_is_written_down_and_nothing_more(
    account: str, api: KubernetesApi, accounts: Accounts
) -> None:
    listed = await api.call("GET", "/api/v1/namespaces")
    everywhere = {item["metadata"]["name"] for item in listed["items"]}
    assert {"default", "kube-system", "pds-system", "pds-customers"} <= everywhere
    for namespace in everywhere:
        anybody_s = await granted(await accounts(NOBODY), namespace)
        own = await granted(await accounts(account), namespace) - anybody_s
        assert own == {right for right in RIGHTS[account] if right.namespace == namespace}, namespace


async def test_what_anybody_may_do_is_little(accounts: Accounts) -> None:
    """Else the test above would not see what is granted to everybody."""
    rights = await granted(await accounts(NOBODY), "pds-customers")
    on_resources = {(right.verb, right.resource) for right in rights if isinstance(right, Right)}
    assert on_resources == {
        ("create", "selfsubjectaccessreviews"),
        ("create", "selfsubjectrulesreviews"),
        ("create", "selfsubjectreviews"),
        # Certificates of authorities, which are public.
        ("get", "clustertrustbundles"),
        ("list", "clustertrustbundles"),
        ("watch", "clustertrustbundles"),
    }
    assert {right.split()[0] for right in rights if isinstance(right, str)} == {"get"}


async def test_a_role_that_is_widened_is_noticed(admin: Kubectl, accounts: Accounts, tmp_path: Path) -> None:
    """The test above can fail: a cluster-wide right, in a namespace that no Role of ours is in."""
    wide = tmp_path / "wide.yaml"
    metadata = {"name": "test-wide"}
    role = {"kind": "ClusterRole", "metadata": metadata, "rules": [_rule("", "secrets", "list")]}
    binding = {
        "kind": "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "test-wide"},
        "subjects": [{"kind": "ServiceAccount", "name": "pds-webhook", "namespace": "pds-system"}],
    }
    wide.write_text(
        yaml.safe_dump_all([{"apiVersion": "rbac.authorization.k8s.io/v1", **each} for each in (role, binding)])
    )
    admin("apply", f"--filename={wide}")
    try:
        own = await granted(await accounts("pds-webhook"), "default") - await granted(await accounts(NOBODY), "default")
        assert own == {Right("default", "list", "secrets")}
    finally:
        admin("delete", f"--filename={wide}")


def _rule(group: str, resource: str, verb: str) -> dict[str, list[str]]:
    return {"apiGroups": [group], "resources": [resource], "verbs": [verb]}


def test_the_admission_policies_name_these_service_accounts() -> None:
    """A policy that names nobody keeps nobody from anything."""
    policies = "".join(file.read_text() for file in (DEPLOY / "base" / "admission").glob("*.yaml"))
    assert set(re.findall(r"system:serviceaccount:[a-z:-]+", policies)) == {
        username(account) for account, rights in RIGHTS.items() if rights
    }


def test_the_document_says_the_same() -> None:
    """Each row of its table: ServiceAccount, namespace, resource (and a name), verbs."""
    row = re.compile(r"^\| `(pds-\w+)` \| `([\w-]+)` \| `([\w ./-]+)` \| (`[^|]+`) \|", re.MULTILINE)
    said: dict[str, set[str]] = {account: set() for account in RIGHTS}
    for account, namespace, resource, verbs in row.findall((paths.repository() / "docs" / "rbac.md").read_text()):
        said[account] |= {f"{verb} {resource} in {namespace}" for verb in re.findall(r"`(\w+)`", verbs)}
    assert said == {account: {str(right) for right in rights} for account, rights in RIGHTS.items()}
