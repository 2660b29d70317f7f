"""Who would pay twice, or for a name that nobody can have, is refused, with a sentence that says what to do."""

import pytest

from pds_contract.errors import CredentialsRejected, Refused, TryLater
from pds_contract.names import HostnameRules
from pds_contract.rows import PdsServiceRow, SubscriptionRow
from pds_portal.checkout import refusing
from pds_portal.checkout.hostname import Asked
from pds_portal.metrics import CheckoutOutcome

USER = "0a1b2c3d-0000-4000-8000-000000000001"
RULES = HostnameRules.of("eny.k8s.frx.pub", ["admin"], "k8s-pds.frx.pub")


def row(status: str, service_id: int | None = None) -> PdsServiceRow:
    return PdsServiceRow(user_id=USER, pds_service_id=service_id, hostname="alice.example.org", status=status)


def subscription(status: str | None) -> SubscriptionRow:
    return SubscriptionRow(user_id=USER, status=status, stripe_customer_id="cus_1")


@pytest.mark.parametrize(
    ("service", "status", "said"),
    [
        (row("provisioning", 800), "active", "You have a PDS already"),
        (row("deploy_failed", 800), None, "You have a PDS already"),
        (row("provisioning"), None, "being set up"),
        (row("deploy_succeeded_no_id"), "canceled", "being set up"),
        (row("a word of tomorrow"), None, "being set up"),
        (row("deploy_failed"), "active", "paid already"),
        (None, "active", "paid already"),
        (None, "trialing", "paid already"),
        (None, "past_due", "paid already"),
    ],
)
def test_nobody_pays_twice(service: PdsServiceRow | None, status: str | None, said: str) -> None:
    refusal = refusing.has_pds(service, None if status is None else subscription(status))
    assert refusal is not None
    assert said in refusal.message
    assert (refusal.status, refusal.outcome) == (409, CheckoutOutcome.HAS_PDS)


@pytest.mark.parametrize("service", [None, row("deploy_failed")])
@pytest.mark.parametrize("status", ["canceled", "incomplete", "incomplete_expired", "unpaid", "paused", None])
def test_who_has_nothing_that_is_paid_for_may_pay(service: PdsServiceRow | None, status: str | None) -> None:
    assert refusing.has_pds(service, subscription(status)) is None
    assert refusing.has_pds(service, None) is None


def test_a_reserved_name_is_told_by_the_field_that_leads_to_it() -> None:
    by_username = refusing.objection(Asked("admin.eny.k8s.frx.pub", "username"), RULES)
    by_hostname = refusing.objection(Asked("admin.eny.k8s.frx.pub", "hostname"), RULES)
    assert by_username is not None
    assert by_hostname is not None
    assert refusing.sentence(by_hostname) == "The hostname is reserved; ask for another one."
    assert refusing.sentence(by_username) == (
        "The username leads to admin.eny.k8s.frx.pub, which is reserved; ask for another one."
    )
    refusal = refusing.invalid(by_username)
    assert (refusal.status, refusal.field, refusal.outcome) == (422, "username", CheckoutOutcome.INVALID)
    assert refusing.objection(Asked("alice.eny.k8s.frx.pub", "username"), RULES) is None


def test_a_taken_name_is_told_by_its_field() -> None:
    refusal = refusing.taken(Asked("alice.eny.k8s.frx.pub", "username"))
    assert refusal.document() == {
        "error": "alice.eny.k8s.frx.pub is taken. Choose another username.",
        "field": "username",
    }


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (TryLater("backend", "secret words", 429, 6.2), "7"),
        (TryLater("backend", "secret words", 429, 0.0), "1"),
        (TryLater("backend", "secret words"), "60"),
        (CredentialsRejected("backend", "secret words"), "60"),
        (Refused("stripe", "secret words", 400), "60"),
    ],
)
def test_who_is_away_is_asked_again_later(error: TryLater | Refused, seconds: str) -> None:
    refusal = refusing.unavailable(error, refusing.NAME_UNKNOWN)
    assert (refusal.status, refusal.headers) == (503, {"Retry-After": seconds})
    assert "secret" not in refusal.message
