"""A stack of these tests' own, with the ServiceAccounts, Roles and admission policies as deploy/ has them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
import yaml

from conftest import running_stack
from pds_clients.kubernetes import KubernetesApi
from pds_contract.resource import API_VERSION, GROUP, KIND, PLURAL, VERSION, provision_name
from pds_stack.console import Console
from pds_stack.kubernetes import programs
from stages.service_accounts import (
    CUSTOMERS,
    MANIFESTS,
    NOBODY,
    OPERATOR,
    RIGHTS,
    SYSTEM,
    WEBHOOK,
    Accounts,
    Kubectl,
    username,
)

POLICIES_SECONDS = 20.0


@pytest.fixture(scope="session")
def stack() -> Iterator[Mapping[str, str]]:
    """One whose namespaces and cluster-wide policies are nobody else's."""
    with running_stack("kubernetes,supabase", {}) as settings:
        yield settings


@pytest.fixture(scope="session")
def database(stack: Mapping[str, str]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(stack["DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def admin(stack: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """An administrator who has applied the manifests."""
    admin = Kubectl(asyncio.run(programs(Console())).kubectl, Path(stack["KUBECONFIG"]))
    admin("apply", "--server-side", *(f"--filename={file}" for file in MANIFESTS))
    admin("-n", SYSTEM, "create", "serviceaccount", NOBODY)
    _wait_for_the_policies(admin, tmp_path_factory.mktemp("refused") / "provision.yaml")
    return admin


def _wait_for_the_policies(admin: Kubectl, file: Path) -> None:
    """Wait until the API server heeds the admission policies: some time after they were applied."""
    user_id = "7f025477-d436-469e-bbe5-a95ac3bb3321"
    spec = {"userId": user_id, "email": "a@a.example", "suspend": True}
    manifest = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": provision_name(user_id)}, "spec": spec}
    file.write_text(yaml.safe_dump(manifest))
    refused = {WEBHOOK: (f"--filename={file}",), OPERATOR: ("secret", "generic", "any")}
    for account, what in refused.items():
        deadline = time.monotonic() + POLICIES_SECONDS
        asked = [f"--as={username(account)}", "-n", CUSTOMERS, "create", *what, "--dry-run=server"]
        while f"ValidatingAdmissionPolicy '{account}.{GROUP}'" not in admin.complaint(*asked):
            assert time.monotonic() < deadline, f"the admission policy of {account} is not heeded"
            time.sleep(0.05)


@pytest.fixture(scope="session")
def kubeconfigs(admin: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """For each ServiceAccount a kubeconfig with its own token."""
    folder = tmp_path_factory.mktemp("kubeconfigs")
    return {account: admin.kubeconfig_of(account, folder) for account in [*RIGHTS, NOBODY]}


@pytest.fixture
async def accounts(kubeconfigs: Mapping[str, Path]) -> AsyncIterator[Accounts]:
    """The API server as each ServiceAccount reaches it."""
    async with contextlib.AsyncExitStack() as opened:
        apis: dict[str, KubernetesApi] = {}

        async def connected(account: str) -> KubernetesApi:
            if account not in apis:
                api = await KubernetesApi.connect(str(kubeconfigs[account]))
                apis[account] = await opened.enter_async_context(api)
            return apis[account]

        yield connected


@pytest.fixture
async def namespace(api: KubernetesApi, kubeconfigs: Mapping[str, Path]) -> AsyncIterator[str]:
    """The customers' namespace, empty again afterwards; the Roles are there."""
    assert kubeconfigs
    yield CUSTOMERS
    for kind in (f"/apis/{GROUP}/{VERSION}/namespaces/{CUSTOMERS}/{PLURAL}", f"/api/v1/namespaces/{CUSTOMERS}/secrets"):
        await api.call("DELETE", kind)
