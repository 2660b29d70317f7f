"""The catalogue: what ``PDS_PLANS`` may hold, what is said of what it may not, and the one plan without it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pds_contract.checkout import DISK_SIZE_MAX
from pds_portal.checkout.plans import Plan, PlanSettings, find, read_plans

DOCUMENT = Path(__file__).parents[3] / "docs" / "portal.md"
SMALL = {
    "key": "small",
    "name": "Small",
    "price_id": "price_1SmallZqxj",
    "disksize_gb": 10,
    "text": "For one person.",
    "price": "€ 9 a month",
}
LARGE = {**SMALL, "key": "large", "name": "Large", "price_id": "price_1LargeZqxj", "disksize_gb": 50}


@pytest.fixture(autouse=True)
def _no_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PDS_PLANS", "NEXT_PUBLIC_STRIPE_PRICE_ID"):
        monkeypatch.delenv(name, raising=False)


def problem_of(settings: type[PlanSettings] = PlanSettings) -> tuple[str, str]:
    """The one setting that is said to be wrong, and what is said of it."""
    with pytest.raises(ValidationError) as caught:
        settings()
    (problem,) = caught.value.errors(include_input=False, include_url=False, include_context=False)
    return str(problem["loc"][0]), problem["msg"].removeprefix("Value error, ")


def test_plans_come_in_their_order() -> None:
    plans = read_plans(json.dumps([LARGE, SMALL]))
    assert [plan.key for plan in plans] == ["large", "small"]
    assert find(plans, "small") == Plan(**SMALL)  # type: ignore[arg-type] # a mapping of mixed values
    assert find(plans, "medium") is None
    assert find(plans, None) is None


def test_the_documented_catalogue_can_be_read() -> None:
    section = DOCUMENT.read_text().partition("## Plans and checkout")[2]
    block = re.findall(r"```json\n(.+?)```", section, re.DOTALL)[0]
    assert [plan.key for plan in read_plans(block)] == ["small"]


def test_a_plan_may_have_no_text() -> None:
    (plan,) = read_plans(json.dumps([{key: value for key, value in SMALL.items() if key != "text"}]))
    assert plan.text == ""


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({**SMALL, "price_id": None}, "plan 1: price_id is no text"),
        ({key: value for key, value in SMALL.items() if key != "price_id"}, "plan 1: price_id is missing"),
        ({**SMALL, "price_id": ""}, "plan 1: price_id is no id of Stripe's; copy it from the Stripe dashboard"),
        ({**SMALL, "price_id": "price zqxj"}, "plan 1: price_id is no id of Stripe's"),
        ({**SMALL, "price_id": "price_zqxj\n"}, "plan 1: price_id is no id of Stripe's"),
        ({**SMALL, "price_id": "prod_zqxj"}, "plan 1: price_id is a product's id; give the id of its price"),
        ({**SMALL, "disksize_gb": 0}, "plan 1: disksize_gb is less than 1 GiB"),
        ({**SMALL, "disksize_gb": DISK_SIZE_MAX + 1}, "plan 1: disksize_gb is more than 16384 GiB"),
        ({**SMALL, "disksize_gb": "10"}, "plan 1: disksize_gb is no whole number"),
        ({**SMALL, "disksize_gb": 10.5}, "plan 1: disksize_gb is no whole number"),
        ({**SMALL, "disksize_gb": True}, "plan 1: disksize_gb is no whole number"),
        ({**SMALL, "key": "Zqxj Plan"}, "plan 1: key must be of at most 40 of a-z, 0-9, - and _"),
        ({**SMALL, "key": "a" * 41}, "plan 1: key must be of at most 40"),
        ({**SMALL, "name": ""}, "plan 1: name is empty"),
        ({**SMALL, "price": ""}, "plan 1: price is empty"),
        ({**SMALL, "text": "zqxj" * 126}, "plan 1: text is too long"),
        ({**SMALL, "priceId": "zqxj"}, "plan 1: priceId is no field of a plan"),
        ("zqxj", "plan 1: is no JSON object"),
    ],
)
def test_each_mistake_is_said_without_its_value(plan: object, said: str) -> None:
    with pytest.raises(ValueError, match="plan 1") as caught:
        read_plans(json.dumps([plan]))
    assert str(caught.value).startswith(said)
    assert "zqxj" not in str(caught.value).lower()


def test_all_mistakes_are_said_at_once() -> None:
    plans: list[Any] = [7, {**SMALL, "name": ""}, SMALL, {**LARGE, "key": "small"}]
    with pytest.raises(ValueError, match="plan 1") as caught:
        read_plans(json.dumps(plans))
    assert str(caught.value) == (
        "plan 1: is no JSON object; plan 2: name is empty; "
        "plan 3: its key is an earlier plan's too; give each plan a key of its own; "
        "plan 4: its key is an earlier plan's too; give each plan a key of its own"
    )


@pytest.mark.parametrize("text", ["zqxj", "{", "[" * 100_000, "{}", "[]", "null", '"zqxj"', json.dumps(SMALL)])
def test_what_is_no_list_of_plans_is_said_so(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PDS_PLANS", text)
    name, said = problem_of()
    assert name == "pds_plans"
    assert said.startswith("is no JSON")
    assert "zqxj" not in said.lower()


def test_one_price_makes_one_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXT_PUBLIC_STRIPE_PRICE_ID", " price_1Only\n")
    (plan,) = PlanSettings().pds_plans
    assert (plan.price_id, plan.disksize_gb) == ("price_1Only", 10)


def test_the_catalogue_goes_before_the_one_price(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXT_PUBLIC_STRIPE_PRICE_ID", "price_1Only")
    monkeypatch.setenv("PDS_PLANS", json.dumps([SMALL]))
    assert [plan.price_id for plan in PlanSettings().pds_plans] == [SMALL["price_id"]]


def test_nothing_on_sale_is_an_error() -> None:
    assert problem_of() == (
        "pds_plans",
        "is missing; set it to a JSON list of plans, or NEXT_PUBLIC_STRIPE_PRICE_ID to the one price on sale",
    )


@pytest.mark.parametrize("price_id", ["prod_zqxj", "two words zqxj"])
def test_an_unusable_price_is_said_once(monkeypatch: pytest.MonkeyPatch, price_id: str) -> None:
    monkeypatch.setenv("NEXT_PUBLIC_STRIPE_PRICE_ID", price_id)
    name, said = problem_of()
    assert name == "next_public_stripe_price_id"
    assert said.startswith("is ")
    assert "zqxj" not in said
