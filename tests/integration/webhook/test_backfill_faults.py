"""A backfill that is killed, or whose Stripe or dependencies fail: what was done stays, what was not is said."""

import asyncio
import json
import shlex
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_clients.kubernetes import MERGE_PATCH, KubernetesApi
from pds_clients.supabase import Supabase
from pds_contract.resource import provision_name
from pds_stack.events import checkout_event
from pds_stack.stripe import Fault
from pds_webhook.backfill.window import shown
from stages.backfill_stage import CREATED, SINCE, BackfillStage, Running, backfill_stage

from .conftest import path_of

PAGE = 100


@pytest.fixture
async def stage(
    stack: Mapping[str, str],
    api: KubernetesApi,
    namespace: str,
    database: psycopg.Connection,
    new_user: Callable[[], str],
) -> AsyncIterator[BackfillStage]:
    async with backfill_stage(stack, api, namespace, database, new_user) as made:
        yield made


async def until_asked(stage: BackfillStage, times: int, running: Running) -> None:
    """Wait until Stripe was asked so often."""
    async with asyncio.timeout(90):
        while len(stage.stripe.asked) < times:
            assert running.process.returncode is None, (await running.ended()).stderr
            await asyncio.sleep(0.02)


async def test_killed_in_the_middle_it_is_made_up_by_the_next_run(stage: BackfillStage) -> None:
    for _ in range(PAGE + 20):
        stage.listed(stage.checkout())
    stage.stripe.faults.add(Fault(after=1, hang=True))
    running = await stage.start("--since", SINCE.isoformat())
    await until_asked(stage, 2, running)
    running.kill(signal.SIGKILL)
    assert (await running.ended()).code == -signal.SIGKILL
    assert len(await stage.resources()) == PAGE
    stage.stripe.interrupt()

    made_up = await stage.backfill()
    assert (made_up.code, made_up.report["codes"]) == (0, {"accepted": 20, "already_accepted": PAGE})
    assert len(await stage.resources()) == PAGE + 20


@pytest.mark.parametrize("since", [SINCE, SINCE + timedelta(hours=20)], ids=["created later", "created before"])
async def test_asked_to_stop_it_says_how_to_go_on_and_that_does_the_rest(stage: BackfillStage, since: datetime) -> None:
    for _ in range(PAGE + 20):
        stage.listed(stage.checkout())
    stage.stripe.faults.add(Fault(after=1, hang=True))
    running = await stage.start("--since", since.isoformat())
    await until_asked(stage, 2, running)
    running.kill(signal.SIGTERM)
    ended = await running.ended()
    assert ended.code == 1, ended.stderr
    assert "Ended early: it was asked to stop." in ended.stdout
    stage.stripe.interrupt()

    said = ended.stdout.splitlines()[-1].removeprefix("Go on with: ")
    command, subcommand, *arguments = shlex.split(said)
    assert (command, subcommand) == ("pds-webhook", "backfill")
    rest = await (await stage.start(*arguments)).ended()
    assert rest.code == 0, rest.stderr
    assert "21 completed sessions" in rest.stdout, "all that were not done, and the one that it had come to"
    assert len(await stage.resources()) == PAGE + 20


async def test_stripe_is_asked_again_no_sooner_than_it_wants(stage: BackfillStage) -> None:
    stage.listed(stage.checkout())
    stage.stripe.faults.add(Fault(status=429, headers={"Retry-After": "1"}))
    stage.stripe.faults.add(Fault(status=500))
    done = await stage.backfill()
    assert (done.code, done.report["codes"]) == (0, {"accepted": 1}), done.stderr
    first, second, _ = stage.stripe.asked
    assert second.at - first.at >= 1.0


async def test_a_page_that_stripe_never_gives_ends_the_run_behind_the_one_before(stage: BackfillStage) -> None:
    events = [stage.listed(stage.checkout()) for _ in range(PAGE + 1)]
    stage.stripe.faults.add(Fault(after=1, times=None, status=429, headers={"Retry-After": "301"}))
    report = await stage.run(stage.intake())
    assert (report.exit_code, report.looked_at, len(report.accepted)) == (1, PAGE, PAGE)
    assert report.halted is not None
    assert "asked to wait 301 s" in report.halted
    assert report.rest is not None
    assert report.rest.created_to == events[1]["data"]["object"]["created"], "the oldest that was looked at"


async def test_a_key_that_stripe_does_not_know_ends_it_at_once(stage: BackfillStage) -> None:
    stage.listed(stage.checkout())
    refused = await stage.backfill(STRIPE_SECRET_KEY="sk_test_guessed")
    assert (refused.code, refused.report["looked_at"]) == (1, 0)
    assert refused.report["halted"] == "Stripe does not know the key in STRIPE_SECRET_KEY"
    assert "sk_test_guessed" not in refused.stdout + refused.stderr
    assert len(stage.stripe.asked) == 1


async def test_one_session_that_fails_keeps_nobody_else_waiting(stage: BackfillStage) -> None:
    _, doomed, _ = (stage.listed(stage.checkout()) for _ in range(3))
    user_id = doomed["data"]["object"]["metadata"]["user_id"]
    resource = path_of(stage.namespace, provision_name(user_id))
    await stage.provisions().create(provision_name(user_id), {"userId": user_id, "email": "a@a.example"}, {})
    kept = {"metadata": {"finalizers": ["tests.example/kept"]}}
    await stage.api.call("PATCH", resource, body=kept, content_type=MERGE_PATCH)
    await stage.api.call("DELETE", resource)

    some = await stage.backfill()
    assert (some.code, some.report["codes"]) == (1, {"accepted": 2, "resource_being_deleted": 1})
    assert some.users("failed") == {user_id}
    assert some.report["go_on_with"].endswith(f" --until {shown(datetime.fromtimestamp(doomed['created'], UTC))}")
    released = {"metadata": {"finalizers": None}}
    await stage.api.call("PATCH", resource, body=released, content_type=MERGE_PATCH)
    assert (await stage.backfill()).report["codes"] == {"accepted": 1, "already_accepted": 2}


async def test_a_session_of_ours_that_cannot_be_read_is_said_and_passed_over(stage: BackfillStage) -> None:
    whole, broken = stage.checkout(), stage.checkout()
    del broken["data"]["object"]["payment_status"]
    for event in (whole, broken):
        stage.listed(event)
    done = await stage.backfill()
    assert (done.code, done.report["codes"]) == (1, {"accepted": 1, "invalid_body": 1})
    assert done.report["failed"][0]["session_id"] == broken["data"]["object"]["id"]


async def test_supabase_that_is_away_for_a_moment_is_waited_for(stage: BackfillStage) -> None:
    event = stage.listed(stage.checkout())
    away = 1

    async def forward(request: web.Request) -> web.Response:
        nonlocal away
        if away:
            away -= 1
            return web.Response(status=503)
        kept = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        url = f"{stage.stack['SUPABASE_URL']}{request.path_qs}"
        async with httpx.AsyncClient(timeout=20) as client:
            answer = await client.request(request.method, url, headers=kept, content=await request.read())
        return web.Response(status=answer.status_code, body=answer.content, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forward)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        async with Supabase(url, lambda: stage.stack["SUPABASE_SERVICE_ROLE_KEY"]) as supabase:
            report = await stage.run(stage.intake(supabase=supabase))
    # The resource was made by the first try, which is no lost delivery any more for the second.
    assert (report.exit_code, report.codes) == (0, {"already_accepted": 1})
    assert stage.rows({event["data"]["object"]["metadata"]["user_id"]}) != {}


async def test_a_dependency_that_stays_away_ends_the_run_with_what_was_not_done(
    stage: BackfillStage, closed_port: int
) -> None:
    events = [stage.listed(stage.checkout()) for _ in range(5)]
    async with Supabase(f"http://127.0.0.1:{closed_port}", lambda: "key") as away:
        report = await stage.run(stage.intake(supabase=away))
    assert (report.exit_code, report.looked_at) == (1, 3)
    assert report.halted is not None
    assert "3 sessions in a row" in report.halted
    assert [entry.code for entry in report.failed] == ["supabase_unavailable"] * 3
    assert report.rest is not None
    assert report.rest.created_to == events[-1]["data"]["object"]["created"], "the newest, which was not done"
    assert len(await stage.resources()) == 3, "as after a delivery, the resource is there all the same"

    assert (await stage.run(stage.intake())).codes == {"accepted": 2, "already_accepted": 3}
    users = {event["data"]["object"]["metadata"]["user_id"] for event in events}
    assert set(stage.rows(users)) == users


async def test_an_api_server_that_is_away_fails_a_dry_run_as_well(
    stage: BackfillStage, closed_port: int, changed_kubeconfig: Callable[..., Path]
) -> None:
    stage.listed(stage.checkout())
    kubeconfig = changed_kubeconfig(server=f"https://127.0.0.1:{closed_port}")
    ended = await stage.backfill("--dry-run", KUBECONFIG=str(kubeconfig))
    assert (ended.code, ended.report["codes"]) == (1, {"kubernetes_unavailable": 1})
    assert ended.report["go_on_with"].endswith(" --dry-run")


async def test_it_holds_one_page_of_sessions_at_a_time(stage: BackfillStage) -> None:
    padding = {f"padding_{n}": "x" * 500 for n in range(45)}

    def put(count: int) -> None:
        for n in range(count):
            session = checkout_event(session_id=f"cs_test_{n}", created=CREATED + n)["data"]["object"]
            session["metadata"] = padding
            stage.stripe.put(session)

    async def memory(pages: int) -> int:
        put(pages * PAGE + 1)
        begun = len(stage.stripe.asked)
        stage.stripe.faults.add(Fault(after=pages, hang=True))
        running = await stage.start("--since", SINCE.isoformat(), "--json")
        await until_asked(stage, begun + pages + 1, running)
        most = running.most_memory()
        running.kill(signal.SIGTERM)
        looked_at = (await running.ended()).report["looked_at"]
        assert looked_at == pages * PAGE
        stage.stripe.interrupt()
        return most

    few, many = await memory(2), await memory(12)
    size = len(json.dumps(padding)) * 10 * PAGE // 1024
    assert many - few < size / 2, f"{few} KiB after 200 sessions, {many} KiB after 1,200, which are {size} KiB more"
