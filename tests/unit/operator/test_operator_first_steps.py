"""Before a deploy: whether anything is begun, in what order is asked, under which names, and how long one waits."""

from dataclasses import replace
from typing import Any

import pytest

from pds_contract.conditions import Reason
from pds_contract.deploy import Presence
from pds_contract.names import HostnameRules
from pds_contract.resource import PdsProvision
from pds_contract.rows import PdsServiceLookup, PdsServiceRow
from pds_operator.protocol.decide import decide
from pds_operator.protocol.facts import Held
from pds_operator.protocol.policy import PERSON_LOOK, SECOND_CHANCE
from pds_operator.protocol.steps import Deploy, LookUpRow, Mirror, Probe, Reserve, Rest, TryNextName
from stages.protocol_stage import (
    EMAIL,
    FIRST_DEPLOY,
    HOSTNAME,
    OTHER_USER,
    PROBE,
    READY_NOW,
    SUFFIXED,
    after,
    before_deploy,
    ends_in,
    facts,
    lookup,
    open_claim,
    provision,
    recorded,
    reservation,
    row,
    seen,
    stands,
    written,
)

SOMETHING_TO_DO = [
    seen(),
    seen(hostname=HOSTNAME, claim=open_claim()),
    seen(hostname=HOSTNAME, phase="deploy_failed", attempts=3),
    seen(hostname=HOSTNAME, phase="deploy_succeeded_no_id"),
    seen(hostname=HOSTNAME, phase="provisioning", service_id=800),
]


def test_the_order_is_reservation_row_probe_claim() -> None:
    assert decide(facts(), PROBE) == Reserve(HOSTNAME)
    assert decide(facts(reservation=reservation()), PROBE) == LookUpRow(HOSTNAME)
    assert decide(facts(reservation=reservation(), lookup=lookup()), PROBE) == Probe(HOSTNAME)
    assert decide(before_deploy(), PROBE) == FIRST_DEPLOY


def test_a_backend_without_a_probe_has_not_said_that_the_hostname_is_absent() -> None:
    step = decide(before_deploy(presence=Presence.NO_PROBE), PROBE)
    assert step == Deploy("alice", HOSTNAME, hostname_absent=False, in_doubt=False, probed_absent=False)


@pytest.mark.parametrize("status", SOMETHING_TO_DO)
def test_one_that_is_being_deleted_is_left_alone(status: Any) -> None:
    assert decide(facts(provision(status, deleted=after(0), generation=2, retry="now")), PROBE) == Rest(None)


@pytest.mark.parametrize("status", SOMETHING_TO_DO)
def test_nothing_is_begun_while_suspended(status: Any) -> None:
    step = decide(facts(provision(status, suspend=True, generation=2, retry="now")), PROBE)
    assert stands(step) == (Reason.SUSPENDED, "nobody")
    assert ends_in(step) is None
    assert recorded(step).status["observedGeneration"] == 2
    assert "lastHandledRetry" not in recorded(step).status, "the retry waits until it goes on"
    assert "claim" not in recorded(step).status, "what is under way is finished"


def test_a_running_service_stays_ready_while_suspended() -> None:
    of = provision(seen(hostname=HOSTNAME, service_id=800, conditions=(READY_NOW,)), suspend=True, generation=2)
    step = decide(facts(of), PROBE)
    assert stands(step) == (Reason.RUNNING, "nobody")
    assert recorded(step).events == ()


def test_an_id_that_is_known_is_never_deployed_whatever_else_is_said() -> None:
    of = provision(seen(hostname=HOSTNAME, service_id=800, phase="deploy_failed"), generation=2, retry="now")
    assert isinstance(decide(before_deploy(of), PROBE), Mirror)


@pytest.mark.parametrize("left", [0.5, 599.0])
def test_the_backoff_in_status_is_waited_out(left: float) -> None:
    assert decide(facts(provision(seen(next_attempt_time=after(left)))), PROBE) == Rest(left)


@pytest.mark.parametrize("due", [None, after(0), after(-10)])
def test_one_that_is_due_is_tried(due: Any) -> None:
    assert decide(facts(provision(seen(next_attempt_time=due))), PROBE) == Reserve(HOSTNAME)


@pytest.mark.parametrize("asked", [{"generation": 2}, {"retry": "now"}])
def test_an_edit_and_a_retry_bypass_the_backoff(asked: dict[str, Any]) -> None:
    of = provision(seen(next_attempt_time=after(3600), last_handled_retry="before"), **asked)
    assert decide(facts(of), PROBE) == Reserve(HOSTNAME)


def test_a_retry_that_was_answered_bypasses_nothing() -> None:
    of = provision(seen(next_attempt_time=after(60), last_handled_retry="now"), retry="now")
    assert decide(facts(of), PROBE) == Rest(60.0)


@pytest.mark.parametrize("asked", [{"generation": 2}, {"retry": "now"}])
@pytest.mark.parametrize(
    ("known", "rest"),
    [
        ({"held": Held(Reason.DEPLOYS_PAUSED, "Paused.", 600.0)}, 600.0),
        ({"lookup": lookup(row(status="provisioning"))}, PERSON_LOOK),
        ({"reservation": reservation(uid="an-earlier-resource")}, 105.0),
    ],
    ids=["held", "row in progress", "former self"],
)
def test_what_bypassed_the_backoff_does_not_fall_back_to_it(
    asked: dict[str, Any], known: dict[str, Any], rest: float
) -> None:
    """An edit after an hour's backoff met something that passes sooner: the old date must not come back."""
    of = provision(seen(next_attempt_time=after(3600)), **asked)
    step = decide(before_deploy(of, **known), PROBE)
    assert ends_in(step) == rest
    next_visit = facts(written(of, recorded(step).status), now=after(rest))
    assert decide(next_visit, PROBE) == Reserve(HOSTNAME)


@pytest.mark.parametrize("held", [Held(Reason.DEPLOYS_PAUSED, "Paused.", 600.0)])
def test_a_held_deploy_waits_and_so_does_what_was_asked_for(held: Held) -> None:
    step = decide(before_deploy(provision(seen(), retry="now"), held=held), PROBE)
    assert (stands(step), ends_in(step)) == ((held.reason, "operator"), 600.0)
    assert "lastHandledRetry" not in recorded(step).status


@pytest.mark.parametrize(
    ("spec", "username", "hostname"),
    [
        ({}, "alice", HOSTNAME),
        ({"email": "Bob.B+x@a.example"}, "bob-b-x", "bob-b-x.eny.example"),
        ({"email": "+@a.example"}, "u-0a1b2c3d", "u-0a1b2c3d.eny.example"),
        ({"username": "carol"}, "carol", "carol.eny.example"),
        ({"hostname": "pds.alice.example"}, "alice", "pds.alice.example"),
        ({"username": "carol", "hostname": "pds.alice.example"}, "carol", "pds.alice.example"),
    ],
)
def test_names_are_those_asked_for_else_derived(spec: dict[str, Any], username: str, hostname: str) -> None:
    step = decide(before_deploy(provision(**spec), reservation=reservation(hostname)), PROBE)
    assert step == Deploy(username, hostname, hostname_absent=True, in_doubt=False, probed_absent=True)


def test_a_derived_name_that_somebody_holds_gets_a_suffix_of_the_users_id() -> None:
    assert decide(facts(reservation=reservation(user_id=OTHER_USER)), PROBE) == TryNextName()
    assert decide(facts(candidate=1), PROBE) == Reserve(SUFFIXED)
    step = decide(before_deploy(candidate=1, reservation=reservation(SUFFIXED)), PROBE)
    assert step == Deploy("alice-0a1b2c", SUFFIXED, hostname_absent=True, in_doubt=False, probed_absent=True)


def test_a_username_that_was_asked_for_gets_no_suffix() -> None:
    known = before_deploy(provision(username="alice"), candidate=1, reservation=reservation(SUFFIXED))
    assert decide(known, PROBE) == Deploy("alice", SUFFIXED, hostname_absent=True, in_doubt=False, probed_absent=True)


def test_a_derived_name_that_is_reserved_by_the_rules_is_passed_over() -> None:
    assert decide(facts(provision(email="www@a.example")), PROBE) == Reserve("www-0a1b2c.eny.example")


def test_a_secret_that_is_none_of_ours_holds_the_hostname() -> None:
    assert decide(facts(reservation=reservation(user_id="")), PROBE) == TryNextName()


def test_the_name_that_was_claimed_once_is_tried_first() -> None:
    of = provision(seen(hostname=SUFFIXED, username="alice-0a1b2c", attempts=1))
    assert decide(facts(of), PROBE) == Reserve(SUFFIXED)


def test_while_an_id_is_awaited_only_the_names_that_were_sent_count() -> None:
    status = seen(hostname="older.example", username="older", phase="deploy_succeeded_no_id")
    assert decide(facts(provision(status, hostname="newer.example", retry="now")), PROBE) == Reserve("older.example")


@pytest.mark.parametrize(
    ("of", "candidate", "hostname"),
    [(provision(hostname="pds.alice.example"), 1, "pds.alice.example"), (provision(), 2, SUFFIXED)],
)
def test_when_no_name_is_left_a_person_is_told_and_it_is_tried_again_hourly(
    of: PdsProvision, candidate: int, hostname: str
) -> None:
    step = decide(facts(of, candidate=candidate), PROBE)
    assert stands(step) == (Reason.HOSTNAME_TAKEN, "person")
    assert ends_in(step) == SECOND_CHANCE
    assert recorded(step).status["nextAttemptTime"] == "2026-11-01T13:00:00.000Z"
    assert hostname in recorded(step).events[0].message


@pytest.mark.parametrize("hostname", ["www.eny.example", "a.b.eny.example", "eny.example", "backend.example"])
def test_a_hostname_that_no_customer_may_have_is_for_a_person(hostname: str) -> None:
    of = provision(hostname=hostname)
    assert decide(facts(of), PROBE) == LookUpRow(hostname), "nothing is reserved, but the row may have a PDS"
    step = decide(facts(of, lookup=lookup()), PROBE)
    assert stands(step) == (Reason.INVALID_SPEC, "person")
    assert ends_in(step) == PERSON_LOOK
    assert recorded(step).events[0].message.startswith("spec.hostname")


def test_a_service_is_adopted_whatever_hostname_spec_asks_for() -> None:
    known = facts(provision(hostname="www.eny.example"), lookup=lookup(row(800, hostname="older.example")))
    assert decide(known, PROBE) == Reserve("older.example")


def test_a_derived_hostname_that_no_customer_may_have_is_said_as_such() -> None:
    rules = HostnameRules("eny.example", frozenset({"www.eny.example", "www-0a1b2c.eny.example"}), "backend.example")
    of = provision(email="www@a.example")
    step = decide(facts(of, lookup=lookup()), replace(PROBE, hostnames=rules))
    assert stands(step) == (Reason.INVALID_SPEC, "person")
    assert "derived hostname" in recorded(step).events[0].message


def test_a_user_who_is_not_there_gets_nothing_deployed() -> None:
    known = before_deploy(lookup=PdsServiceLookup(user_exists=False))
    assert stands(decide(known, PROBE)) == (Reason.USER_GONE, "person")
    assert ends_in(decide(known, PROBE)) == PERSON_LOOK


@pytest.mark.parametrize("status", ["provisioning", "", "active", "DEPLOY_FAILED"])
def test_a_row_without_an_id_in_another_status_is_not_deployed_and_says_so_every_ten_minutes(status: str) -> None:
    step = decide(before_deploy(found=row(status=status)), PROBE)
    assert stands(step) == (Reason.ROW_IN_PROGRESS, "person")
    assert ends_in(step) == PERSON_LOOK == 600.0


@pytest.mark.parametrize("found", [None, row(), row(status="deploy_succeeded_no_id"), row(hostname=None)])
def test_no_row_and_a_row_that_failed_are_deployed(found: PdsServiceRow | None) -> None:
    assert isinstance(decide(before_deploy(found=found), PROBE), Deploy)


def test_the_row_is_obeyed_before_the_backend_is_asked() -> None:
    in_progress = facts(reservation=reservation(), lookup=lookup(row(status="provisioning")))
    assert stands(decide(in_progress, PROBE)) == (Reason.ROW_IN_PROGRESS, "person")


def test_the_deploy_goes_to_the_e_mail_only_through_spec() -> None:
    assert EMAIL not in repr(decide(before_deploy(), PROBE))
