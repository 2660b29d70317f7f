"""The election while the API server is away, loses answers, or forbids it."""

import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from faults.choosers import no_fault
from faults.exchange import Background, Exchange
from faults.fault import Fault
from faults.journal import Journal
from faults.proxy import FaultProxy
from faults.upstreams import open_upstreams
from pds_clients.kubernetes import KubernetesApi
from stages.election_stage import SHORT, eventually, lease_of, participant, renewals, running, taken, within

NOWHERE = "http://127.0.0.1:9"
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces"


@pytest.fixture
async def proxy(stack: Mapping[str, str]) -> AsyncIterator[FaultProxy]:
    """A proxy in front of the API server."""
    async with (
        open_upstreams(stack["KUBECONFIG"], stack["SUPABASE_URL"], NOWHERE) as upstreams,
        FaultProxy("operator", upstreams, Journal()) as opened,
    ):
        yield opened


def of_leases(fault: Fault) -> Callable[[Exchange], Fault | None]:
    return lambda exchange: fault if exchange.background is Background.LEASE else None


@pytest.mark.parametrize("fault", [Fault.CUT_BEFORE, Fault.HANG_BEFORE, Fault.UNAVAILABLE])
async def test_a_leader_that_cannot_reach_the_api_server_stops_before_another_may_lead(
    proxy: FaultProxy, api: KubernetesApi, namespace: str, fault: Fault
) -> None:
    async with await KubernetesApi.connect(proxy.environment()["KUBECONFIG"]) as proxied:
        leader, standby = participant(proxied, namespace, SHORT), participant(api, namespace, SHORT)
        await leader.acquire()
        async with running(leader.hold()) as held, running(standby.acquire()) as acquired:
            await renewals(api, namespace, 2)
            proxy.choose = of_leases(fault)
            assert await within(held, "it has lost") == "the Lease could not be renewed in time"
            assert not leader.leading
            assert not acquired.done(), "the other one leads already"
            await within(acquired, "the other one leads")


@pytest.mark.parametrize("fault", [Fault.CUT_AFTER, Fault.HANG_AFTER, Fault.HTML_AFTER])
async def test_an_answer_that_is_lost_loses_nothing(
    proxy: FaultProxy, api: KubernetesApi, namespace: str, fault: Fault
) -> None:
    async with await KubernetesApi.connect(proxy.environment()["KUBECONFIG"]) as proxied:
        leader = participant(proxied, namespace, SHORT)
        # A read that is answered with nonsense would lead to no write.
        proxy.choose = lambda exchange: None if exchange.what.startswith("GET") else of_leases(fault)(exchange)
        async with running(leader.acquire()) as acquired:
            await taken(api, namespace)
            assert not acquired.done(), "it cannot know yet that it leads"
            proxy.choose = no_fault
            await within(acquired, "it leads")
        lease = await lease_of(api, namespace)
        assert (leader.leading, lease.transitions) == (True, 0)


async def test_an_api_server_that_is_away_at_the_start_is_waited_for(
    proxy: FaultProxy, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.choose = of_leases(Fault.CUT_BEFORE)
    caplog.set_level(logging.INFO, "pds_operator.leadership")
    async with await KubernetesApi.connect(proxy.environment()["KUBECONFIG"]) as proxied:
        leader = participant(proxied, namespace, SHORT)
        async with running(leader.acquire()) as acquired:
            before = proxy.journal.background[Background.LEASE]
            await eventually(
                lambda: proxy.journal.background[Background.LEASE] >= before + 5, "it has tried five times"
            )
            assert not acquired.done()
            warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
            assert len(warnings) == 1, "what goes on is said once, not at every try"
            proxy.choose = no_fault
            await within(acquired, "it leads")


async def test_without_permission_it_says_which_and_leads_once_it_is_given(
    api: KubernetesApi, namespace: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    await api.call("POST", accounts, body={"metadata": {"name": "operator"}})
    answer = await api.call("POST", f"{accounts}/operator/token", body={"spec": {}})
    connection = await api.connection()
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "c", "cluster": {"server": connection.server, "certificate-authority": connection.authority}}
        ],
        "users": [{"name": "u", "user": {"token": answer["status"]["token"]}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(kubeconfig))
    async with await KubernetesApi.connect(str(tmp_path / "kubeconfig")) as unprivileged:
        leader = participant(unprivileged, namespace, SHORT)
        async with running(leader.acquire()) as acquired:
            await eventually(lambda: caplog.records or acquired.done(), "it has said something")
            assert not acquired.done()
            told = getattr(caplog.records[0], "error", "")
            assert "403" in told
            assert "needs get, create and patch of leases" in told
            rules = [
                {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "patch"]}
            ]
            role = {"metadata": {"name": "operator"}, "rules": rules}
            binding = {
                "metadata": {"name": "operator"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "operator"},
                "subjects": [{"kind": "ServiceAccount", "name": "operator", "namespace": namespace}],
            }
            await api.call("POST", f"{RBAC}/{namespace}/roles", body=role)
            await api.call("POST", f"{RBAC}/{namespace}/rolebindings", body=binding)
            await within(acquired, "it leads")
        async with running(leader.hold()) as held:
            await renewals(api, namespace, 2)
            assert not held.done()
        await leader.release()
    assert (await lease_of(api, namespace)).holder == ""


async def test_a_namespace_that_is_missing_is_said(
    api: KubernetesApi, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    lost = participant(api, f"{namespace}-none", SHORT)
    async with running(lost.acquire()) as acquired:
        await eventually(lambda: caplog.records or acquired.done(), "it has said something")
        assert "PDS_LEASE_NAMESPACE" in getattr(caplog.records[0], "error", "")
        assert not acquired.done()
