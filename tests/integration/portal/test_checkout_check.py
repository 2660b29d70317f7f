"""``GET /api/pds/check``: whether a name could be had, as it is typed."""

import secrets
from collections.abc import AsyncIterator, Mapping

import psycopg
import pytest

from stages.checkout_stage import CheckoutStage, checkout_stage


@pytest.fixture
async def shop(stack: Mapping[str, str], database: psycopg.Connection) -> AsyncIterator[CheckoutStage]:
    async with checkout_stage(stack, database) as stage:
        yield stage


@pytest.fixture
def label() -> str:
    """A name that no other test has."""
    return f"t{secrets.token_hex(8)}"


async def test_a_name_is_judged_as_it_is_typed(shop: CheckoutStage, label: str) -> None:
    base, customer = shop.base_domain, await shop.customer()
    await shop.is_held(f"{label}.{base}")
    for query, hostname, said in [
        ({"hostname": f" HTTPS://New-{label}.{base}:443/x "}, f"new-{label}.{base}", None),
        ({"username": f"New {label}"}, f"new-{label}.{base}", None),
        ({"hostname": f"{label}.{base}"}, f"{label}.{base}", "is taken"),
        ({"username": label}, f"{label}.{base}", "is taken"),
        ({"hostname": f"admin.{base}"}, f"admin.{base}", "is reserved"),
        ({"username": "Admin"}, f"admin.{base}", "is reserved"),
        ({"hostname": base}, base, "of the service itself"),
        ({"hostname": f"a.b.{base}"}, f"a.b.{base}", "more than one label"),
        ({"hostname": "alice"}, "alice", "no DNS name"),
        ({"hostname": ""}, "", "no DNS name"),
        ({"username": "--"}, "", "no letter or digit"),
        ({"hostname": "a" * 501}, "", "more than 500"),
    ]:
        answer = await shop.check(customer, **query)
        assert answer.status_code == 200, query
        told = answer.json()
        assert set(told) == {"hostname", "available", "reason"}
        assert (told["hostname"], told["available"]) == (hostname, said is None), query
        assert (said or "") in (told["reason"] or ""), query
    assert (await shop.check(customer)).status_code == 400


async def test_ones_own_name_is_not_taken(shop: CheckoutStage, label: str) -> None:
    customer = await shop.customer()
    shop.portal.has_service(customer, None, f"{label}.example.org", "deploy_failed")
    assert (await shop.check(customer, hostname=f"{label}.example.org")).json()["available"]
    assert not (await shop.check(await shop.customer(), hostname=f"{label}.example.org")).json()["available"]


async def test_who_types_too_much_is_slowed_down(shop: CheckoutStage) -> None:
    customer = await shop.customer()
    answers = [await shop.check(customer, hostname="alice") for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {200}
    assert answers[60].status_code == 429
    assert int(answers[60].headers["Retry-After"]) > 0
