"""The real commands, each with nothing but its own ServiceAccount's token, do all of their work.

What the API server itself wrote down of it says that nothing was forbidden, and that nothing is granted which no
program needs.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from faults.processes import Process, Zygote, start_zygote
from pds_clients.kubernetes import KubernetesApi
from pds_clients.reservations import Reservations
from pds_contract.reservation import Reservation
from pds_contract.resource import SERVICE_ID_ANNOTATION, provision_name
from pds_stack.backend.bodies import DeployBody
from pds_stack.events import checkout_event
from stages.audit_log import AuditLog, used
from stages.backfill_stage import BackfillStage, backfill_stage
from stages.operator_stage import TOKEN, Stage
from stages.operators_stage import Operators, leads
from stages.service_accounts import BACKFILL, IMPORT, OPERATOR, RIGHTS, SYSTEM, WEBHOOK, Accounts, username
from stages.webhook_process import running_webhook

pytestmark = pytest.mark.timeout(300)  # whole lives of several processes

StartOperator = Callable[[str], Coroutine[Any, Any, Process]]

EXPECTED_ANSWERS = {200, 201, 404, 409}
"""404: what is about to be made is not there yet; 409: somebody else was first. Anything else is a fault."""


@pytest.fixture
def audit(stack: Mapping[str, str], namespace: str) -> AuditLog:
    assert namespace
    return AuditLog(stack["KUBECONFIG"])


@pytest.fixture
async def zygote(tmp_path: Path) -> AsyncIterator[Zygote]:
    async with start_zygote(tmp_path) as started:
        yield started


def with_token(stack: Mapping[str, str], kubeconfigs: Mapping[str, Path], account: str) -> dict[str, str]:
    """The stack's settings, with a ServiceAccount's kubeconfig in the place of the administrator's."""
    return {**stack, "KUBECONFIG": str(kubeconfigs[account])}


async def used_exactly_its_rights(account: str, accounts: Accounts, audit: AuditLog) -> None:
    """Assert that a program was refused nothing, and has made use of all that it may do."""
    asked = await audit.of(username(account), await accounts(account))
    assert [each for each in asked if each.code not in EXPECTED_ANSWERS] == []
    assert sorted(map(str, used(asked, account))) == sorted(map(str, RIGHTS[account]))


def says_nothing_of_a_refusal(text: str) -> None:
    """Assert that nothing was logged of a 403, of which our client and kopf both tell in this word."""
    assert [line for line in text.splitlines() if "forbidden" in line.lower()] == []


async def test_the_webhook_takes_every_kind_of_event(
    stage: Stage,
    stack: Mapping[str, str],
    kubeconfigs: Mapping[str, Path],
    accounts: Accounts,
    audit: AuditLog,
    tmp_path: Path,
) -> None:
    log = tmp_path / "webhook.log"
    async with running_webhook(with_token(stack, kubeconfigs, WEBHOOK), stage.namespace, log) as webhook:
        user_id, by_hand = stage.new_user(), await stage.ask("by-hand@a.example")
        first = checkout_event(user_id=user_id, email="a@a.example", created=1_790_000_000)
        second = checkout_event(user_id=user_id, email="b@a.example", username="bob", created=1_790_000_060)
        assert await webhook.deliver(first) == (200, "accepted")
        assert await webhook.deliver(first) == (200, "already_accepted")
        assert await webhook.deliver(second) == (200, "updated")
        assert await webhook.deliver(first) == (200, "superseded")
        assert await webhook.deliver(checkout_event(user_id=by_hand, email="c@a.example")) == (200, "retry_requested")
        unpaid = checkout_event(user_id=stage.new_user(), email="d@a.example", payment_status="unpaid")
        assert (await webhook.deliver(unpaid))[0] == 200
        assert (await webhook.deliver({**first, "type": "customer.subscription.deleted"}))[0] == 200
    await used_exactly_its_rights(WEBHOOK, accounts, audit)
    says_nothing_of_a_refusal(log.read_text())


@pytest.fixture
async def backfills(
    stack: Mapping[str, str],
    kubeconfigs: Mapping[str, Path],
    api: KubernetesApi,
    namespace: str,
    database: psycopg.Connection,
    new_user: Callable[[], str],
) -> AsyncIterator[BackfillStage]:
    own = with_token(stack, kubeconfigs, BACKFILL)
    async with backfill_stage(own, api, namespace, database, new_user) as made:
        yield made


async def test_a_backfill_makes_up_for_what_was_lost(
    backfills: BackfillStage, accounts: Accounts, audit: AuditLog
) -> None:
    lost = backfills.listed(backfills.checkout(username="lost"))
    returning = backfills.new_user()
    await backfills.deliver(backfills.listed(backfills.checkout(returning)))
    backfills.listed(backfills.checkout(returning, username="second-name"))
    backfills.listed(backfills.checkout(disksize_gb="huge"))
    for options in (["--dry-run"], []):
        ended = await backfills.backfill(*options)
        assert ended.report["failed"] == []
        says_nothing_of_a_refusal(ended.stderr)
    made = await backfills.resources()
    assert set(made) == {lost["data"]["object"]["metadata"]["user_id"], returning}
    assert made[returning].spec.username == "second-name"
    await used_exactly_its_rights(BACKFILL, accounts, audit)


@pytest.fixture
def start_operator(stage: Stage, zygote: Zygote, kubeconfigs: Mapping[str, Path]) -> StartOperator:
    """Starts an operator with election on, its Lease in its own namespace."""
    operators = Operators(stage, zygote)
    settings = {
        "KUBECONFIG": kubeconfigs[OPERATOR],
        "PDS_LEASE_NAMESPACE": SYSTEM,
        "PDS_LEASE_SECONDS": 5,
        "PDS_POLL_READY": 0.5,
    }
    return lambda name: operators.start(name, **settings)


def with_a_pds(stage: Stage, hostname: str) -> tuple[str, int]:
    """Make a customer from before the operator; the user's id and the service's."""
    user_id = stage.new_user()
    body = DeployBody(username="old", password="x" * 20, email="o@a.example", hostname=hostname, disksize=10)
    service_id = stage.simulator.plant(body).id
    stage.write_row(user_id, service_id, hostname, "provisioning")
    return user_id, service_id


async def the_operator_s_day(stage: Stage) -> None:
    """Customers of every kind come, and each gets what is theirs."""
    running = await stage.ask("alice@a.example", hostname="alice.example.com")
    await stage.until_ready(running)
    # Somebody else's hostname: the reservation is read.
    await stage.until_reason(await stage.ask("thief@a.example", hostname="alice.example.com"), "HostnameTaken")
    # A PDS from before: the id is looked for among all resources.
    adopted, _ = with_a_pds(stage, "old.example.com")
    await stage.ask_for(adopted, "old@a.example")
    await stage.until_ready(adopted)
    # A refusal, and a retry.
    stage.simulator.change(faults=[{"endpoint": "deploy", "times": 1, "status": 400, "body": None}])
    refused = await stage.ask("refused@a.example")
    await stage.until_reason(refused, "DeployRejected")
    await stage.retry(refused)
    await stage.until_ready(refused)
    # An answer that never comes: the claim stays, and is met by whoever leads next.
    stage.simulator.change(faults=[{"endpoint": "deploy", "times": 1, "hang": True, "effect": "before"}])
    unknown = await stage.ask("unknown@a.example")
    await stage.until_reason(unknown, "OutcomeUnknown")
    await stage.until_reason(await stage.ask("suspended@a.example", suspend=True), "Suspended")
    await stage.delete(refused)

    async def told() -> bool:
        events = [*await stage.events(running), *await stage.events(refused)]
        return {"Running", "DeployRejected"} <= {event["reason"] for event in events}

    await stage.eventually_async(told, "Events tell of it")


async def test_the_operator_leads_works_sweeps_stops_and_is_followed(
    stage: Stage,
    start_operator: StartOperator,
    zygote: Zygote,
    accounts: Accounts,
    audit: AuditLog,
) -> None:
    leader = await start_operator("first")
    await leads(leader)
    standby = await start_operator("second")
    await the_operator_s_day(stage)
    await leader.kill()
    await leads(standby)
    third = await start_operator("third")
    await stage.until_ready(await stage.ask("late@a.example"))
    assert await standby.stop() == 0
    await leads(third)
    await stage.until_ready(await stage.ask("later@a.example"))
    assert await third.stop() == 0
    await used_exactly_its_rights(OPERATOR, accounts, audit)
    for log in zygote.logs:
        says_nothing_of_a_refusal(log.read_text())


async def test_an_import_makes_resources_and_reservations(
    stage: Stage, kubeconfigs: Mapping[str, Path], accounts: Accounts, audit: AuditLog
) -> None:
    stage.database.execute("truncate pds_services")  # an import looks at every row
    stage.simulator.change(service_seconds=2)
    imported, _ = with_a_pds(stage, "old.example.org")
    kept_out, _ = with_a_pds(stage, "held.example.org")
    await reserved_for_somebody_else(stage, "held.example.org")
    meanwhile, service_id = with_a_pds(stage, "meanwhile.example.org")
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "pds-operator",
        "import",
        "--json",
        env={
            "PATH": os.environ["PATH"],
            "KUBECONFIG": str(kubeconfigs[IMPORT]),
            "PDS_NAMESPACE": stage.namespace,
            "SUPABASE_URL": stage.stack["SUPABASE_URL"],
            "SUPABASE_SERVICE_ROLE_KEY": stage.stack["SUPABASE_SERVICE_ROLE_KEY"],
            "PDS_API_URL": f"{stage.backend_url}/api/v1",
            "PDS_API_TOKEN": TOKEN,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    # Whom somebody else imports once this one has listed what there is, and asks the backend.
    await stage.eventually(lambda: stage.posts(f"/api/v1/service/{service_id}"), "the import looks at the services")
    await stage.provisions.create(
        provision_name(meanwhile),
        {"userId": meanwhile, "email": "m@a.example", "hostname": "meanwhile.example.org"},
        {SERVICE_ID_ANNOTATION: str(service_id)},
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    results = {row["user_id"]: row["reason"] or row["result"] for row in json.loads(out)["rows"]}
    assert results == {imported: "imported", kept_out: "hostname_reserved", meanwhile: "already_there"}
    says_nothing_of_a_refusal(err.decode())
    await used_exactly_its_rights(IMPORT, accounts, audit)


async def reserved_for_somebody_else(stage: Stage, hostname: str) -> None:
    reservation = Reservation.new(hostname, stage.new_user(), "")
    await Reservations(stage.api, stage.namespace, "test").reserve(reservation)
