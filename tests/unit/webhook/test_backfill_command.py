"""The command line of a backfill, as a process: what it refuses to start with, and what it says of that."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from pds_stack.stripe import StripeSimulator, create_app

COMMAND = Path(sys.executable).parent / "pds-webhook"


async def run(environment: Mapping[str, str], *arguments: str) -> tuple[int | None, str, str]:
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        COMMAND, *arguments, env={**bare, **environment}, stdout=PIPE, stderr=PIPE
    )
    stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, stdout.decode(), stderr.decode()


@pytest.fixture
def environment(kubeconfig: Path, closed_port: int) -> dict[str, str]:
    nowhere = f"http://127.0.0.1:{closed_port}"
    return {
        "KUBECONFIG": str(kubeconfig),
        "SUPABASE_URL": nowhere,
        "SUPABASE_SERVICE_ROLE_KEY": "the-service-role-key",
        "STRIPE_API_BASE": nowhere,
        "STRIPE_SECRET_KEY": "sk_live_the_secret_key",
    }


async def test_all_missing_settings_are_named_at_once() -> None:
    code, _, stderr = await run({"STRIPE_API_BASE": "stripe"}, "backfill", "--since", "2h")
    assert code == 2
    for name in ("STRIPE_SECRET_KEY", "STRIPE_API_BASE", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY"):
        assert f"{name}: " in stderr, stderr
    assert "STRIPE_WEBHOOK_SECRET" not in stderr, "it verifies no signature"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("STRIPE_SECRET_KEY", "sk_test_key", "STRIPE_LIVEMODE: is true, but STRIPE_SECRET_KEY is of test mode"),
        ("STRIPE_SECRET_KEY", "rk_test_key", "STRIPE_LIVEMODE: is true, but STRIPE_SECRET_KEY is of test mode"),
        ("STRIPE_LIVEMODE", "false", "STRIPE_LIVEMODE: is false, but STRIPE_SECRET_KEY is of live mode"),
        ("STRIPE_LIVEMODE", "maybe", "STRIPE_LIVEMODE: "),
        ("STRIPE_SECRET_KEY", "", "STRIPE_SECRET_KEY: is missing"),
        ("KUBECONFIG", "/nowhere/kubeconfig", "KUBECONFIG: "),
    ],
)
async def test_an_unusable_setting_is_named(environment: dict[str, str], name: str, value: str, said: str) -> None:
    code, _, stderr = await run({**environment, name: value}, "backfill", "--since", "2h")
    assert (code, said in stderr) == (2, True), stderr
    assert "the-service-role-key" not in stderr
    assert "secret_key" not in stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--since"),
        (("--since", "yesterday"), "give a date as 2026-11-01"),
        (("--since", "2999-01-01"), "lies ahead"),
        (("--since", "1h", "--until", "26h"), "--until lies more than 24 hours before --since"),
        (("--since", "1h", "--for", "alice"), "unrecognized arguments"),
    ],
)
async def test_unusable_arguments_are_said(environment: dict[str, str], arguments: tuple[str, ...], said: str) -> None:
    code, _, stderr = await run(environment, "backfill", *arguments)
    assert (code, said in stderr) == (2, True), stderr


async def test_an_unknown_command_is_said(environment: dict[str, str]) -> None:
    code, _, stderr = await run(environment, "refill")
    assert (code, "backfill" in stderr) == (2, True), stderr


async def test_its_help_tells_the_exit_codes() -> None:
    code, stdout, _ = await run({}, "backfill", "--help")
    assert code == 0
    for exit_code in range(4):
        assert f"\n  {exit_code}  " in stdout


async def test_a_run_that_ends_early_says_why_and_how_to_go_on(environment: dict[str, str]) -> None:
    async with TestServer(create_app(StripeSimulator("sk_live_another"))) as server:
        stripe = {"STRIPE_API_BASE": str(server.make_url("")).rstrip("/")}
        times = ("--since", "2026-11-01", "--until", "2026-11-02")
        code, stdout, stderr = await run({**environment, **stripe}, "backfill", *times)
    assert (code, stderr) == (1, "")
    assert stdout == (
        "0 completed sessions since 2026-11-01T00:00:00Z, created until 2026-11-02T00:00:00Z.\n"
        "\n"
        "Ended early: Stripe does not know the key in STRIPE_SECRET_KEY.\n"
        "Go on with: pds-webhook backfill --since 2026-11-01T00:00:00Z --until 2026-11-02T00:00:00Z\n"
    )
