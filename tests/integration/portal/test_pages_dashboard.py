"""The dashboard as a browser without script gets it: each state of a PDS, and each way in which its backend is away."""

import html
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx
import psycopg
import pytest

from pds_portal.pages.routes import FIRST_LOOK
from pds_stack.backend.bodies import DeployBody
from stages.portal_settings import NOBODY
from stages.portal_stage import Customer, PortalStage, running_portal

PASSWORD = "the-very-secret-password"


def text_of(page: str) -> str:
    """What a reader sees: the main part without tags, in one line."""
    main = re.search(r"<main.*?</main>", page, re.DOTALL)
    assert main, "the page has no main part"
    assert page.rstrip().endswith("</html>"), "the page was cut off"
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", main[0].replace("<wbr>", "")))


class Scene:
    """A signed-in customer's look at their dashboard."""

    def __init__(self, stage: PortalStage, customer: Customer) -> None:
        self.stage = stage
        self.customer = customer
        self.hostname = f"h-{uuid.uuid4().hex[:12]}.eny.k8s.frx.pub"

    def has_pds(self, state: int, **behaviour: Any) -> None:
        body = DeployBody(
            username="alice", password=PASSWORD, email="alice@example.com", hostname=self.hostname, disksize=20
        )
        service = self.stage.simulator.plant(body, states=[(state, None)])
        self.stage.has_service(self.customer, service.id, self.hostname)
        self.stage.simulator.change(**behaviour)

    async def look(self, path: str = "/dashboard", status: int = 200) -> str:
        async with self.stage.signed_in(self.customer) as browser:
            answer = await browser.open(path)
        assert answer.status_code == status, f"{path} answered {answer.status_code}"
        assert answer.headers["Cache-Control"] == "private, no-store"
        return answer.text


@pytest.fixture
async def scene(portal_stage: PortalStage) -> Scene:
    return Scene(portal_stage, await portal_stage.customer("alice"))


async def test_who_has_nothing_gets_the_form_that_buys(scene: Scene) -> None:
    page = await scene.look("/dashboard?pds_plan=pds&pds_username=wonder&auto_checkout=true")

    assert "Set up your PDS" in text_of(page)
    assert 'action="/api/checkout"' in page
    assert 'data-auto="yes"' in page
    assert re.search(r'name="username"[^>]*value="wonder"', page)
    assert len(re.findall(r'name="form_nonce" value="[\w-]{32}"', page)) == 1


async def test_each_plan_leads_on_with_its_size_and_with_what_the_address_holds(portal_stage: PortalStage) -> None:
    async with portal_stage.browser() as browser:
        page = (await browser.open("/pricing?pds_username=wonder&pds_plan=none")).text

    ways = [html.unescape(each) for each in re.findall(r'href="(/signup\?[^"]*)"', page)]
    assert ways == ["/signup?pds_plan=pds&pds_disksize_gb=10&pds_username=wonder&auto_checkout=true"]


async def test_a_size_of_the_plans_own_is_not_held_against_another_plan(scene: Scene) -> None:
    whole = await scene.look("/dashboard?pds_plan=pds&pds_disksize_gb=10")
    less = await scene.look("/dashboard?pds_plan=pds&pds_disksize_gb=5")

    assert [re.findall(r'name="disksizeGb"[^>]* value="(\d*)"', page) for page in (whole, less)] == [[""], ["5"]]


async def test_each_form_has_a_nonce_of_its_own(scene: Scene) -> None:
    nonces = {re.findall(r'name="form_nonce" value="([^"]*)"', await scene.look())[0] for _ in range(2)}

    assert len(nonces) == 2


async def test_who_turned_back_at_stripe_is_told_so_and_nothing_is_sent_by_itself(scene: Scene) -> None:
    page = await scene.look("/dashboard?checkout=cancelled&pds_plan=pds&auto_checkout=true")

    assert "You left the payment, and nothing was charged." in text_of(page)
    assert "data-auto" not in page


async def test_who_comes_back_before_the_webhook_was_heard_waits_for_it(scene: Scene) -> None:
    page = await scene.look("/dashboard?checkout=success")

    assert "Thank you. We wait for Stripe to confirm your payment." in text_of(page)
    assert "Stripe has told us that" not in text_of(page), "nobody has told of a payment"
    assert 'data-follow="progress"' in page
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page


async def test_a_payment_that_came_is_the_first_step(scene: Scene) -> None:
    scene.stage.has_paid(scene.customer)

    page = await scene.look()

    assert re.search(r'data-step="paid"\s+aria-current="step"', page)
    assert "Your payment has arrived." in text_of(page)


@pytest.mark.parametrize(
    ("state", "at_hand", "says"),
    [
        (0, "setting_up", "Your PDS is being set up."),
        (1, "setting_up", "Your PDS is being set up."),
        (77, "setting_up", "Your PDS is being set up."),
        (2, "almost_ready", "Your PDS is almost ready."),
    ],
)
async def test_what_comes_up_shows_its_step(scene: Scene, state: int, at_hand: str, says: str) -> None:
    scene.has_pds(state)

    page = await scene.look()

    assert re.findall(r'data-step="(\w+)" aria-current="step"', page) == [at_hand]
    assert says in text_of(page)
    assert scene.hostname in text_of(page)


@pytest.mark.parametrize("state", [1, 3, 4])
async def test_a_hostname_breaks_behind_its_dots(scene: Scene, state: int) -> None:
    scene.has_pds(state)

    assert f">{scene.hostname.replace('.', '.<wbr>')}</" in await scene.look()


@pytest.mark.parametrize("behaviour", [{}, {"double_encoded": True}])
async def test_a_running_pds_shows_its_usage_and_details(scene: Scene, behaviour: dict[str, Any]) -> None:
    scene.has_pds(3, **behaviour)

    page = await scene.look()

    text = text_of(page)
    for words in (scene.hostname, "Running", "5 of 20 GiB", "12.5%", "Requests a day", "bluesky-pds", "Kubeconfig id"):
        assert words in text
    assert "helm upgrade --install" in text
    assert "data-follow" not in page
    assert PASSWORD not in page
    assert "relay:secret" not in page


async def test_a_running_pds_without_figures_says_so(scene: Scene) -> None:
    document = {"id": 800, "state": 3, "hostname": scene.hostname, "stats": None}
    fault = {"endpoint": "service", "times": None, "status": 200, "body": document}
    scene.has_pds(3, faults=[fault])

    text = text_of(await scene.look())

    assert "There are no figures yet." in text
    assert "Requests" not in text


@pytest.mark.parametrize(("hours", "says"), [(3, "60 in 3 hours, 30 at most in one"), (1, "10 in 1 hour, 10 at most")])
async def test_of_a_chart_with_gaps_no_more_is_said_than_it_shows(scene: Scene, hours: int, says: str) -> None:
    counts = [{"hour": f"2026-11-23T{8 * hour:02}:00:00Z", "count": 10 + 10 * hour} for hour in range(hours)]
    document = {"id": 800, "state": 3, "stats": {"requestsPerHourLast24h": counts}}
    scene.has_pds(3, faults=[{"endpoint": "service", "times": None, "status": 200, "body": document}])

    text = text_of(await scene.look())

    assert says in text
    assert "the last" not in text


@pytest.mark.parametrize(
    ("state", "heading", "says"),
    [
        (4, "Your PDS is suspended", "its data is kept"),
        (5, "Your PDS has ended", "switched off"),
        (9, "Setting up did not work", "We have been told"),
    ],
)
async def test_what_has_stopped_says_what_happens_next(scene: Scene, state: int, heading: str, says: str) -> None:
    scene.has_pds(state)

    text = text_of(await scene.look())

    assert heading in text
    assert says in text


async def test_a_failed_deploy_is_tried_again_and_the_page_follows(scene: Scene) -> None:
    scene.stage.has_service(scene.customer, None, scene.hostname, "deploy_failed")

    page = await scene.look()

    assert "It is tried again by itself." in text_of(page)
    assert 'data-follow="progress"' in page


async def test_a_pds_that_the_backend_does_not_know_is_no_pds_that_comes_up(scene: Scene) -> None:
    scene.stage.has_service(scene.customer, 4711, scene.hostname)

    assert "is not where it should be" in text_of(await scene.look())


HTML = "<!doctype html><h1>Whoops</h1><p>adminPassword: hunter2-hunter2</p>"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500, "body": {"message": "Server Error"}},
        {"status": 200, "content": "html", "body": HTML},
        {"status": 502, "content": "html", "body": HTML},
        {"status": 200, "body": ["no", "service"]},
        {"status": 200, "body": None},
        {"status": 401, "body": {"message": "Unauthenticated."}},
        {"cut": True},
    ],
    ids=lambda fault: f"{fault.get('status', 'cut')}-{fault.get('content', 'json')}",
)
async def test_whatever_the_backend_does_the_page_stays_whole(scene: Scene, fault: dict[str, Any]) -> None:
    scene.has_pds(3, faults=[{"endpoint": "service", "times": None, **fault}])

    page = await scene.look()

    text = text_of(page)
    assert "gives no usable answer just now" in text
    assert "That need not mean that anything is wrong with your PDS itself." in text
    assert scene.hostname in text
    assert 'data-follow="page"' in page
    assert "Whoops" not in page
    assert "hunter2" not in page


async def test_a_backend_that_hangs_does_not_hold_the_page(scene: Scene) -> None:
    scene.has_pds(3, faults=[{"endpoint": "service", "times": None, "hang": True}])

    async with scene.stage.signed_in(scene.customer) as browser:
        began = time.monotonic()
        answer = await browser.open("/dashboard")
        took = time.monotonic() - began

    assert "has not answered yet. We go on asking." in text_of(answer.text)
    assert took < FIRST_LOOK.document + 2, f"the page took {took:.1f} s"


async def test_who_asks_to_wait_gets_what_a_slow_backend_says(scene: Scene) -> None:
    scene.has_pds(3, service_seconds=FIRST_LOOK.document + 0.5)

    assert "has not answered yet" in text_of(await scene.look())
    assert "5 of 20 GiB" in text_of(await scene.look("/dashboard?wait=true"))


async def test_without_script_a_button_shows_the_password(scene: Scene) -> None:
    scene.has_pds(3)

    async with scene.stage.signed_in(scene.customer) as browser:
        assert PASSWORD not in (await browser.open("/dashboard")).text
        answer = await browser.send_form("/dashboard/reveal")

    assert answer.status_code == 200
    assert f'<code id="admin-password">{PASSWORD}</code>' in answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"


async def test_nobody_else_sees_the_password_or_the_dashboard(scene: Scene) -> None:
    scene.has_pds(3)
    stranger = await scene.stage.customer("mallory")

    async with scene.stage.signed_in(stranger) as browser:
        page = await browser.open("/dashboard")
        reveal = await browser.send_form("/dashboard/reveal")

    assert scene.hostname not in page.text + reveal.text
    assert PASSWORD not in page.text + reveal.text


async def test_who_is_not_signed_in_comes_back_to_the_dashboard_after(portal_stage: PortalStage) -> None:
    async with portal_stage.browser() as browser:
        answer = await browser.open("/dashboard?pds_plan=pds&auto_checkout=true")

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?next=/dashboard%3F")


async def test_without_rows_the_page_says_so_and_comes_back(
    stack: Mapping[str, str], database: psycopg.Connection, portal_stage: PortalStage
) -> None:
    customer = await portal_stage.customer("alice")
    # A portal whose Supabase is away: whoever is signed in already stays so.
    issuer = f"{stack['SUPABASE_URL']}/auth/v1"
    async with running_portal(stack, database, SUPABASE_URL=NOBODY, SUPABASE_JWT_ISSUER=issuer) as away:
        async with portal_stage.signed_in(customer) as browser:
            cookies = {"__Host-pds-access": browser.cookies["__Host-pds-access"]}
        async with httpx.AsyncClient(base_url=away.url, cookies=cookies, trust_env=False, timeout=30) as client:
            answer = await client.get("/dashboard", headers={"Accept": "text/html"})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert "We cannot look up your account just now. Nothing is lost" in text_of(answer.text)
    assert 'data-follow="page"' in answer.text


async def test_a_mock_is_marked_as_one(stack: Mapping[str, str], database: psycopg.Connection) -> None:
    async with running_portal(stack, database, PDS_USE_MOCK=True) as stage:
        page = await Scene(stage, await stage.customer("alice")).look()

    assert "Sample data." in text_of(page)
    assert "mock.pds.example" in text_of(page)
