"""A row that has an id: never deployed; adopted where the backend, the API server and the reservation agree."""

from dataclasses import replace
from typing import Any

import pytest

from pds_contract.conditions import Reason
from pds_contract.resource import SERVICE_ID_ANNOTATION, PdsProvision
from pds_contract.rows import PdsServiceRow
from pds_contract.service import ServiceState
from pds_operator.protocol.decide import decide
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.policy import PERSON_LOOK, Policy
from pds_operator.protocol.steps import FindHolder, LookAtService, Mirror, Reserve
from stages.protocol_stage import (
    FORMER_UID,
    HOLD,
    HOSTNAME,
    IDEMPOTENT,
    OTHER_USER,
    PROBE,
    WAIT,
    before_deploy,
    ends_in,
    facts,
    open_claim,
    provision,
    recorded,
    reservation,
    row,
    seen,
    service,
    stands,
    written,
)


def with_row(found: PdsServiceRow, of: PdsProvision | None = None, **known: Any) -> Facts:
    return before_deploy(of, found=found, **known)


@pytest.mark.parametrize("policy", [PROBE, IDEMPOTENT, HOLD])
@pytest.mark.parametrize("status", ["provisioning", "deploy_failed", "deploy_succeeded_no_id", "anything"])
@pytest.mark.parametrize("retry", [None, "now"])
def test_a_row_with_an_id_is_never_deployed_whatever_its_status(policy: Policy, status: str, retry: str | None) -> None:
    known = with_row(row(800, status=status), provision(retry=retry))
    assert decide(known, policy) == LookAtService(800)


def test_the_id_the_hostname_and_the_holder_are_looked_at_in_turn() -> None:
    known = with_row(row(800))
    assert decide(known, PROBE) == LookAtService(800)
    known = replace(known, service=service())
    assert decide(known, PROBE) == FindHolder(800)
    assert recorded(decide(replace(known, holder=""), PROBE)).status["serviceId"] == 800


def test_adoption_takes_the_id_and_the_rows_hostname_and_goes_on_to_mirror() -> None:
    of = provision(seen(next_attempt_time="2030-01-01T00:00:00Z"), retry="now")
    record = recorded(decide(with_row(row(800), of, service=service(), holder=""), PROBE))
    assert record.then is None
    after = written(of, record.status)
    assert (after.status.service_id, after.status.hostname, after.status.phase) == (800, HOSTNAME, "provisioning")
    assert (after.status.claim, after.status.next_attempt_time) == (None, None)
    assert [event.reason for event in record.events] == ["Adopted"]
    expected = row(800, status="provisioning")
    assert decide(facts(after, service=service(), holder=""), PROBE) == Mirror(expected)


def test_the_rows_hostname_is_kept_and_reserved_as_any_other() -> None:
    found = row(800, hostname="older.example")
    known = with_row(found, provision(hostname="newer.example"), reservation=reservation("newer.example"))
    assert decide(known, PROBE) == Reserve("older.example")
    known = replace(known, reservation=reservation("older.example"), service=service(hostname="older.example"))
    assert recorded(decide(replace(known, holder=""), PROBE)).status["hostname"] == "older.example"


def test_a_row_without_a_hostname_gets_the_one_that_the_resource_would_get() -> None:
    known = with_row(row(800, hostname=None), service=service(), holder="")
    assert recorded(decide(known, PROBE)).status["hostname"] == HOSTNAME


def test_adopting_waits_for_nobodys_deploy_since_it_sends_none() -> None:
    inherited = reservation("older.example", uid=FORMER_UID)
    known = with_row(row(800, hostname="older.example"), reservation=inherited)
    assert decide(known, PROBE) == LookAtService(800)


def test_adoption_ends_a_claim_that_was_waited_out() -> None:
    of = provision(seen(hostname=HOSTNAME, claim=open_claim()))
    known = with_row(row(800), of, claim_seen_for=WAIT, service=service(), holder="")
    assert written(of, recorded(decide(known, PROBE)).status).status.claim is None


@pytest.mark.parametrize(
    ("known", "word"),
    [
        ({"reservation": reservation("older.example", user_id=OTHER_USER)}, "reserves for another user"),
        ({"service": service(hostname="another.example")}, "whose hostname is not"),
        ({"service": service(hostname=None)}, "whose hostname is not"),
        ({"service": service(hostname="older.example"), "holder": "pds-other"}, "pds-other"),
        ({"found": row(800, hostname="No Name")}, "no DNS name"),
        ({"found": row(800, hostname="x" * 254)}, "no DNS name"),
    ],
)
def test_an_id_that_cannot_be_this_users_is_a_mismatch_for_a_person(known: dict[str, Any], word: str) -> None:
    found = row(800, hostname="older.example")
    step = decide(before_deploy(**{"found": found, "reservation": reservation("older.example"), **known}), PROBE)
    assert stands(step) == (Reason.SERVICE_MISMATCH, "person")
    assert ends_in(step) == PERSON_LOOK
    assert word in recorded(step).events[0].message
    assert "serviceId" not in recorded(step).status


def with_annotation(value: str, **known: Any) -> Facts:
    of = provision()
    metadata = of.metadata.model_copy(update={"annotations": {SERVICE_ID_ANNOTATION: value}})
    return before_deploy(of.model_copy(update={"metadata": metadata}), **known)


def test_an_id_that_a_person_gives_is_adopted_with_the_same_checks() -> None:
    assert decide(with_annotation("800"), PROBE) == LookAtService(800)
    known = with_annotation("800", service=service())
    assert decide(known, PROBE) == FindHolder(800)
    assert recorded(decide(replace(known, holder=""), PROBE)).status["serviceId"] == 800
    assert stands(decide(replace(known, holder="pds-other"), PROBE)) == (Reason.SERVICE_MISMATCH, "person")
    others = with_annotation("800", service=service(hostname="others.example"))
    assert stands(decide(others, PROBE)) == (Reason.SERVICE_MISMATCH, "person")


def test_an_id_that_a_person_gives_may_be_of_the_hostname_that_the_row_tells_of() -> None:
    told = row(hostname="older.example", status="deploy_succeeded_no_id")
    known = with_annotation("800", found=told, service=service(hostname="older.example"))
    assert decide(known, PROBE) == Reserve("older.example")
    known = replace(known, reservation=reservation("older.example"))
    assert decide(known, PROBE) == FindHolder(800)
    assert recorded(decide(replace(known, holder=""), PROBE)).status["hostname"] == "older.example"


def test_an_id_in_the_row_counts_before_one_that_a_person_gives() -> None:
    assert decide(with_annotation("800", found=row(801)), PROBE) == LookAtService(801)


@pytest.mark.parametrize("value", ["", "0", "-1", "800x", "none"])
def test_an_annotation_that_is_no_id_is_said(value: str) -> None:
    step = decide(with_annotation(value), PROBE)
    assert stands(step) == (Reason.SERVICE_MISMATCH, "person")
    assert "is no id" in recorded(step).events[0].message


def test_a_row_whose_service_the_backend_does_not_know_is_not_deployed() -> None:
    step = decide(with_row(row(800), service=service(ServiceState.NOT_FOUND, None)), PROBE)
    assert stands(step) == (Reason.SERVICE_NOT_FOUND, "person")
    assert "serviceId" not in recorded(step).status


def test_an_id_that_a_person_wrote_while_it_was_awaited_is_adopted_with_the_same_checks() -> None:
    of = provision(seen(phase="deploy_succeeded_no_id", hostname=HOSTNAME, username="alice"))
    known = facts(of, mirrored=row(800))
    assert decide(known, PROBE) == Reserve(HOSTNAME)
    known = replace(known, reservation=reservation())
    assert decide(known, PROBE) == LookAtService(800)
    known = replace(known, service=service())
    assert decide(known, PROBE) == FindHolder(800)
    adopted = written(of, recorded(decide(replace(known, holder=""), PROBE)).status)
    assert adopted.status.service_id == 800
    assert stands(decide(replace(known, holder="pds-other"), PROBE)) == (Reason.SERVICE_MISMATCH, "person")
