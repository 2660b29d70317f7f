"""The client that makes Checkout Sessions: what it sends, and in which of our errors each failure of Stripe's ends."""

import logging
import socket
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY

from pds_clients.stripe_checkout import CheckoutCreation
from pds_contract.errors import Conflict, CredentialsRejected, DependencyError, NotFound, Refused, TryLater
from stages.scripted_stripe import PAGE, Answer, ScriptedStripe, scripted_stripe, session

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

KEY = "sk_test_of_the_tests"
PARAMETERS: "SessionCreateParams" = {
    "mode": "subscription",
    "line_items": [{"price": "price_1", "quantity": 1}],
    "success_url": "https://eny.example/dashboard?checkout=success",
    "customer_email": "alice@mail.example",
    "metadata": {"user_id": "u", "pds_username": ""},
}


def error(kind: str, **more: str) -> dict[str, object]:
    return {"error": {"type": kind, "message": f"{KEY} of alice@mail.example", **more}}


def calls_timed(code: str) -> float:
    labels = {"dependency": "stripe", "call": "create_checkout_session", "code": code}
    return REGISTRY.get_sample_value("pds_dependency_request_seconds_count", labels) or 0.0


@pytest.fixture
async def stripe_server() -> AsyncIterator[ScriptedStripe]:
    async with scripted_stripe() as server:
        yield server


@pytest.fixture
async def creation(stripe_server: ScriptedStripe) -> AsyncIterator[CheckoutCreation]:
    async with CheckoutCreation(stripe_server.base, lambda: KEY) as client:
        yield client


async def failure(creation: CheckoutCreation) -> DependencyError:
    with pytest.raises(DependencyError) as raised:
        await creation.create(PARAMETERS, "key-1")
    assert raised.value.dependency == "stripe"
    assert KEY not in str(raised.value)
    assert "alice" not in str(raised.value)
    return raised.value


async def test_a_session_is_made_under_its_key(creation: CheckoutCreation, stripe_server: ScriptedStripe) -> None:
    created = await creation.create(PARAMETERS, "key-1")
    assert (created.session_id, created.url) == ("cs_test_1", PAGE)
    assert PAGE not in repr(created)
    ((form, headers),) = stripe_server.sent
    assert form == {
        "mode": "subscription",
        "line_items[0][price]": "price_1",
        "line_items[0][quantity]": "1",
        "success_url": "https://eny.example/dashboard?checkout=success",
        "customer_email": "alice@mail.example",
        "metadata[user_id]": "u",
        "metadata[pds_username]": "",
    }
    assert headers["Idempotency-Key"] == "key-1"
    assert headers["Authorization"] == f"Bearer {KEY}"


async def test_a_repeated_request_has_the_same_key(creation: CheckoutCreation, stripe_server: ScriptedStripe) -> None:
    before = {code: calls_timed(code) for code in ("2xx", "4xx", "5xx")}
    stripe_server.answers = [(500, error("api_error"), {}), (409, error("api_error"), {}), (200, session(), {})]
    assert (await creation.create(PARAMETERS, "key-1")).session_id == "cs_test_1"
    assert [headers["Idempotency-Key"] for _, headers in stripe_server.sent] == ["key-1"] * 3
    assert {code: calls_timed(code) - count for code, count in before.items()} == {"2xx": 1, "4xx": 1, "5xx": 1}


async def test_a_rotated_key_counts_from_the_next_session_on(stripe_server: ScriptedStripe) -> None:
    key = KEY
    async with CheckoutCreation(stripe_server.base, lambda: key) as creation:
        key = "sk_test_rotated"
        await creation.create(PARAMETERS, "key-1")
    ((_, headers),) = stripe_server.sent
    assert headers["Authorization"] == "Bearer sk_test_rotated"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((400, error("idempotency_error"), {}), Conflict),
        ((400, error("invalid_request_error", code="resource_missing", param="customer"), {}), NotFound),
        ((400, error("invalid_request_error", code="resource_missing", param="line_items[0][price]"), {}), Refused),
        ((400, error("invalid_request_error", code="email_invalid", param="customer_email"), {}), Refused),
        ((401, error("invalid_request_error"), {}), CredentialsRejected),
        ((403, error("invalid_request_error"), {}), Refused),
        ((409, error("api_error"), {}), TryLater),
        ((429, error("invalid_request_error"), {}), TryLater),
        ((500, error("api_error"), {}), TryLater),
        ((503, "<h1>maintenance</h1>", {}), TryLater),
    ],
)
async def test_each_failure_is_one_of_ours(
    creation: CheckoutCreation,
    stripe_server: ScriptedStripe,
    answer: Answer,
    kind: type[DependencyError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)  # where the product's logs have the library
    stripe_server.answers = [answer]
    failed = await failure(creation)
    assert type(failed) is kind
    assert failed.status == answer[0]
    assert "alice" not in caplog.text


async def test_a_rate_limit_tells_how_long_to_wait(creation: CheckoutCreation, stripe_server: ScriptedStripe) -> None:
    stripe_server.answers = [(429, error("invalid_request_error"), {"Retry-After": "7"})]
    limited = await failure(creation)
    assert isinstance(limited, TryLater)
    assert (limited.retry_after, len(stripe_server.sent)) == (7.0, 1)


async def test_a_key_that_may_not_write_says_what_it_needs(
    creation: CheckoutCreation, stripe_server: ScriptedStripe
) -> None:
    stripe_server.answers = [(403, error("invalid_request_error"), {})]
    assert "may write Checkout Sessions" in str(await failure(creation))


async def test_nobody_there_may_be_there_later() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # and nobody listens
        port = unheard.getsockname()[1]
        async with CheckoutCreation(f"http://127.0.0.1:{port}", lambda: KEY) as creation:
            assert type(await failure(creation)) is TryLater


@pytest.mark.parametrize(
    "document",
    [
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        session(url=None),
        session(id=7),
        session(url="javascript:alert(1)"),
        session(url="data:text/html,x"),
        session(url="http://checkout.example/pay"),
        session(url="https:///pay"),
        session(url="https://name@checkout.stripe.com/pay"),
        session(url="https://checkout.stripe.com/\r\nSet-Cookie: a=b"),
        session(url="//checkout.stripe.com/pay"),
        session(url="https://[::1/pay"),
    ],
)
async def test_no_customer_is_sent_to_what_is_no_page(
    creation: CheckoutCreation, stripe_server: ScriptedStripe, document: object
) -> None:
    stripe_server.answers = [(200, document, {})]
    assert type(await failure(creation)) is TryLater


@pytest.mark.parametrize("url", ["http://127.0.0.1:1234/pay", "http://localhost/pay", "http://[::1]:80/pay"])
async def test_the_local_stack_needs_no_tls(
    creation: CheckoutCreation, stripe_server: ScriptedStripe, url: str
) -> None:
    stripe_server.answers = [(200, session(url=url), {})]
    assert (await creation.create(PARAMETERS, "key-1")).url == url


async def test_a_stand_in_without_tls_has_its_page_where_its_api_is(stripe_server: ScriptedStripe) -> None:
    # Another way to write 127.0.0.1, as a stack for pods listens on another address of the machine.
    api, elsewhere = stripe_server.base.replace("127.0.0.1", "127.1"), "http://127.2/pay"
    async with CheckoutCreation(api, lambda: KEY) as creation:
        stripe_server.answers = [(200, session(url=f"{api}/pay"), {}), (200, session(url=elsewhere), {})]
        assert (await creation.create(PARAMETERS, "key-1")).url == f"{api}/pay"
        assert type(await failure(creation)) is TryLater
