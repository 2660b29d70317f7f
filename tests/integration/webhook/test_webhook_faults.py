"""A dependency that is away or refuses: Stripe is told to come back, and finds nothing half-done when it does."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_contract.errors import Refused

from .conftest import CREATED, Customer, Open, Webhook, path_of

Kubeconfig = Callable[..., Path]
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"


async def test_without_supabase_the_resource_is_made_and_the_mapping_follows(
    open_webhook: Open, webhook: Webhook, customer: Customer, closed_port: int
) -> None:
    event = customer.checkout()
    async with open_webhook(supabase_url=f"http://127.0.0.1:{closed_port}") as cut_off:
        assert await cut_off.deliver(event) == (503, "supabase_unavailable")
        assert await customer.has_resource()
        assert await cut_off.deliver(event) == (503, "supabase_unavailable")
    assert await webhook.deliver(event) == (200, "already_accepted")
    assert len(customer.rows()) == 1


async def test_without_supabase_an_unpaid_checkout_is_tried_again(
    open_webhook: Open, customer: Customer, closed_port: int
) -> None:
    async with open_webhook(supabase_url=f"http://127.0.0.1:{closed_port}") as cut_off:
        assert await cut_off.deliver(customer.checkout(payment_status="unpaid")) == (503, "supabase_unavailable")
        assert await cut_off.deliver(customer.checkout(disksize_gb="0")) == (422, "invalid_disksize")
    assert not await customer.has_resource()


async def test_without_the_api_server_only_the_mapping_is_stored(
    open_webhook: Open, webhook: Webhook, customer: Customer, changed_kubeconfig: Kubeconfig, closed_port: int
) -> None:
    event = customer.checkout()
    async with open_webhook(kubeconfig=changed_kubeconfig(server=f"https://127.0.0.1:{closed_port}")) as cut_off:
        assert await cut_off.deliver(event) == (503, "kubernetes_unavailable")
    assert len(customer.rows()) == 1
    assert await webhook.deliver(event) == (200, "accepted")


async def test_without_either_it_is_tried_again(
    open_webhook: Open, customer: Customer, changed_kubeconfig: Kubeconfig, closed_port: int
) -> None:
    nowhere = f"127.0.0.1:{closed_port}"
    kubeconfig = changed_kubeconfig(server=f"https://{nowhere}")
    async with open_webhook(kubeconfig=kubeconfig, supabase_url=f"http://{nowhere}") as cut_off:
        assert await cut_off.deliver(customer.checkout()) == (503, "kubernetes_unavailable")


async def test_rejected_credentials_are_told_apart(
    open_webhook: Open, customer: Customer, changed_kubeconfig: Kubeconfig
) -> None:
    async with open_webhook(kubeconfig=changed_kubeconfig(token="of-nobody")) as unknown:
        assert await unknown.deliver(customer.checkout()) == (503, "kubernetes_refused")


async def test_a_missing_namespace_is_a_refusal(open_webhook: Open, customer: Customer) -> None:
    async with open_webhook(namespace=f"missing-{uuid.uuid4().hex[:8]}") as misplaced:
        assert await misplaced.deliver(customer.checkout()) == (503, "kubernetes_refused")


@pytest.fixture
async def refusing_namespace(kubernetes: KubernetesApi) -> AsyncIterator[str]:
    """A namespace where the API server refuses, with a 422, every resource of 666 GiB."""
    name = f"refusing-{uuid.uuid4().hex[:8]}"
    refused = "has(object.spec.disksizeGb) && object.spec.disksizeGb == 666"
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": ["pds.eny.space"],
                    "apiVersions": ["*"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["pdsprovisions"],
                }
            ]
        },
        "validations": [{"expression": f"!({refused})", "reason": "Invalid"}],
    }
    selector = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
    binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": selector}
    await kubernetes.call("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
    await kubernetes.call("POST", POLICIES, body={"metadata": {"name": name}, "spec": policy})
    await kubernetes.call("POST", BINDINGS, body={"metadata": {"name": name}, "spec": binding})
    async with asyncio.timeout(60):
        while not await _is_refused(kubernetes, name):  # noqa: ASYNC110 - the API server tells nobody
            await asyncio.sleep(0.1)
    yield name
    await kubernetes.call("DELETE", f"{BINDINGS}/{name}")
    await kubernetes.call("DELETE", f"{POLICIES}/{name}")
    await kubernetes.call("DELETE", f"/api/v1/namespaces/{name}")


async def _is_refused(kubernetes: KubernetesApi, namespace: str) -> bool:
    user_id = str(uuid.uuid4())
    body = {
        "apiVersion": "pds.eny.space/v1alpha1",
        "kind": "PdsProvision",
        "metadata": {"name": f"pds-{user_id}"},
        "spec": {"userId": user_id, "email": "a@a.example", "disksizeGb": 666},
    }
    try:
        await kubernetes.call("POST", path_of(namespace), query={"dryRun": "All"}, body=body)
    except Refused:
        return True
    return False


async def test_what_the_api_server_refuses_to_create_or_to_patch_is_tried_again(
    open_webhook: Open, customer: Customer, refusing_namespace: str, kubernetes: KubernetesApi
) -> None:
    provisions = Provisions(kubernetes, refusing_namespace, "tests")
    refused = {"disksize_gb": "666", "session_id": "cs_test_z"}
    async with open_webhook(namespace=refusing_namespace) as webhook:
        response = await webhook.post(customer.checkout(**refused))
        assert (response.status_code, response.json()["code"]) == (503, "kubernetes_refused")
        assert customer.email not in response.text

        assert await webhook.deliver(customer.checkout(session_id="cs_test_a")) == (200, "accepted")
        before = await provisions.get(customer.name)
        assert await webhook.deliver(customer.checkout(**refused, created=CREATED + 1)) == (503, "kubernetes_refused")
        assert (await provisions.get(customer.name)).metadata.resource_version == before.metadata.resource_version


async def test_rejected_supabase_keys_are_a_503_too(
    open_webhook: Open, webhook: Webhook, customer: Customer, stack: Mapping[str, str]
) -> None:
    service_role = stack["SUPABASE_SERVICE_ROLE_KEY"]
    header, payload, signature = service_role.split(".")
    wrongly_signed = f"{header}.{payload}.{signature[::-1]}"
    event = customer.checkout()
    for key in ("no-key-at-all", wrongly_signed, stack["SUPABASE_ANON_KEY"]):
        async with open_webhook(supabase_key=key) as rejected:
            assert await rejected.deliver(event) == (503, "supabase_unavailable"), f"of {key[:6]}…"
    assert await customer.has_resource()
    assert customer.rows() == []
    assert await webhook.deliver(event) == (200, "already_accepted")
    assert len(customer.rows()) == 1
