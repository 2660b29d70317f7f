"""Rate limits: who is counted together, for how long, in how much memory."""

import asyncio
import time
import uuid
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from prometheus_client import CollectorRegistry

from pds_portal.identity.cookies import ACCESS
from pds_portal.metrics import Metrics
from pds_portal.portal import PORTAL, Portal
from pds_portal.safety.limits import RATES, Limit, Limits, check
from pds_portal.safety.refusals import TooMany
from pds_portal.safety.windows import BoundedWindows
from pds_stack.supabase import issuer, user_token
from stages.portal_settings import JWT_SECRET, NOBODY

from .conftest import OpenSafeApp, SafeApp

SECONDS = 20.0
ALLOWED = RATES[Limit.REVEAL].amount


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def limits(registry: CollectorRegistry) -> Limits:
    return Limits(Metrics(registry))


async def exhaust(limits: Limits, limit: Limit, who: str) -> None:
    for _ in range(RATES[limit].amount):
        await limits.spend(limit, who)


@pytest.mark.parametrize("limit", Limit)
async def test_each_limit_has_a_rate_and_an_end(limits: Limits, registry: CollectorRegistry, limit: Limit) -> None:
    await exhaust(limits, limit, "user a")
    with pytest.raises(TooMany) as refused:
        await limits.spend(limit, "user a")
    assert 1 <= refused.value.retry_after <= RATES[limit].get_expiry()
    assert refused.value.headers["Retry-After"] == str(refused.value.retry_after)
    assert registry.get_sample_value("pds_portal_limited_total", {"limit": limit}) == 1


async def test_neither_others_nor_other_limits_are_touched(limits: Limits) -> None:
    await exhaust(limits, Limit.REVEAL, "user a")
    await limits.spend(Limit.REVEAL, "user b")
    await limits.spend(Limit.SERVICE, "user a")


async def test_the_window_moves_on() -> None:
    windows = BoundedWindows(100)
    assert [await windows.acquire_entry("a", 2, 1) for _ in range(3)] == [True, True, False]
    async with asyncio.timeout(SECONDS):
        while not await windows.acquire_entry("a", 2, 1):  # noqa: ASYNC110 - only time passes
            await asyncio.sleep(0.05)


async def test_the_wait_that_is_told_is_long_enough_and_no_longer() -> None:
    windows, started = BoundedWindows(100), time.time()
    await windows.acquire_entry("a", 1, 30)
    begins, number = await windows.get_moving_window("a", 1, 30)
    assert started <= begins <= time.time()
    assert number == 1


async def test_a_refused_request_does_not_put_the_next_one_off() -> None:
    windows = BoundedWindows(100)
    await windows.acquire_entry("a", 1, 3600)
    before = await windows.get_moving_window("a", 1, 3600)
    for _ in range(10):
        assert not await windows.acquire_entry("a", 1, 3600)
    assert await windows.get_moving_window("a", 1, 3600) == before


async def test_memory_is_bounded_and_whoever_asked_last_is_remembered() -> None:
    windows = BoundedWindows(10)
    await windows.acquire_entry("busy", 5, 3600)
    for number in range(1000):
        await windows.acquire_entry(f"passing {number}", 5, 3600)
        await windows.acquire_entry("busy", 5, 3600)
        assert windows.held == sum(map(len, windows.events.values())) <= 10
    assert not await windows.acquire_entry("busy", 5, 3600)
    assert "passing 0" not in windows.events


async def test_who_is_not_signed_in_is_known_by_the_address(open_safe_app: OpenSafeApp) -> None:
    async with open_safe_app(TRUSTED_PROXIES="127.0.0.0/8") as app:

        async def asks(address: str) -> int:
            return (await app.client.get("/api/limited", headers={"X-Forwarded-For": address})).status_code

        for number in range(ALLOWED):
            assert await asks(f"2001:db8:0:1::{number}") == 200  # one customer's network
        assert await asks("2001:db8:0:1:ffff::1") == 429
        assert await asks("2001:db8:0:2::1") == 200
        assert await asks("198.51.100.1") == 200


@pytest.mark.parametrize("limit", [Limit.SIGN_IN, Limit.SIGN_UP, Limit.CONFIRM, Limit.REVEAL])
async def test_who_signs_in_as_one_more_user_has_no_further_tries_to_sign_in(safe_app: SafeApp, limit: Limit) -> None:
    async def asks_as_a_new_user() -> int:
        user_id = str(uuid.uuid4())
        token = user_token(JWT_SECRET, user_id, f"{user_id}@users.example", issuer(NOBODY))
        cookie = {"Cookie": f"{ACCESS}={token}"}
        return (await safe_app.client.get(f"/api/limited/{limit}", headers=cookie)).status_code

    assert {await asks_as_a_new_user() for _ in range(RATES[limit].amount)} == {200}
    assert await asks_as_a_new_user() == (200 if limit is Limit.REVEAL else 429)


@pytest.mark.parametrize("spelt", ["ALICE@users.example", " alice@USERS.example ", "al\u0130ce@users.example"])
async def test_an_account_is_the_same_in_every_spelling(limits: Limits, spelt: str) -> None:
    """Supabase Auth would find the same user."""
    app = web.Application()
    app[PORTAL] = cast("Portal", SimpleNamespace(limits=limits))
    request = make_mocked_request("POST", "/login", app=app)
    for _ in range(RATES[Limit.SIGN_IN_ACCOUNT].amount):
        await check(request, Limit.SIGN_IN_ACCOUNT, account="alice@users.example")
    with pytest.raises(TooMany):
        await check(request, Limit.SIGN_IN_ACCOUNT, account=spelt)
    await check(request, Limit.SIGN_IN_ACCOUNT, account="alicia@users.example")


async def test_the_answer_says_when_to_come_again(safe_app: SafeApp) -> None:
    for _ in range(ALLOWED):
        assert (await safe_app.client.get("/api/limited")).status_code == 200
    refused = await safe_app.client.get("/api/limited")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= RATES[Limit.REVEAL].get_expiry()
    assert refused.headers["Retry-After"] in refused.json()["error"]
    assert safe_app.counted("pds_portal_limited_total", limit="reveal") == 1


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("limit", Limit)
def test_a_limit_is_counted_from_the_start(registry: CollectorRegistry, limit: Limit) -> None:
    """Else the first refusal would be no increase."""
    assert registry.get_sample_value("pds_portal_limited_total", {"limit": limit}) == 0
