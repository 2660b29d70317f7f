"""Signing up, in and out, and the mail's link, on the pages that customers see, over the stack's auth server."""

import base64
import json
import logging
import uuid
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from pds_portal.identity.cookies import ACCESS, REFRESH
from pds_portal.safety import csrf
from pds_portal.safety.limits import RATES, Limit
from stages.auth_project import AuthProject, auth_project
from stages.cookie_client import CookieClient
from stages.portal_stage import Customer, PortalStage

PASSWORD = "correct horse battery staple"
CONTEXT = "pds_plan=pds&pds_disksize_gb=5&pds_hostname=pds.alice.example&auto_checkout=true"
WRONG = "The e-mail address or the password is wrong."


@pytest.fixture
async def project(portal_stage: PortalStage) -> AsyncIterator[AuthProject]:
    """Sign-up signs in at once, until a test says otherwise."""
    async with auth_project(portal_stage.stack, portal_stage.url) as project:
        yield project


@pytest.fixture
async def browser(portal_stage: PortalStage, project: AuthProject) -> AsyncIterator[CookieClient]:
    assert project.site_url == portal_stage.url
    async with portal_stage.browser() as browser:
        yield browser


@pytest.fixture
async def another(portal_stage: PortalStage) -> AsyncIterator[CookieClient]:
    async with portal_stage.browser() as browser:
        yield browser


@pytest.fixture
async def known(portal_stage: PortalStage) -> Customer:
    return await portal_stage.customer()


def new_email() -> str:
    return f"{uuid.uuid4()}@users.example"


def is_signed_in(browser: CookieClient) -> bool:
    return {ACCESS, REFRESH} <= set(browser.cookies)


def whose(browser: CookieClient) -> str:
    """The user of the access token that a browser holds."""
    claims = json.loads(base64.urlsafe_b64decode(browser.cookies[ACCESS].split(".")[1] + "=="))
    return str(claims["sub"])


def query_of(link: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(link).query))


def led_to(response: httpx.Response) -> str:
    assert response.status_code == 303, response.text
    return response.headers["Location"]


def neutral(page: httpx.Response, browser: CookieClient, email: str) -> str:
    """A page without what differs between any two customers."""
    return page.text.replace(email, "").replace(browser.cookies[csrf.COOKIE], "")


async def test_a_sign_up_signs_in_and_goes_on_with_the_plan(portal_stage: PortalStage, browser: CookieClient) -> None:
    email = new_email()
    onward = led_to(await browser.send_form(f"/signup?{CONTEXT}", email=email, password=PASSWORD))
    assert onward == f"/dashboard?{CONTEXT}"
    found = portal_stage.database.execute("select id::text from auth.users where email = %s", (email,)).fetchone()
    assert found == (whose(browser),)
    assert (await browser.open(onward)).status_code == 200


async def test_a_sign_in_goes_on_with_the_plan(browser: CookieClient, known: Customer) -> None:
    onward = led_to(await browser.send_form(f"/login?{CONTEXT}", email=known.email, password=known.password))
    assert onward == f"/dashboard?{CONTEXT}"
    assert whose(browser) == known.user_id
    fields = dict(parse_qsl(CONTEXT))
    typed = f"  {known.email.upper()} "
    assert led_to(await browser.send_form("/login", email=typed, password=known.password, **fields)) == onward


async def test_a_page_that_wants_a_user_comes_back_after_the_sign_in(browser: CookieClient, known: Customer) -> None:
    wanted = f"/dashboard?{CONTEXT}"
    login = await browser.open(led_to(await browser.open(wanted)))
    assert f'name="next" value="{wanted.replace("&", "&amp;")}"' in login.text
    response = await browser.send_form("/login", email=known.email, password=known.password, next=wanted)
    assert led_to(response) == wanted


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "{url}.evil.example/",
        "{url}//evil.example",
        "{url}@evil.example/",
        "javascript:alert(1)",
        "/dashboard\r\nSet-Cookie: a=b",
    ],
)
async def test_nobody_is_led_elsewhere(
    portal_stage: PortalStage, browser: CookieClient, known: Customer, elsewhere: str
) -> None:
    asked = elsewhere.format(url=portal_stage.url)
    response = await browser.send_form("/login", email=known.email, password=known.password, next=asked)
    assert led_to(response) == "/dashboard"


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    portal_stage: PortalStage, browser: CookieClient, another: CookieClient, known: Customer
) -> None:
    pages = []
    for each, email in ((browser, known.email), (another, new_email())):
        response = await each.send_form("/login", email=email, password="not the password")
        assert response.status_code == 401
        assert not is_signed_in(each)
        assert f'value="{email}"' in response.text, "what was typed is kept"
        assert "not the password" not in response.text
        pages.append(neutral(response, each, email))
    assert WRONG in pages[0]
    assert pages[0] == pages[1]
    assert portal_stage.counted("pds_portal_sign_ins_total", outcome="refused") == 2


async def test_a_form_that_cannot_be_used_says_what_to_mend(browser: CookieClient) -> None:
    for path in ("/login", "/signup"):
        response = await browser.send_form(f"{path}?{CONTEXT}", email="<alice", password="")
        assert response.status_code == 400
        assert "Enter your e-mail address" in response.text
        assert "Enter a password" in response.text
        assert 'value="&lt;alice"' in response.text
        assert "pds_hostname=pds.alice.example" in response.text, "the plan's context stays"


async def test_a_refused_sign_up_says_why(browser: CookieClient, known: Customer) -> None:
    weak = await browser.send_form("/signup", email=new_email(), password="x")
    assert weak.status_code == 400
    assert "Choose another password. Password should be at least" in weak.text
    taken = await browser.send_form("/signup", email=known.email, password=PASSWORD)
    assert taken.status_code == 400
    assert "If it is yours, sign in." in taken.text
    assert not is_signed_in(browser)


async def test_a_mail_confirms_the_address_when_its_button_is_pressed(
    project: AuthProject, browser: CookieClient, another: CookieClient
) -> None:
    await project.tell(autoconfirm=False)
    email = new_email()
    response = await browser.send_form(f"/signup?{CONTEXT}", email=email, password=PASSWORD)
    assert response.status_code == 200
    assert "Check your mail" in response.text
    unconfirmed = await browser.send_form("/login", email=email, password=PASSWORD)
    assert unconfirmed.status_code == 401
    assert "Open the link in the mail" in unconfirmed.text
    assert not is_signed_in(browser)

    link = await project.link(email)
    for _ in range(3):  # as a scanner of links does
        assert (await another.open(link)).status_code == 200
    assert not is_signed_in(another)
    assert led_to(await another.send_form("/auth/confirm", **query_of(link))) == f"/dashboard?{CONTEXT}"
    assert is_signed_in(another)

    used = await browser.send_form("/auth/confirm", **query_of(link))
    assert used.status_code == 400
    assert "was used already or is too old" in used.text
    assert 'name="token_hash"' not in used.text, "to press the button again would help nobody"
    assert not is_signed_in(browser)


async def test_while_supabase_is_away_the_link_stays_good(project: AuthProject, browser: CookieClient) -> None:
    await project.tell(autoconfirm=False)
    email = new_email()
    await browser.send_form("/signup", email=email, password=PASSWORD)
    link = await project.link(email)
    await project.fail(path="/auth/v1/verify", status=503)
    away = await browser.send_form("/auth/confirm", **query_of(link))
    assert away.status_code == 503
    assert query_of(link)["token_hash"] in away.text, "the button is there to be pressed again"
    assert led_to(await browser.send_form("/auth/confirm", **query_of(link))) == "/dashboard"


async def test_a_sign_up_does_not_tell_who_has_an_account(
    project: AuthProject, browser: CookieClient, another: CookieClient, known: Customer
) -> None:
    await project.tell(autoconfirm=False)
    pages = []
    for each, email in ((browser, known.email), (another, new_email())):
        response = await each.send_form("/signup", email=email, password=PASSWORD)
        assert response.status_code == 200
        assert not is_signed_in(each)
        pages.append(neutral(response, each, email))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("query", ["", "token_hash=abc", "token_hash=abc&type=recovery", "token_hash=a%20b&type=email"])
async def test_a_link_that_is_not_whole_says_so(browser: CookieClient, query: str) -> None:
    response = await browser.open(f"/auth/confirm?{query}")
    assert response.status_code == 400
    assert "This link is not whole" in response.text
    assert (await browser.send_form("/auth/confirm", **query_of(f"?{query}"))).status_code == 400


async def test_a_sign_out_ends_the_session_and_no_other(
    browser: CookieClient, another: CookieClient, known: Customer
) -> None:
    for each in (browser, another):
        await each.send_form("/login", email=known.email, password=known.password)
    refresh_token = browser.cookies[REFRESH]
    assert led_to(await browser.send_form("/logout")) == "/login"
    assert not {ACCESS, REFRESH} & set(browser.cookies)
    browser.cookies[REFRESH] = refresh_token
    assert (await browser.open("/dashboard")).status_code == 303, "the refresh token is worth nothing any more"
    another.cookies.pop(ACCESS)
    assert (await another.open("/dashboard")).status_code == 200


async def test_a_sign_out_works_here_while_supabase_is_away(
    project: AuthProject, browser: CookieClient, known: Customer
) -> None:
    await browser.send_form("/login", email=known.email, password=known.password)
    await project.fail(path="/auth/v1/logout", status=503)
    assert led_to(await browser.send_form("/logout")) == "/login"
    assert not is_signed_in(browser)


async def test_each_sign_in_has_new_tokens_and_leaves_none_of_before(
    portal_stage: PortalStage, browser: CookieClient, known: Customer
) -> None:
    other = await portal_stage.customer()
    token = await browser.csrf_token()
    await browser.send_form("/login", email=other.email, password=other.password)
    before = dict(browser.cookies)
    await browser.send_form("/login", email=known.email, password=known.password)
    assert whose(browser) == known.user_id
    assert not set(before.values()) & set(browser.cookies.values())
    for old in (token, before[csrf.COOKIE]):
        refused = await browser.http.post("/logout", data={"csrf_token": old})
        assert refused.status_code == 403, "a page of before the sign-in sends nothing any more"
    assert is_signed_in(browser)


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429}, {"cut": True}])
async def test_while_supabase_is_away_the_form_keeps_what_was_typed(
    portal_stage: PortalStage, project: AuthProject, browser: CookieClient, known: Customer, fault: dict[str, object]
) -> None:
    await project.fail(path="/auth/v1/", times=None, **fault)
    for path in ("/login", "/signup"):
        response = await browser.send_form(path, email=known.email, password=PASSWORD)
        assert response.status_code == (429 if fault.get("status") == 429 else 503)
        assert int(response.headers["Retry-After"]) > 0
        assert f'value="{known.email}"' in response.text
        assert PASSWORD not in response.text
    assert portal_stage.counted("pds_portal_sign_ins_total", outcome="unavailable") == 1
    await project.mend()
    assert led_to(await browser.send_form("/login", email=known.email, password=known.password)) == "/dashboard"


async def test_passwords_cannot_be_guessed_for_long(browser: CookieClient, known: Customer) -> None:
    for _ in range(RATES[Limit.SIGN_IN_ACCOUNT].amount):
        assert (await browser.send_form("/login", email=known.email, password="wrong")).status_code == 401
    late = await browser.send_form("/login", email=known.email.upper(), password=known.password)
    assert late.status_code == 429
    assert int(late.headers["Retry-After"]) > 0
    assert "This was tried too often" in late.text
    assert not is_signed_in(browser)


async def test_the_mails_link_is_in_no_log(
    project: AuthProject, browser: CookieClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await project.tell(autoconfirm=False)
        email = new_email()
        await browser.send_form("/signup", email=email, password=PASSWORD)
        link = query_of(await project.link(email))
        await browser.open(f"/auth/confirm?{urlsplit(await project.link(email)).query}")
        await browser.send_form("/auth/confirm", **link)
        await browser.send_form("/logout")
        await project.fail(path="/auth/v1/", status=500, times=None)
        await browser.send_form("/signup", email=email, password=PASSWORD)
    ours = " ".join(repr(vars(record)) for record in caplog.records if record.name.startswith("pds_"))
    assert "/auth/confirm" in ours
    for secret in (email, PASSWORD, link["token_hash"]):
        assert secret not in ours
