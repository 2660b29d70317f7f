"""The plan's context in URLs: whatever a URL holds, it is read; whatever is written is read again as it was."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pds_portal.checkout.context import PlanContext
from pds_portal.checkout.plans import Plan
from pds_portal.safety.redirects import NEXT_MAX, safe_next

PLANS = (
    Plan(key="small", name="Small", price_id="price_1", disksize_gb=10, price="€ 9"),
    Plan(key="large_2", name="Large", price_id="price_2", disksize_gb=50, price="€ 19"),
)
KEYS = ("pds_plan", "pds_disksize_gb", "pds_username", "pds_hostname", "auto_checkout")
names = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=60)


@st.composite
def contexts(draw: st.DrawFn) -> PlanContext:
    plan = draw(st.sampled_from(PLANS))
    return PlanContext(
        plan=plan.key,
        disksize_gb=draw(st.none() | st.integers(1, plan.disksize_gb)),
        username=draw(st.none() | names),
        hostname=draw(st.none() | names),
        auto_checkout=draw(st.booleans()),
    )


@given(contexts())
def test_what_is_written_is_read_again(context: PlanContext) -> None:
    assert PlanContext.read(dict(parse_qsl(context.query())), PLANS) == context
    assert urlsplit(context.path("/signup")).query == context.query()


@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["small", "large_2", "true", "10", "050"]) | st.text()))
def test_whatever_a_url_holds_is_read_and_bounded(query: dict[str, str]) -> None:
    context = PlanContext.read(query, PLANS)
    assert PlanContext.read(dict(parse_qsl(context.query())), PLANS) == context
    if context.plan is None:
        assert context == PlanContext()
        assert context.path("/login") == "/login"
    # It also travels within ``next``.
    if context.path("/dashboard") != "/dashboard" and len(context.query()) < NEXT_MAX - 20:
        assert safe_next(context.path("/dashboard")) == context.path("/dashboard")


def test_everything_in_its_place() -> None:
    query = "pds_plan=small&pds_disksize_gb=5&pds_username=Alice&pds_hostname=alice.example.org&auto_checkout=true"
    context = PlanContext.read(dict(parse_qsl(query)), PLANS)
    assert context == PlanContext("small", 5, "Alice", "alice.example.org", auto_checkout=True)
    assert context.query() == query


@pytest.mark.parametrize("plan", ["", "medium", "SMALL", "small ", "price_1"])
def test_without_a_plan_on_sale_nothing_is_chosen(plan: str) -> None:
    query = {"pds_plan": plan, "pds_disksize_gb": "5", "pds_username": "alice", "auto_checkout": "true"}
    assert PlanContext.read(query, PLANS) == PlanContext()


@pytest.mark.parametrize("size", ["0", "11", "-1", "5.0", "ten", "", "\u0665", "9" * 5000])
def test_a_size_that_the_plan_has_not_is_left_out(size: str) -> None:
    assert PlanContext.read({"pds_plan": "small", "pds_disksize_gb": size}, PLANS) == PlanContext("small")


@pytest.mark.parametrize("name", ["", "   ", "a" * 254, "a\nb", "a\x00b", "a\u202eb"])
def test_what_cannot_be_a_name_is_left_out(name: str) -> None:
    query = {"pds_plan": "small", "pds_username": name, "pds_hostname": name}
    assert PlanContext.read(query, PLANS) == PlanContext("small")


@pytest.mark.parametrize("value", ["", "false", "1", "True"])
def test_only_true_goes_on_by_itself(value: str) -> None:
    assert not PlanContext.read({"pds_plan": "small", "auto_checkout": value}, PLANS).auto_checkout


def test_the_pricing_page_offers_a_plan_with_its_size_and_goes_on() -> None:
    offered = PlanContext.offer(PLANS[0], {})
    assert offered.path("/signup") == "/signup?pds_plan=small&pds_disksize_gb=10&auto_checkout=true"
    assert offered.by_hand() == PlanContext("small", 10), "who turns back does not"


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ({"pds_plan": "small", "pds_username": "Alice"}, PlanContext("large_2", 50, "Alice", auto_checkout=True)),
        ({"pds_disksize_gb": "20", "auto_checkout": "no"}, PlanContext("large_2", 20, auto_checkout=True)),
        ({"pds_disksize_gb": "51", "pds_hostname": "a\nb"}, PlanContext("large_2", 50, auto_checkout=True)),
    ],
)
def test_what_the_pricing_pages_own_address_holds_goes_along(query: dict[str, str], offered: PlanContext) -> None:
    assert PlanContext.offer(PLANS[1], query) == offered
