"""Nothing that the commands show to anybody holds a secret or personal data, whatever goes wrong meanwhile.

A part of the crash matrix is run with values that occur nowhere else; then every log line, Kubernetes Event, status,
metric and answer of the webhook is searched for them, and likewise what the commands for a terminal write.
"""

import asyncio
import base64
import json
import os
import secrets
import sys
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from conftest import running_stack
from crash_matrix.cells import Selection
from crash_matrix.ground import Ground, ground, serving
from crash_matrix.matrix import run
from pds_clients.reservations import SECRET_TYPE
from pds_contract.resource import GROUP, PLURAL, VERSION
from pds_stack.backend.bodies import DeployBody
from pds_stack.events import checkout_event
from pds_stack.stripe import StripeSimulator, create_app

PARTS = ["second-available-probe/*:*:*", "webhook/*:*:*"]
SHARE, SEED = 0.1, 7
BIN = Path(sys.executable).parent
COMMAND_SECONDS = 90.0


@dataclass(frozen=True)
class Shown:
    """What the commands have shown, by the place where somebody else could read it."""

    by_place: Mapping[str, str] = field(repr=False)

    def places_of(self, value: str) -> list[str]:
        """Return the places where a value can be read; as it is, or as parts of programs write it."""
        written = {value, json.dumps(value)[1:-1], base64.b64encode(value.encode()).decode()}
        return sorted(place for place, text in self.by_place.items() if any(each in text for each in written))


@pytest.fixture
def marked(stack: Mapping[str, str]) -> Mapping[str, str]:
    """The values that must not be shown, each of which occurs nowhere else."""
    return {
        "PDS_API_TOKEN": f"token-{secrets.token_urlsafe(24)}",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(24)}",
        "STRIPE_SECRET_KEY": f"sk_test_{secrets.token_hex(24)}",
        "SUPABASE_SERVICE_ROLE_KEY": signature_of(stack),
        "password": secrets.token_urlsafe(24),
        "e-mail": f"personal-{uuid.uuid4().hex}.example",
    }


@pytest.fixture
async def opened(stack: Mapping[str, str], marked: Mapping[str, str]) -> AsyncIterator[Ground]:
    settings = {**stack, "STRIPE_WEBHOOK_SECRET": marked["STRIPE_WEBHOOK_SECRET"]}
    async with ground(settings, token=marked["PDS_API_TOKEN"], email_domain=marked["e-mail"]) as opened:
        yield opened


@pytest.fixture(scope="module")
def supabase() -> Iterator[Mapping[str, str]]:
    """A Supabase whose rows are these tests' alone: an import looks at every one."""
    with running_stack("supabase", {}) as settings:
        yield settings


@pytest.fixture
async def apart(
    stack: Mapping[str, str], supabase: Mapping[str, str], marked: Mapping[str, str]
) -> AsyncIterator[Ground]:
    """The same ground on that Supabase."""
    async with ground({**stack, **supabase}, token=marked["PDS_API_TOKEN"], email_domain=marked["e-mail"]) as opened:
        yield opened


def signature_of(stack: Mapping[str, str]) -> str:
    """The secret part of a JWT: the two before it are the same for everybody."""
    return stack["SUPABASE_SERVICE_ROLE_KEY"].rsplit(".", 1)[1]


@pytest.mark.timeout(600)
async def test_no_secret_and_no_personal_data_is_shown(opened: Ground, marked: Mapping[str, str]) -> None:
    results = await run(opened, Selection(PARTS, SHARE, SEED), print)
    assert not results.red, [f"{each.cell}: {each.problem}" for each in results.red]
    passwords = await passwords_of(opened)
    assert passwords, "no deploy has sent a password"
    shown = await everything_shown(opened)
    assert_unshown(shown, {**marked, **{f"password {number}": each for number, each in enumerate(passwords)}})

    # What is searched holds what it ought to hold, so that the search would have found them.
    assert "a deploy ended" in shown.by_place["logs"]
    assert "Deployed" in shown.by_place["events"]
    assert "serviceId" in shown.by_place["statuses"]
    assert "pds_operator_deploys_total" in shown.by_place["metrics and answers"]
    assert "pds_webhook" in shown.by_place["metrics and answers"]
    assert '"supabase_unavailable"' in shown.by_place["metrics and answers"]


@pytest.mark.parametrize("listed", [True, False], ids=["all well", "refused"])
@pytest.mark.parametrize("report", [(), ("--json",)], ids=["text", "json"])
async def test_a_backfill_shows_no_secret_and_no_personal_data(
    opened: Ground, marked: Mapping[str, str], report: tuple[str, ...], *, listed: bool
) -> None:
    customer = await opened.customer()
    stripe = StripeSimulator(marked["STRIPE_SECRET_KEY"] if listed else "sk_test_another")
    stripe.put(checkout_event(user_id=customer.user_id, email=customer.email)["data"]["object"])
    async with TestServer(create_app(stripe)) as server:
        settings = {"STRIPE_API_BASE": str(server.make_url("")), "STRIPE_SECRET_KEY": marked["STRIPE_SECRET_KEY"]}
        since = ("--since", datetime.fromtimestamp(0, UTC).isoformat())
        written = await output_of(opened, "pds-webhook", "backfill", "--dry-run", *since, *report, **settings)
    assert (customer.user_id in written) is listed, f"the run shows nothing:\n{written}"
    assert_unshown(Shown({"backfill": written}), marked)


@pytest.mark.parametrize("known", [True, False], ids=["all well", "refused"])
@pytest.mark.parametrize("report", [(), ("--json",)], ids=["text", "json"])
async def test_an_import_shows_no_secret_and_no_personal_data(
    apart: Ground, marked: Mapping[str, str], report: tuple[str, ...], *, known: bool
) -> None:
    customer, simulator = await apart.customer(), apart.backend()
    body = {"username": customer.user_id[:8], "password": marked["password"], "email": customer.email, "disksize": 10}
    made = simulator.plant(DeployBody(**body, hostname=f"{customer.user_id[:8]}.example.org"))
    await apart.database.execute(
        "insert into public.pds_services (user_id, pds_service_id, hostname, status) values (%s, %s, %s, %s)",
        (customer.user_id, made.id, made.hostname, "provisioning"),
    )
    if not known:
        simulator.change(token="another")
    async with serving(simulator) as url:
        settings = {"PDS_API_URL": f"{url}/api/v1", "PDS_API_TOKEN": marked["PDS_API_TOKEN"]}
        written = await output_of(apart, "pds-operator", "import", "--dry-run", *report, **settings)
    assert customer.user_id in written, f"the run shows nothing:\n{written}"
    assert_unshown(Shown({"import": written}), {**marked, "SUPABASE_SERVICE_ROLE_KEY": signature_of(apart.stack)})


async def output_of(opened: Ground, command: str, *arguments: str, **settings: str) -> str:
    """What a command writes, to both of its outputs, that is told nothing but what it needs."""
    names = ("KUBECONFIG", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "STRIPE_LIVEMODE", "PDS_BASE_DOMAIN")
    process = await asyncio.create_subprocess_exec(
        BIN / command,
        *arguments,
        env={
            "PATH": os.environ["PATH"],
            **{name: opened.stack[name] for name in names},
            "PDS_NAMESPACE": await opened.namespace(),
            **settings,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(COMMAND_SECONDS):
        written, _ = await process.communicate()
    return written.decode()


def assert_unshown(shown: Shown, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        assert not shown.places_of(value), f"{name} is shown in {shown.places_of(value)}"


async def test_the_search_finds_what_is_shown(opened: Ground, marked: Mapping[str, str]) -> None:
    """A log that quotes its settings, an answer that quotes the e-mail: both are found."""
    from_outside = replace(opened, published=[f"unknown user somebody@{marked['e-mail']}"])
    (opened.zygote.folder / "00000-careless.log").write_text(f"calling with {marked['PDS_API_TOKEN']}\n")
    shown = await everything_shown(from_outside)
    assert shown.places_of(marked["PDS_API_TOKEN"]) == ["logs"]
    assert shown.places_of(marked["e-mail"]) == ["metrics and answers"]
    assert shown.places_of(marked["STRIPE_WEBHOOK_SECRET"]) == []


async def everything_shown(opened: Ground) -> Shown:
    events, statuses = [], []
    for namespace in opened.namespaces:
        events += (await opened.api.call("GET", f"/api/v1/namespaces/{namespace}/events"))["items"]
        listed = await opened.api.call("GET", f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{PLURAL}")
        # Not spec, which holds the e-mail on purpose.
        statuses += [{"status": item.get("status"), "metadata": metadata_of(item)} for item in listed["items"]]
    return Shown(
        {
            "logs": "\n".join(log.read_text() for log in opened.zygote.logs),
            "events": json.dumps(events),
            "statuses": json.dumps(statuses),
            "metrics and answers": "\n".join(opened.published),
        }
    )


def metadata_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata but for managedFields, which names fields and holds no values."""
    return {name: value for name, value in item["metadata"].items() if name != "managedFields"}


async def passwords_of(opened: Ground) -> list[str]:
    """The passwords that were sent to the backend, from the reservations."""
    found: list[str] = []
    for namespace in opened.namespaces:
        listed = await opened.api.call("GET", f"/api/v1/namespaces/{namespace}/secrets")
        found += [
            base64.b64decode(item["data"]["password"]).decode()
            for item in listed["items"]
            if item["type"] == SECRET_TYPE
        ]
    return found
