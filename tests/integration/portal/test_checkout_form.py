"""The form that buys, sent by a browser without script: a refusal shows it again, with what was typed and why."""

import re
import secrets
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from stages.checkout_stage import CheckoutStage
from stages.cookie_client import CookieClient
from stages.portal_stage import Customer
from stages.scripted_stripe import PAGE, ScriptedStripe

NONCE = "n" * 22


@pytest.fixture
async def customer(shop: CheckoutStage) -> Customer:
    return await shop.customer()


@pytest.fixture
async def browser(shop: CheckoutStage, customer: Customer) -> AsyncIterator[CookieClient]:
    """Somebody who is signed in, with a browser that runs no script."""
    async with shop.portal.signed_in(customer) as signed_in:
        yield signed_in


async def send(browser: CookieClient, **typed: str) -> httpx.Response:
    """Send the form with every field that it has."""
    empty = {"plan": "large", "username": "", "hostname": "", "disksizeGb": "", "form_nonce": NONCE}
    return await browser.send_form("/api/checkout", **{**empty, **typed})


def value_of(page: str, name: str) -> str:
    """What stands in a field."""
    (found,) = re.findall(rf'<input id="{name}"[^>]*? value="([^"]*)"', page)
    return str(found)


def errors_of(page: str) -> dict[str, str]:
    """What is said at each field, and under ``form`` what is said of the form."""
    said = dict(re.findall(r'<p class="error" id="(\w+)-error">([^<]*)</p>', page))
    (of_form,) = re.findall(r'id="checkout-problem" role="alert">([^<]*)</p>', page)
    for name in said:
        assert re.search(rf'<input id="{name}"[^>]*aria-invalid="true" aria-describedby="{name}-error ', page)
    return {**said, **({"form": of_form} if of_form else {})}


def nonce_of(page: str) -> str:
    (found,) = re.findall(r'name="form_nonce" value="([\w-]{32})"', page)
    return str(found)


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"username": "日本"}, "username", "The username"),
        ({"hostname": "127.0.0.1", "username": "Some One"}, "hostname", "is an IP address"),
        ({"disksizeGb": "51", "username": "Some One"}, "disksizeGb", "from 1 to 50"),
        ({"disksizeGb": "many"}, "disksizeGb", "from 1 to 50"),
        ({"plan": "small", "disksizeGb": "11"}, "disksizeGb", "from 1 to 10"),
    ],
)
async def test_what_cannot_be_used_is_said_at_its_field_and_all_is_kept(
    browser: CookieClient, stripe: ScriptedStripe, typed: dict[str, str], field: str, says: str
) -> None:
    answer = await send(browser, **typed)

    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "text/html; charset=utf-8")
    assert "<title>Error: Set up your PDS" in answer.text
    assert errors_of(answer.text).keys() == {field}
    assert says in errors_of(answer.text)[field]
    for name in ("username", "hostname", "disksizeGb"):
        assert value_of(answer.text, name) == typed.get(name, "")
    assert re.search(rf'value="{typed.get("plan", "large")}"[^>]*checked', answer.text)
    assert ("<details open>" in answer.text) == (field != "username"), "what has to be mended is folded away"
    assert "data-auto" not in answer.text
    assert stripe.sent == []


async def test_what_was_mended_is_bought_by_the_form_that_came_back(
    browser: CookieClient, stripe: ScriptedStripe
) -> None:
    refused = await send(browser, hostname="localhost")
    answer = await send(browser, hostname="", form_nonce=nonce_of(refused.text))

    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert len(stripe.sent) == 1


async def test_a_name_that_is_taken_is_kept_to_be_changed(shop: CheckoutStage, browser: CookieClient) -> None:
    label = f"t{secrets.token_hex(8)}"
    await shop.is_held(f"{label}.{shop.base_domain}")

    answer = await send(browser, username=label.upper())

    assert (answer.status_code, value_of(answer.text, "username")) == (409, label.upper())
    assert f"{label}.{shop.base_domain} is taken." in errors_of(answer.text)["username"]
    assert shop.counted("taken") == 1


async def test_what_was_typed_is_text_on_the_page(browser: CookieClient) -> None:
    answer = await send(browser, username='"><script>alert(1)</script>日' + "x" * 600)

    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert len(value_of(answer.text, "username")) < 700, "a page is not to grow with what is sent to it"


async def test_while_stripe_is_away_nothing_that_was_typed_is_lost(
    browser: CookieClient, stripe: ScriptedStripe
) -> None:
    stripe.answers = [(400, {"error": {"type": "invalid_request_error", "message": "zqxj"}}, {})]

    answer = await send(browser, disksizeGb="20")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "Nothing was charged" in errors_of(answer.text)["form"]
    assert value_of(answer.text, "disksizeGb") == "20"


async def test_a_form_that_was_sent_before_is_given_anew(browser: CookieClient, stripe: ScriptedStripe) -> None:
    stripe.answers = [(400, {"error": {"type": "idempotency_error", "message": "zqxj"}}, {})]

    answer = await send(browser, disksizeGb="20")

    assert answer.status_code == 409
    assert "Here is a new one" in errors_of(answer.text)["form"]
    assert nonce_of(answer.text) != NONCE


async def test_who_sends_it_too_often_keeps_what_was_typed(browser: CookieClient) -> None:
    answers = [await send(browser, hostname="localhost") for _ in range(21)]

    assert [answer.status_code for answer in answers] == [422] * 20 + [429]
    assert "Retry-After" in answers[-1].headers
    assert "Try again in" in errors_of(answers[-1].text)["form"]
    assert value_of(answers[-1].text, "hostname") == "localhost"


async def test_who_has_a_pds_is_shown_to_it_and_no_form(
    shop: CheckoutStage, customer: Customer, browser: CookieClient
) -> None:
    shop.portal.has_service(customer, 4711, f"t{secrets.token_hex(8)}.example.org")

    answer = await send(browser)

    assert answer.status_code == 409
    assert "You have a PDS already." in answer.text
    assert 'href="/dashboard">To the dashboard' in answer.text
    assert "form_nonce" not in answer.text


async def test_whose_sign_in_has_ended_meanwhile_signs_in_with_the_choice_kept(
    browser: CookieClient, stripe: ScriptedStripe
) -> None:
    for name in ("__Host-pds-access", "__Host-pds-refresh"):
        del browser.cookies[name]

    answer = await send(browser, username="Some One", disksizeGb="20")

    assert answer.status_code == 303
    where = urlsplit(answer.headers["Location"])
    assert (where.path, parse_qs(where.query)) == (
        "/login",
        {"pds_plan": ["large"], "pds_disksize_gb": ["20"], "pds_username": ["Some One"]},
    )
    assert stripe.sent == []
