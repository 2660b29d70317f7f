"""A webhook process, with as many open files as a login shell has, before senders that want to wear it out.

The figures are logged: ``pytest --log-cli-level=INFO`` shows them.
"""

import asyncio
import logging
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_contract.resource import provision_name
from pds_stack.events import checkout_event
from stages.bad_requests import bad_requests, send_all
from stages.crowd import HEAD, crowd
from stages.webhook_process import SECRET, WebhookProcess, running_webhook

IDLE = 1000
DRIPPING = 100
GOOD = 50
USUAL_ANSWER, LONGEST_ANSWER = 0.5, 5.0
"""Seconds: what half of the good events are answered within, and what a stall of the machine may make of one."""
FEW_FILES = 128
CONNECTIONS = "pds_webhook_connections"
CUT = "pds_webhook_connections_cut_total"
CANNOT_ACCEPT = "out of system resource"

BAD_REQUESTS = 20_000
WARM_UP = 2_000
SHARE = 2_000
GROWTH = 4 * 1024 * 1024
"""What the allocator may add by chance; 200 bytes kept of each request would add as much."""

_log = logging.getLogger(__name__)
Users = Callable[[], str]


async def good_event(webhook: WebhookProcess, new_user: Users) -> tuple[str, float]:
    """Deliver a new customer's paid checkout; the user, and how many seconds the answer took."""
    user_id = new_user()
    event = checkout_event(user_id=user_id, email=f"{user_id}@a.example")
    began = time.perf_counter()
    assert await webhook.deliver(event) == (200, "accepted")
    return user_id, time.perf_counter() - began


async def test_idle_and_dripping_senders_do_not_keep_a_good_event_from_its_answer(
    stack: Mapping[str, str], namespace: str, api: KubernetesApi, new_user: Users, tmp_path: Path
) -> None:
    provisions = Provisions(api, namespace, "tests")
    async with running_webhook(stack, namespace, tmp_path / "log") as webhook, crowd(webhook.port) as senders:
        await senders.idle(IDLE)
        heads = await senders.drip(DRIPPING, HEAD, b"X-Never: a\r\n")
        bodies = await senders.drip(DRIPPING, HEAD + b"\r\n", b"{")
        took = []
        for _ in range(GOOD):
            user_id, seconds = await good_event(webhook, new_user)
            assert (await provisions.get(provision_name(user_id))).spec.user_id == user_id
            took.append(seconds)
        _log.info("good events: median %.3f s, longest %.3f s", statistics.median(took), max(took))
        assert statistics.median(took) < USUAL_ANSWER, sorted(took)
        assert max(took) < LONGEST_ANSWER, sorted(took)[-5:]
        assert await webhook.metric(CONNECTIONS) <= 512
        assert await webhook.metric(CUT, reason="made_room") >= IDLE + 2 * DRIPPING - 512
        async with asyncio.timeout(60):
            dripped = [await task for task in (*heads, *bodies)]
        _log.info("the longest drip lasted %.1f s", max(sender.seconds for sender in dripped))
        for number, sender in enumerate(dripped):
            assert sender.heard.startswith(b"HTTP/1.1 408 "), sender.heard
            code = b"header_timeout" if number < DRIPPING else b"body_timeout"
            assert b'"code": "%s"' % code in sender.heard, sender.heard
        assert await webhook.metric(CUT, reason="header_timeout") == DRIPPING
        timeouts = await webhook.metric("pds_webhook_events_total", type="other", code="body_timeout")
        assert timeouts == DRIPPING


@pytest.mark.timeout(600)
async def test_bad_requests_leave_no_memory_behind(stack: Mapping[str, str], namespace: str, tmp_path: Path) -> None:
    requests = bad_requests(SECRET, seed=1)
    async with running_webhook(stack, namespace, tmp_path / "log") as webhook:
        await send_all(webhook.port, requests, WARM_UP)
        points = [await webhook.metric("process_resident_memory_bytes")]
        for _ in range(BAD_REQUESTS // SHARE):
            began = time.perf_counter()
            answered = await send_all(webhook.port, requests, SHARE)
            points.append(await webhook.metric("process_resident_memory_bytes"))
            _log.info("%s in %.1f s; RSS %.1f MB", dict(answered), time.perf_counter() - began, points[-1] / 1e6)
            assert all(status.startswith("4") or status == "200" for status in answered), answered
        assert await webhook.metric("pds_webhook_malformed_requests_total") > 0
    assert min(points[-2:]) - points[0] < GROWTH, f"RSS in MB after each share: {[p / 1e6 for p in points]}"


async def test_a_process_that_may_open_few_files_keeps_enough_for_its_work(
    stack: Mapping[str, str], namespace: str, new_user: Users, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    async with running_webhook(stack, namespace, log, open_files=FEW_FILES) as webhook, crowd(webhook.port) as senders:
        await asyncio.gather(*(senders.idle(50) for _ in range(8)))
        await good_event(webhook, new_user)
        assert await webhook.metric(CONNECTIONS) <= FEW_FILES // 2
    assert CANNOT_ACCEPT not in log.read_text()


async def test_the_listener_comes_back_when_files_can_be_opened_again(
    stack: Mapping[str, str], namespace: str, new_user: Users, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    async with running_webhook(stack, namespace, log) as webhook, crowd(webhook.port) as senders:
        limits = resource.prlimit(webhook.pid, resource.RLIMIT_NOFILE, (3, 1024))
        await senders.idle(1)
        async with asyncio.timeout(30):
            while CANNOT_ACCEPT not in log.read_text():  # noqa: ASYNC110 - the log tells nobody
                await asyncio.sleep(0.02)
        resource.prlimit(webhook.pid, resource.RLIMIT_NOFILE, limits)
        await good_event(webhook, new_user)
