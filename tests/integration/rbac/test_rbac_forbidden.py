"""What each ServiceAccount has no business with, asked for with its own token: the API server answers 403 to all of it.

``test_rbac_rules.py`` shows that nothing else is granted; this table says what that means.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from pds_clients.kubernetes import MERGE_PATCH, Json, KubernetesApi
from pds_contract.errors import DependencyError, Refused
from stages.service_accounts import (
    BACKFILL,
    CUSTOMERS,
    IMPORT,
    OPERATOR,
    PORTAL,
    RIGHTS,
    SYSTEM,
    WEBHOOK,
    Accounts,
    Kubectl,
    username,
)

ALL = (WEBHOOK, BACKFILL, OPERATOR, IMPORT, PORTAL)
CHECKOUTS = (WEBHOOK, BACKFILL)

API = {
    "pdsprovisions": "/apis/pds.eny.space/v1alpha1",
    "leases": "/apis/coordination.k8s.io/v1",
    "deployments": "/apis/apps/v1",
    "roles": "/apis/rbac.authorization.k8s.io/v1",
    "rolebindings": "/apis/rbac.authorization.k8s.io/v1",
    "clusterrolebindings": "/apis/rbac.authorization.k8s.io/v1",
    "customresourcedefinitions": "/apis/apiextensions.k8s.io/v1",
    "validatingadmissionpolicies": "/apis/admissionregistration.k8s.io/v1",
    "validatingadmissionpolicybindings": "/apis/admissionregistration.k8s.io/v1",
}
METHODS = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETE",
}
ONE = "pds-7f025477-d436-469e-bbe5-a95ac3bb3321"
UNNAMED = {"create", "list", "watch", "deletecollection"}


class Asked(NamedTuple):
    """One request: ``verb`` on ``resource``, which may have a subresource; of the whole cluster without a namespace."""

    verb: str
    resource: str
    namespace: str = CUSTOMERS
    name: str = ""

    @property
    def api(self) -> str:
        return API.get(self.resource.partition("/")[0], "/api/v1")

    @property
    def path(self) -> str:
        resource, _, subresource = self.resource.partition("/")
        parts = [self.api]
        parts += ["namespaces", self.namespace] if self.namespace else []
        parts += [part for part in (resource, self.name, subresource) if part]
        return "/".join(parts)

    def __str__(self) -> str:
        what = f"{self.verb} {self.resource}{f' {self.name}' if self.name else ''}"
        return f"{what} in {self.namespace}" if self.namespace else f"{what} of the cluster"


def each(verbs: str, resource: str, namespace: str = CUSTOMERS, name: str = "") -> list[Asked]:
    return [Asked(verb, resource, namespace, name) for verb in verbs.split()]


FORBIDDEN: list[tuple[tuple[str, ...], list[Asked]]] = [
    # Secrets.
    (CHECKOUTS, each("get", "secrets", CUSTOMERS, "alice.example.com")),
    (CHECKOUTS, each("create", "secrets", CUSTOMERS)),
    (ALL, each("list watch deletecollection", "secrets", CUSTOMERS)),
    (ALL, each("update patch delete", "secrets", CUSTOMERS, "alice.example.com")),
    (ALL, each("get update patch delete", "secrets", SYSTEM, "pds-webhook")),
    (ALL, each("get", "secrets", SYSTEM, "pds-operator")),
    (ALL, each("create list watch deletecollection", "secrets", SYSTEM)),
    (ALL, each("list watch", "secrets", "")),
    (ALL, each("get", "secrets", "kube-system", "anything")),
    # PdsProvisions: nobody deletes, the operator writes no spec, checkouts write no status and see no list.
    (ALL, each("update delete", "pdsprovisions", CUSTOMERS, ONE)),
    (ALL, each("deletecollection", "pdsprovisions", CUSTOMERS)),
    (ALL, each("list watch", "pdsprovisions", "")),
    (ALL, each("create list", "pdsprovisions", "default")),
    (ALL, each("get patch", "pdsprovisions", "default", ONE)),
    ((OPERATOR,), each("create", "pdsprovisions", CUSTOMERS)),
    ((OPERATOR, IMPORT), each("patch", "pdsprovisions", CUSTOMERS, ONE)),
    ((OPERATOR,), each("get update", "pdsprovisions/status", CUSTOMERS, ONE)),
    ((*CHECKOUTS, IMPORT), each("get update patch", "pdsprovisions/status", CUSTOMERS, ONE)),
    (CHECKOUTS, each("list watch", "pdsprovisions", CUSTOMERS)),
    ((IMPORT,), each("watch", "pdsprovisions", CUSTOMERS)),
    # Leases: the operator has one, of its own name.
    ((*CHECKOUTS, IMPORT), each("get patch", "leases", SYSTEM, "pds-operator")),
    ((*CHECKOUTS, IMPORT), each("create", "leases", SYSTEM)),
    ((OPERATOR,), each("get patch", "leases", SYSTEM, "somebody-else-s")),
    ((OPERATOR,), each("update delete", "leases", SYSTEM, "pds-operator")),
    ((OPERATOR,), each("list watch deletecollection", "leases", SYSTEM)),
    ((OPERATOR,), each("get", "leases", "kube-system", "kube-scheduler")),
    ((OPERATOR,), each("create", "leases", CUSTOMERS)),
    # Events: the operator writes them, and reads none.
    ((*CHECKOUTS, IMPORT), each("create", "events", CUSTOMERS)),
    ((OPERATOR,), each("list watch deletecollection", "events", CUSTOMERS)),
    ((OPERATOR,), each("create", "events", SYSTEM)),
    # What runs, and getting into it.
    (ALL, each("list create deletecollection", "pods", SYSTEM)),
    (ALL, each("create", "pods", CUSTOMERS)),
    (ALL, each("get delete", "pods", SYSTEM, "pds-operator-0")),
    (ALL, each("get create", "pods/exec", SYSTEM, "pds-operator-0")),
    (ALL, each("create", "pods/portforward", SYSTEM, "pds-operator-0")),
    (ALL, each("get", "pods/log", SYSTEM, "pds-operator-0")),
    (ALL, each("patch", "deployments", SYSTEM, "pds-webhook")),
    (ALL, each("get patch", "configmaps", SYSTEM, "pds-settings")),
    (ALL, each("list", "configmaps", CUSTOMERS)),
    # The cluster.
    (ALL, each("list watch", "namespaces", "")),
    (ALL, each("get patch delete", "namespaces", "", CUSTOMERS)),
    (ALL, each("list", "nodes", "")),
    (ALL, each("get", "nodes/proxy", "", "node-1")),
    (ALL, each("list watch", "customresourcedefinitions", "")),
    (ALL, each("get patch delete", "customresourcedefinitions", "", "pdsprovisions.pds.eny.space")),
    # More rights, and others' identities.
    (ALL, each("create", "serviceaccounts/token", SYSTEM, OPERATOR)),
    (ALL, each("create", "serviceaccounts/token", CUSTOMERS, "default")),
    (ALL, each("list", "serviceaccounts", SYSTEM)),
    (ALL, each("create list", "rolebindings", CUSTOMERS)),
    (ALL, each("create list", "clusterrolebindings", "")),
    (ALL, each("patch", "roles", CUSTOMERS, "pds-webhook")),
    (ALL, each("patch delete", "validatingadmissionpolicies", "", "pds-operator.pds.eny.space")),
    (ALL, each("delete", "validatingadmissionpolicybindings", "", "pds-operator.pds.eny.space")),
]


# Nothing is granted to the portal, so that whatever another one may do, or may not, is forbidden to it.
GRANTED_TO_OTHERS = sorted(
    {
        Asked(right.verb, right.resource, right.namespace, right.name or ("" if right.verb in UNNAMED else ONE))
        for rights in RIGHTS.values()
        for right in rights
    }
)
ROWS = [
    *((frozenset({*accounts, PORTAL}), asked) for accounts, several in FORBIDDEN for asked in several),
    *((frozenset({PORTAL}), asked) for asked in GRANTED_TO_OTHERS),
]


@pytest.mark.parametrize(("whom", "asked"), ROWS, ids=[str(asked) for _, asked in ROWS])
async def test_it_is_forbidden(whom: frozenset[str], asked: Asked, accounts: Accounts) -> None:
    answers = {account: await _answer(await accounts(account), asked) for account in whom}
    assert answers == dict.fromkeys(whom, 403)


async def test_each_row_asks_for_what_there_is(api: KubernetesApi) -> None:
    """A misspelt resource is forbidden too: each is one that the API server serves, with that verb."""
    served: dict[tuple[str, str], list[str]] = {}
    for path in {asked.api for _, asked in ROWS}:
        for resource in (await api.call("GET", path))["resources"]:
            served[path, resource["name"]] = [*resource["verbs"], *_of_connections(resource["name"])]
    assert [str(asked) for _, asked in ROWS if asked.verb not in served[asked.api, asked.resource]] == []


def _of_connections(resource: str) -> list[str]:
    """Discovery names the verbs of a connection in a way of its own; what is authorized is these."""
    return ["get", "create"] if resource in {"pods/exec", "pods/portforward", "nodes/proxy"} else []


@pytest.mark.parametrize("account", ALL)
@pytest.mark.parametrize("somebody", ["admin", username(OPERATOR)])
def test_nobody_acts_as_somebody_else(
    account: str, somebody: str, admin: Kubectl, kubeconfigs: Mapping[str, Path]
) -> None:
    kubectl = Kubectl(admin.program, kubeconfigs[account])
    assert f'User "{username(account)}" cannot impersonate' in kubectl.complaint(
        f"--as={somebody}", "get", "--raw", "/version"
    )


@pytest.mark.parametrize("account", ALL)
@pytest.mark.parametrize("path", ["/metrics", "/logs", "/debug/pprof/"])
async def test_nobody_looks_into_the_api_server(account: str, path: str, accounts: Accounts) -> None:
    asking = await accounts(account)
    with pytest.raises(Refused) as refused:
        await asking.call("GET", path)
    assert refused.value.status == 403


async def _answer(api: KubernetesApi, asked: Asked) -> int | None:
    """Ask, and return the status of the answer."""
    method = METHODS[asked.verb]
    query: dict[str, str | int] = {}
    if asked.verb == "watch":
        query = {"watch": "true", "timeoutSeconds": 1}
    elif method != "GET":
        query = {"dryRun": "All"}  # should it be allowed, it has no effect on the tests after it
    body: Json | None = {} if method in {"POST", "PUT", "PATCH"} else None
    content_type = MERGE_PATCH if asked.verb == "patch" else "application/json"
    try:
        await api.call(method, asked.path, query=query, body=body, content_type=content_type)
    except DependencyError as error:
        return error.status
    return 200
