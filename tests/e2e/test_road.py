"""The commands as processes, wired by the environment alone: from Stripe's signed event to a running PDS."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_contract.conditions import READY
from pds_contract.errors import NotFound
from pds_contract.resource import (
    CHECKOUT_CREATED_ANNOTATION,
    CHECKOUT_PAID_ANNOTATION,
    CHECKOUT_SESSION_ANNOTATION,
    STRIPE_EVENT_ANNOTATION,
    PdsProvision,
    provision_name,
)
from pds_stack.console import Console
from pds_stack.errors import StackError
from pds_stack.events import checkout_event, sign
from pds_stack.kubernetes import programs
from pds_stack.kubernetes.kubectl import Kubectl
from stages.operator_stage import Counts, metrics_text

ROUNDS = 20
PATIENCE = 30.0
EXAMPLE = Path(__file__).parents[2] / "deploy" / "examples" / "pdsprovision.yaml"


@dataclass
class Road:
    """Both ends of the road."""

    settings: Mapping[str, str]
    api: KubernetesApi
    http: httpx.AsyncClient
    provisions: Provisions
    database: psycopg.Connection

    async def deliver(self, event: dict[str, Any]) -> httpx.Response:
        """Send an event as Stripe does."""
        body = json.dumps(event).encode()
        signature = sign(body, self.settings["STRIPE_WEBHOOK_SECRET"])
        return await self.http.post(self.settings["WEBHOOK_URL"], content=body, headers={"Stripe-Signature": signature})

    async def until_ready(self, user_id: str) -> PdsProvision:
        """Wait until a user's resource is ready."""
        seen: PdsProvision | None = None
        for _ in range(int(PATIENCE / 0.05)):
            try:
                seen = await self.provisions.get(provision_name(user_id))
            except NotFound:
                seen = None
            ready = seen.status.condition(READY) if seen else None
            if seen and ready and ready.status == "True":
                return seen
            await asyncio.sleep(0.05)
        pytest.fail(f"not ready within {PATIENCE:.0f} s: {seen.status if seen else 'no resource'}")

    async def made(self, hostname: str | None = None) -> list[dict[str, Any]]:
        """The PDSes that the backend has made, under one hostname or all."""
        control = self.settings["PDS_API_URL"].removesuffix("/api/v1") + "/_control/services"
        services: list[dict[str, Any]] = (await self.http.get(control)).json()
        return [each for each in services if hostname in {None, each["hostname"]}]

    def count(self, table: str, user_id: str) -> int:
        query = psycopg.sql.SQL("select count(*) from {} where user_id = %s").format(psycopg.sql.Identifier(table))
        row = self.database.execute(query, (user_id,)).fetchone()
        return int(row[0]) if row else 0


@pytest.fixture
async def road(product: Mapping[str, str], database: psycopg.Connection) -> AsyncIterator[Road]:
    async with await KubernetesApi.connect(product["KUBECONFIG"]) as api, httpx.AsyncClient(timeout=20) as http:
        yield Road(product, api, http, Provisions(api, product["PDS_NAMESPACE"], "test"), database)


async def test_a_paid_checkout_becomes_a_running_pds(road: Road, new_user: Callable[[], str]) -> None:
    user_id = new_user()
    event = checkout_event(user_id=user_id, email=f"{user_id}@a.example", username="Queen.Bee", disksize_gb=25)
    answer = await road.deliver(event)
    assert (answer.status_code, answer.json()["code"]) == (200, "accepted")
    provision = await road.until_ready(user_id)
    assert (provision.spec.username, provision.spec.hostname, provision.spec.disksize_gb) == ("queen-bee", None, 25)
    hostname = provision.status.hostname or ""
    (made,) = await road.made(hostname)
    assert (made["id"], made["username"], made["disksize"]) == (provision.status.service_id, "queen-bee", 25)
    version = provision.metadata.resource_version

    replay = await road.deliver(event)
    assert (replay.status_code, replay.json()["code"]) == (200, "already_accepted")
    assert (await road.provisions.get(provision_name(user_id))).metadata.resource_version == version
    assert len(await road.made(hostname)) == 1


async def test_what_a_checkout_costs_the_api_server(road: Road, new_user: Callable[[], str]) -> None:
    """At a backend that needs 50 ms to deploy, and whose service runs at the first look."""
    control = road.settings["PDS_API_URL"].removesuffix("/api/v1") + "/_control"
    await road.http.patch(f"{control}/behaviour", json={"deploy_seconds": 0.05})
    first, second = new_user(), new_user()
    # The operator's own lists at its start are over once a first customer is served.
    await road.deliver(checkout_event(user_id=first, email=f"{first}@a.example"))
    await road.until_ready(first)
    deploys = len(await road.made())
    before = Counts(await metrics_text(road.api))
    await road.deliver(checkout_event(user_id=second, email=f"{second}@a.example"))
    provision = await road.until_ready(second)
    after = Counts(await metrics_text(road.api))
    await road.http.delete(f"{control}/behaviour")

    def cost(verb: str, resource: str, subresource: str = "") -> int:
        return after.of(verb, resource, subresource) - before.of(verb, resource, subresource)

    assert cost("PATCH", "pdsprovisions", "status") <= 3
    assert cost("POST", "pdsprovisions") == 1
    assert cost("POST", "secrets") == 1
    for verb in ("PATCH", "PUT", "LIST", "DELETE"):
        assert cost(verb, "pdsprovisions") == 0, verb
        assert cost(verb, "secrets") == 0, verb
    assert len(await road.made()) == deploys + 1
    assert set(provision.metadata.annotations) == {
        CHECKOUT_SESSION_ANNOTATION,
        CHECKOUT_CREATED_ANNOTATION,
        CHECKOUT_PAID_ANNOTATION,
        STRIPE_EVENT_ANNOTATION,
    }
    path = f"/apis/pds.eny.space/v1alpha1/namespaces/{road.settings['PDS_NAMESPACE']}/pdsprovisions"
    assert "finalizers" not in (await road.api.call("GET", f"{path}/pds-{second}"))["metadata"]


async def test_two_deliveries_of_one_event_at_the_same_instant(road: Road, new_user: Callable[[], str]) -> None:
    for _ in range(ROUNDS):
        user_id = new_user()
        event = checkout_event(user_id=user_id, email=f"{user_id}@a.example")
        answers = await asyncio.gather(road.deliver(event), road.deliver(event))
        assert sorted((each.status_code, each.json()["code"]) for each in answers) == [
            (200, "accepted"),
            (200, "already_accepted"),
        ]
        provision = await road.until_ready(user_id)
        assert len(await road.made(provision.status.hostname)) == 1
        assert road.count("subscriptions", user_id) == 1
        assert road.count("pds_services", user_id) == 1


async def test_two_users_with_one_mailbox_name_at_the_same_instant(road: Road, new_user: Callable[[], str]) -> None:
    for number in range(ROUNDS):
        users = (new_user(), new_user())
        mailbox = f"twin{number}-{users[0][:8]}"
        events = [
            checkout_event(user_id=user_id, email=f"{mailbox}@{domain}.example")
            for user_id, domain in zip(users, ("a", "b"), strict=True)
        ]
        answers = await asyncio.gather(*(road.deliver(event) for event in events))
        assert [each.json()["code"] for each in answers] == ["accepted", "accepted"]
        provisions = [await road.until_ready(user_id) for user_id in users]
        hostnames = [provision.status.hostname for provision in provisions]
        assert len(set(hostnames)) == 2
        assert f"{mailbox}.eny.k8s.frx.pub" in hostnames
        for hostname in hostnames:
            assert len(await road.made(hostname)) == 1
        assert [road.count("subscriptions", user_id) for user_id in users] == [1, 1]


async def test_a_resource_written_by_hand_gets_the_same_treatment(road: Road, new_user: Callable[[], str]) -> None:
    kubectl = Kubectl((await programs(Console())).kubectl, Path(road.settings["KUBECONFIG"]))
    user_id = new_user()
    hostname = f"{user_id[:8]}.example.com"
    example = EXAMPLE.read_text().replace("3f0c1d52-6a0e-4b6e-9d2b-5f5a6f2f9b11", user_id)
    example = example.replace("alice.example.com", hostname)
    await kubectl("apply", "-f", "-", given=example)
    await kubectl("wait", "--for=condition=Ready", f"pds/pds-{user_id}", "-n", "pds-customers", "--timeout=30s")
    provision = await road.until_ready(user_id)
    assert (provision.status.hostname, provision.status.username) == (hostname, "alice")
    with pytest.raises(StackError, match="cannot change any more: a PDS was deployed with them"):
        await kubectl("apply", "-f", "-", given=example.replace(hostname, "other.example.com"))
    # The webhook leaves a resource alone that it did not make; the customer has a PDS.
    answer = await road.deliver(checkout_event(user_id=user_id, email="alice@example.com"))
    assert (answer.status_code, answer.json()["code"]) == (200, "already_provisioned")


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A TMPDIR of its own, which PostgreSQL's user may pass through even where root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="demo-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def processes_of(folder: Path) -> dict[int, str]:
    """The processes that run in this folder or were told of it, each with its command line."""
    found: dict[int, str] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "environ").read_bytes() + b"\0" + bytes((process / "cwd").readlink())
            if bytes(folder) in told:
                found[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it ended meanwhile, or is another user's
            continue
    return found


@pytest.mark.timeout(1000)  # on a new machine the demo builds Kubernetes
def test_the_demo_shows_the_road_and_leaves_nothing(tmp_path: Path, temporary: Path) -> None:
    work, output = tmp_path / "work", tmp_path / "output"
    work.mkdir()
    seen: dict[int, str] = {}
    with output.open("w") as log:
        demo = subprocess.Popen(
            [sys.executable, "-m", "pds_stack", "demo"],
            cwd=work,
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        while demo.poll() is None:
            seen |= processes_of(temporary)
            time.sleep(0.1)
    finally:
        demo.terminate()
        demo.wait(PATIENCE)
    assert demo.returncode == 0, output.read_text()
    assert "already_accepted" in output.read_text()
    for program in ("etcd", "kube-apiserver", "postgres", "postgrest", "pds-webhook", "pds-operator"):
        assert any(f"/{program} " in command for command in seen.values()), f"{program} was not seen: {seen}"
    assert processes_of(temporary) == {}
    assert list(temporary.iterdir()) == []
    assert list(work.iterdir()) == []
