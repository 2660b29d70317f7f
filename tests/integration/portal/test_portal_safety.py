"""Every route of the portal, whoever wrote it, passes what safety asks of it."""

import logging
import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from pds_portal.app import public_app
from pds_runtime.public.drain import UnderWay
from stages.portal_stage import PortalStage

COOKIES = {"__Host-pds-access", "__Host-pds-refresh", "__Host-pds-csrf"}


def paths(stage: PortalStage, method: str) -> Iterator[str]:
    """A path of every route of this method."""
    for route in public_app(stage.portal, UnderWay()).router.routes():
        assert route.method in {"GET", "HEAD", "POST"}, f"no test knows {route.method}"
        if route.method == method:
            assert route.resource is not None
            yield re.sub(r"\{\w+(:[^}]*)?\}", "abc", route.resource.canonical)


@pytest.fixture
async def visitor(portal_stage: PortalStage) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without cookies."""
    async with httpx.AsyncClient(base_url=portal_stage.url, trust_env=False, timeout=30) as client:
        yield client


async def test_every_post_under_cookies_needs_the_token(portal_stage: PortalStage) -> None:
    posts = list(paths(portal_stage, "POST"))
    assert {"/login", "/logout", "/signup", "/api/checkout", "/api/pds/service/reveal"} <= set(posts)
    customer = await portal_stage.customer()
    async with portal_stage.signed_in(customer) as browser:
        for path in posts:
            answers = [
                await browser.http.post(path, data={"csrf_token": "A" * 43}),
                await browser.http.post(path, json={}),
                await browser.http.post(path, json={}, headers=customer.bearer),
                await browser.http.post(
                    path,
                    data={"csrf_token": browser.cookies["__Host-pds-csrf"]},
                    headers={"Origin": "https://evil.example"},
                ),
            ]
            assert [answer.status_code for answer in answers] == [403] * 4, path
        assert (await browser.open("/dashboard")).status_code == 200, "it is still signed in"


async def test_every_answer_has_the_headers_and_no_cache_keeps_it(
    portal_stage: PortalStage, visitor: httpx.AsyncClient
) -> None:
    async with portal_stage.signed_in(await portal_stage.customer()) as browser:
        for path in {*paths(portal_stage, "GET"), "/nowhere"}:
            for answer in (await visitor.get(path), await browser.open(path)):
                assert answer.status_code < 500 or answer.status_code == 503, (path, answer.status_code)
                assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
                assert answer.headers["Cache-Control"] == "private, no-store", path
                assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_no_page_holds_script_or_style_that_the_policy_forbids(portal_stage: PortalStage) -> None:
    async with portal_stage.signed_in(await portal_stage.customer()) as browser, portal_stage.browser() as visitor:
        pages = [
            await visitor.open("/pricing"),
            await visitor.open("/login"),
            await visitor.open("/signup"),
            await visitor.open("/nowhere"),
            await browser.open("/dashboard"),
        ]
    for page in pages:
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:|data:", page.text), page.url


async def test_the_cookies_are_out_of_reach(portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer()
    async with portal_stage.browser() as browser:
        answer = await browser.send_form("/login", email=customer.email, password=customer.password)
        assert set(browser.cookies) == COOKIES
    lines = answer.headers.get_list("Set-Cookie")
    assert {line.partition("=")[0] for line in lines} == COOKIES, "the CSRF token is a new one as well"
    for line in lines:
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"httponly", "secure", "samesite=lax", "path=/"} <= attributes
        assert not any(attribute.startswith("domain") for attribute in attributes)


async def test_a_sign_in_renews_the_csrf_token(portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer()
    async with portal_stage.browser() as browser:
        before = await browser.csrf_token()
        await browser.send_form("/login", email=customer.email, password=customer.password)
        assert await browser.csrf_token() not in {before, ""}


async def test_who_is_not_signed_in(visitor: httpx.AsyncClient) -> None:
    asked = await visitor.get("/dashboard?pds_plan=pds&auto_checkout=true")
    assert asked.status_code == 303
    assert asked.headers["Location"] == "/login?next=/dashboard%3Fpds_plan%3Dpds%26auto_checkout%3Dtrue"
    for path in ("/api/pds/service", "/api/pds/progress", "/api/pds/check?hostname=a"):
        refused = await visitor.get(path)
        assert (refused.status_code, list(refused.json())) == (401, ["error"]), path


async def test_neither_log_nor_metrics_hold_what_is_personal(
    portal_stage: PortalStage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="pds_portal")
    caplog.set_level(logging.DEBUG, logger="pds_clients")
    customer = await portal_stage.customer("zqxj")
    async with portal_stage.signed_in(customer) as browser:
        for path in ("/dashboard?pds_username=zqxj", "/api/pds/check?hostname=zqxj", "/zqxj", "/api/pds/service"):
            await browser.open(path)
        await browser.send_form("/login", email=customer.email, password="zqxj-wrong-password")
        secret = [customer.password, customer.access_token, *browser.cookies.values()]
    ours = [repr(vars(record)) for record in caplog.records if record.name.startswith("pds_")]
    assert len(ours) > 5
    shown = [str(sample) for family in portal_stage.registry.collect() for sample in family.samples]
    for line in (*ours, *shown):
        assert not [word for word in ("zqxj", *secret) if word in line], line


async def test_what_customers_do_is_counted(portal_stage: PortalStage) -> None:
    customer = await portal_stage.customer()
    async with portal_stage.signed_in(customer) as browser:
        await browser.send_form("/login", email=customer.email, password="not the password")
    assert portal_stage.counted("pds_portal_sign_ins_total", outcome="signed_in") == 1
    assert portal_stage.counted("pds_portal_sign_ins_total", outcome="refused") == 1
    assert portal_stage.counted("pds_portal_requests_total", route="/login", method="POST", code="303") == 1
