"""The demo's rules: a good road passes, and each way of going wrong is named."""

from dataclasses import replace

import pytest

from pds_stack.demo.findings import Look, after_checkout, after_replay

KNOWN = "already_accepted"


def good() -> Look:
    resource = {
        "metadata": {"resourceVersion": "7"},
        "status": {
            "phase": "provisioning",
            "serviceId": 800,
            "hostname": "alice.example.com",
            "conditions": [{"type": "Ready", "status": "True", "reason": "Running", "message": "running"}],
        },
    }
    row = {"pds_service_id": 800, "hostname": "alice.example.com", "status": "provisioning"}
    mapping = {"stripe_customer_id": "cus_1", "status": "active"}
    return Look(resource=resource, services=[row], subscriptions=[mapping], deploys=1)


def with_status(**changes: object) -> Look:
    look = good()
    return replace(look, resource={**look.resource, "status": {**look.resource["status"], **changes}})


def with_row(**changes: object) -> Look:
    look = good()
    return replace(look, services=[{**look.services[0], **changes}])


def test_a_good_road_passes() -> None:
    checks = [*after_checkout(good()), *after_replay(good(), good(), KNOWN)]

    assert len(checks) == 14
    assert [check for check in checks if check.seen] == []


@pytest.mark.parametrize(
    ("look", "rule"),
    [
        (with_status(conditions=[]), "the resource is Ready"),
        (with_status(phase=None), "its phase is provisioning"),
        (with_status(serviceId=801), "the row has the resource's service"),
        (with_status(hostname="bob.example.com"), "the row has the resource's hostname"),
        (with_row(status="deploy_failed"), "the row's status is provisioning"),
        (replace(good(), services=[]), "the user has one row in pds_services"),
        (replace(good(), subscriptions=good().subscriptions * 2), "the user has one row in subscriptions"),
        (replace(good(), deploys=2), "the backend received one deploy"),
    ],
)
def test_what_went_wrong_after_the_checkout_is_named(look: Look, rule: str) -> None:
    assert rule in [check.rule for check in after_checkout(look) if check.seen]


def test_an_id_missing_on_both_sides_is_no_agreement() -> None:
    look = replace(with_status(serviceId=None), services=with_row(pds_service_id=None).services)

    assert "there is a service's id" in [check.rule for check in after_checkout(look) if check.seen]


@pytest.mark.parametrize(
    ("after", "rule"),
    [
        (replace(good(), resource={"metadata": {"resourceVersion": "8"}}), "the resource's version is the same"),
        (replace(good(), deploys=2), "the backend received no further deploy"),
        (with_row(hostname="other.example.com"), "the user's rows in pds_services are the same"),
        (
            replace(good(), subscriptions=[{"stripe_customer_id": "cus_2"}]),
            "the user's rows in subscriptions are the same",
        ),
    ],
)
def test_what_a_replay_changed_is_named(after: Look, rule: str) -> None:
    assert [check.rule for check in after_replay(good(), after, KNOWN) if check.seen] == [rule]


@pytest.mark.parametrize("code", ["accepted", None])
def test_an_answer_that_takes_the_replay_for_news_is_named(code: str | None) -> None:
    checks = after_replay(good(), good(), code)

    assert [check.rule for check in checks if check.seen] == ["the webhook knows the checkout"]
