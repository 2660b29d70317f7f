"""``POST /api/checkout`` over real rows and a simulated backend: who may buy what."""

import hashlib
import logging
import secrets
from collections.abc import Mapping

import psycopg
import pytest

from pds_stack.backend.bodies import DeployBody
from stages.checkout_stage import CheckoutStage, checkout_stage
from stages.portal_settings import NOBODY
from stages.scripted_stripe import PAGE, ScriptedStripe, session

FORM = {"Accept": "text/html,application/xhtml+xml", "Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def label() -> str:
    """A name that no other test has."""
    return f"t{secrets.token_hex(8)}"


def by_key(form: Mapping[str, str], name: str) -> dict[str, str]:
    """An object among form-encoded parameters."""
    return {
        key.removeprefix(f"{name}[").rstrip("]"): value for key, value in form.items() if key.startswith(f"{name}[")
    }


async def test_a_program_gets_the_address_of_the_payment_page(
    shop: CheckoutStage, stripe: ScriptedStripe, label: str
) -> None:
    alice = await shop.customer()
    answer = await shop.checkout(
        alice, plan="large", username=f" {label.upper()} ", disksizeGb=20, form_nonce="n" * 22, price_id="price_1Mine"
    )
    assert (answer.status_code, answer.json()) == (200, {"url": PAGE})
    ((form, headers),) = stripe.sent
    assert (form["mode"], by_key(form, "line_items")) == (
        "subscription",
        {"0][price": "price_1Large", "0][quantity": "1"},
    )
    assert by_key(form, "metadata") == {
        "user_id": alice.user_id,
        "user_email": alice.email,
        "pds_username": label,
        "pds_hostname_base": f"{label}.eny.k8s.frx.pub",
        "pds_disksize_gb": "20",
    }
    assert form["subscription_data[metadata][user_id]"] == form["client_reference_id"] == alice.user_id
    assert form["customer_email"] == alice.email
    assert headers["Idempotency-Key"] == hashlib.sha256(f"{alice.user_id}\n{'n' * 22}".encode()).hexdigest()
    assert shop.counted("created") == 1


async def test_a_form_is_sent_on_to_the_payment_page(shop: CheckoutStage, stripe: ScriptedStripe) -> None:
    answer = await shop.client.post(
        "/api/checkout", content="plan=small&username=&hostname=", headers={**(await shop.customer()).bearer, **FORM}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert len(stripe.sent) == 1


async def test_a_script_that_sends_the_form_is_told_the_address(shop: CheckoutStage) -> None:
    headers = {**(await shop.customer()).bearer, **FORM, "Accept": "application/json"}
    answer = await shop.client.post("/api/checkout", content="plan=small", headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"url": PAGE})


async def test_each_form_is_its_own_session(shop: CheckoutStage, stripe: ScriptedStripe) -> None:
    alice, bob = await shop.customer(), await shop.customer()
    for customer, nonce in [(alice, "n" * 22), (alice, "n" * 22), (alice, "m" * 22), (bob, "n" * 22)]:
        await shop.checkout(customer, form_nonce=nonce)
    for _ in range(2):
        await shop.checkout(alice)  # without a nonce
    keys = [headers["Idempotency-Key"] for _, headers in stripe.sent]
    assert keys[0] == keys[1]
    assert len(set(keys[1:])) == 5


async def test_nobody_buys_without_signing_in(shop: CheckoutStage, stripe: ScriptedStripe) -> None:
    for headers in (
        {"Authorization": "Bearer guessed"},
        {"Authorization": f"Bearer {shop.portal.stack['SUPABASE_ANON_KEY']}"},
    ):
        assert (await shop.client.post("/api/checkout", json={"plan": "small"}, headers=headers)).status_code == 401
        assert (await shop.client.get("/api/pds/check?hostname=a.example.org", headers=headers)).status_code == 401
    assert (await shop.client.post("/api/checkout", json={"plan": "small"})).status_code == 403, "it may be forged"
    assert stripe.sent == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"plan": "medium"}, "plan"),
        ({"plan": "price_1Small"}, "plan"),
        ({"username": "日本"}, "username"),
        ({"username": "admin"}, "username"),
        ({"hostname": "alice"}, "hostname"),
        ({"hostname": "127.0.0.1"}, "hostname"),
        ({"disksizeGb": 11}, "disksizeGb"),
        ({"form_nonce": "?"}, "form_nonce"),
    ],
)
async def test_what_cannot_be_used_is_told_by_its_field(
    shop: CheckoutStage, stripe: ScriptedStripe, asked: dict[str, object], field: str
) -> None:
    answer = await shop.checkout(await shop.customer(), **asked)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert answer.json()["error"].endswith(".")
    assert stripe.sent == []
    assert shop.counted("invalid") == 1


@pytest.mark.parametrize("body", ["[]", "null", "{", '"small"', "[" * 10_000, ""])
async def test_what_is_no_json_object_is_refused(shop: CheckoutStage, body: str) -> None:
    headers = {**(await shop.customer()).bearer, "Content-Type": "application/json"}
    answer = await shop.client.post("/api/checkout", content=body, headers=headers)
    assert answer.status_code == 400
    assert "JSON object" in answer.json()["error"]


async def test_a_name_of_another_row_is_taken(shop: CheckoutStage, stripe: ScriptedStripe, label: str) -> None:
    hostname = f"{label}.{shop.base_domain}"
    await shop.is_held(hostname.upper())
    customer = await shop.customer()
    for asked in ({"username": label}, {"hostname": f"https://{hostname}/"}):
        answer = await shop.checkout(customer, **asked)
        assert (answer.status_code, answer.json()["field"]) == (409, next(iter(asked)))
        assert f"{hostname} is taken" in answer.json()["error"]
    assert stripe.sent == []
    assert shop.counted("taken") == 2


async def test_a_name_that_the_backend_has_is_taken(shop: CheckoutStage, stripe: ScriptedStripe, label: str) -> None:
    body = {
        "username": label,
        "password": "p",
        "email": "a@b.example",
        "hostname": f"{label}.example.org",
        "disksize": 1,
    }
    shop.backend.plant(DeployBody.model_validate(body))
    answer = await shop.checkout(await shop.customer(), hostname=f"{label}.example.org")
    assert (answer.status_code, answer.json()["field"]) == (409, "hostname")
    assert stripe.sent == []


async def test_a_derived_name_that_is_taken_is_no_obstacle(
    shop: CheckoutStage, stripe: ScriptedStripe, label: str
) -> None:
    customer = await shop.customer(label)
    await shop.is_held(f"{customer.email.partition('@')[0]}.{shop.base_domain}")
    shop.backend.change(faults=[{"endpoint": "check", "times": None, "status": 500}])
    assert (await shop.checkout(customer)).status_code == 200
    assert by_key(stripe.forms[0], "metadata")["pds_hostname_base"] == "", "so that the operator adds a suffix"


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_without_a_check_the_rows_decide(shop: CheckoutStage, label: str, status: int) -> None:
    shop.backend.change(check_pds=status)
    assert (await shop.checkout(await shop.customer(), username=label)).status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 429, "headers": {"Retry-After": "7"}},
        {"status": 401},
        {"status": 400},
        {"status": 200, "body": {"exists": "yes"}},
        {"status": 200, "body": "<h1>page</h1>", "content": "html"},
        {"cut": True},
    ],
)
async def test_a_name_that_cannot_be_looked_up_is_not_sold(
    shop: CheckoutStage, stripe: ScriptedStripe, label: str, fault: dict[str, object]
) -> None:
    shop.backend.change(faults=[{"endpoint": "check", "times": None, **fault}])
    customer = await shop.customer()
    for answer in (
        await shop.checkout(customer, username=label),
        await shop.check(customer, hostname=f"{label}.example.org"),
    ):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == ("7" if fault["status"] == 429 else "60") if "status" in fault else "60"
        assert "leave the name out" in answer.json()["error"]
    assert stripe.sent == []
    assert shop.counted("unavailable") == 1
    assert (await shop.checkout(customer)).status_code == 200, "nothing asked for, nothing to look up"


@pytest.mark.parametrize(
    ("row", "subscription"),
    [
        (("provisioning", 800), None),
        (("provisioning", None), None),
        (("deploy_succeeded_no_id", None), "canceled"),
        (("deploy_failed", None), "active"),
        (None, "active"),
    ],
)
async def test_nobody_pays_twice(
    shop: CheckoutStage,
    stripe: ScriptedStripe,
    label: str,
    row: tuple[str, int | None] | None,
    subscription: str | None,
) -> None:
    customer = await shop.customer()
    if row is not None:
        shop.portal.has_service(customer, row[1], f"{label}.example.org", row[0])
    if subscription is not None:
        shop.has_subscription(customer, subscription, "cus_1")
    answer = await shop.checkout(customer, form_nonce="n" * 22)
    assert (answer.status_code, "field" in answer.json()) == (409, False)
    assert "dashboard" in answer.json()["error"]
    assert stripe.sent == []
    assert shop.counted("has_pds") == 1


async def test_another_customers_rows_are_nobodys_obstacle(shop: CheckoutStage, label: str) -> None:
    other = await shop.customer()
    shop.portal.has_service(other, 800, f"{label}.example.org")
    shop.has_subscription(other, "active", "cus_1")
    assert (await shop.checkout(await shop.customer())).status_code == 200


async def test_a_customer_of_stripes_stays_the_same_one(shop: CheckoutStage, stripe: ScriptedStripe) -> None:
    customer = await shop.customer()
    shop.has_subscription(customer, "canceled", "cus_1")
    assert (await shop.checkout(customer)).status_code == 200
    assert (stripe.forms[0]["customer"], "customer_email" in stripe.forms[0]) == ("cus_1", False)


async def test_a_customer_who_was_deleted_at_stripe_is_made_anew(shop: CheckoutStage, stripe: ScriptedStripe) -> None:
    customer = await shop.customer()
    shop.has_subscription(customer, "canceled", "cus_deleted")
    missing = {"type": "invalid_request_error", "code": "resource_missing", "param": "customer"}
    stripe.answers = [(400, {"error": missing}, {}), (200, session(), {})]
    assert (await shop.checkout(customer, form_nonce="n" * 22)).status_code == 200
    assert ("customer" in stripe.forms[1], stripe.forms[1]["customer_email"]) == (False, customer.email)
    keys = {headers["Idempotency-Key"] for _, headers in stripe.sent}
    assert len(keys) == 2, "Stripe repeats the refusal under the first one"


async def test_a_form_that_was_changed_and_sent_again_is_to_be_reloaded(
    shop: CheckoutStage, stripe: ScriptedStripe
) -> None:
    stripe.answers = [(400, {"error": {"type": "idempotency_error", "message": "zqxj"}}, {})]
    answer = await shop.checkout(await shop.customer(), form_nonce="n" * 22)
    assert (answer.status_code, answer.json()["field"]) == (409, "form_nonce")
    assert "Reload" in answer.json()["error"]


@pytest.mark.parametrize("status", [400, 401, 403, 429])
async def test_without_stripe_nothing_is_charged_and_it_is_said_so(
    shop: CheckoutStage, stripe: ScriptedStripe, status: int
) -> None:
    stripe.answers = [(status, {"error": {"type": "invalid_request_error", "message": "zqxj"}}, {})]
    answer = await shop.checkout(await shop.customer())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "Nothing was charged" in answer.json()["error"]
    assert "zqxj" not in answer.text
    assert shop.counted("unavailable") == 1


async def test_without_supabase_nobody_pays(
    stack: Mapping[str, str], database: psycopg.Connection, stripe: ScriptedStripe
) -> None:
    async with checkout_stage(stack, database, STRIPE_API_BASE=stripe.base, SUPABASE_URL=NOBODY) as shop:
        answer = await shop.checkout(await shop.customer())
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
        assert "Nothing was charged" in answer.json()["error"]
    assert stripe.sent == []


async def test_the_log_tells_of_a_checkout_without_personal_data(
    shop: CheckoutStage, stripe: ScriptedStripe, label: str, caplog: pytest.LogCaptureFixture
) -> None:
    for chatty in ("httpx", "stripe"):  # as the product's logs have them
        caplog.set_level(logging.WARNING, logger=chatty)
    caplog.set_level(logging.INFO)
    customer = await shop.customer(label)
    await shop.checkout(customer, username=label, form_nonce="n" * 22)
    told = [vars(record) for record in caplog.records if record.name.startswith("pds_portal.checkout")]
    assert [(line["session_id"], line["user_id"], line["plan"]) for line in told] == [
        ("cs_test_1", customer.user_id, "small")
    ]
    stripe.answers = [(400, {"error": {"type": "invalid_request_error", "message": f"zqxj {customer.email}"}}, {})]
    await shop.checkout(customer)
    (refused,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "Stripe refused the Checkout Session with 400" in refused.getMessage()
    for kept_out in (label, "zqxj", PAGE, "n" * 22, customer.access_token):
        assert kept_out not in str([vars(record) for record in caplog.records if record.name.startswith("pds_")])


async def test_who_begins_too_many_checkouts_is_slowed_down(shop: CheckoutStage, stripe: ScriptedStripe) -> None:
    customer = await shop.customer()
    statuses = [(await shop.checkout(customer)).status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    assert len(stripe.sent) == 20
