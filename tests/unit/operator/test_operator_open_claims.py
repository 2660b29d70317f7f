"""Taking over: an open claim, and an earlier resource's reservation, are waited out; nothing shortens that."""

from typing import Any

import pytest

from pds_contract.conditions import Reason
from pds_contract.resource import ClaimOutcome, PdsProvision
from pds_operator.protocol.decide import decide
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.steps import Deploy, LookAtService, LookUpRow, Probe, Reserve, Rest
from stages.protocol_stage import (
    ABANDONED,
    FIRST_DEPLOY,
    FORMER_UID,
    HOSTNAME,
    NOW,
    PROBE,
    SUFFIXED,
    WAIT,
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
)

ASKED: list[dict[str, Any]] = [{"retry": "now"}, {"generation": 2}, {"retry": "now", "generation": 2}]


def claimed(claim: dict[str, Any] | None = None, **resource: Any) -> PdsProvision:
    status = seen(hostname=HOSTNAME, username="alice", attempts=1, claim=open_claim(**(claim or {})))
    return provision(status, **resource)


def inherited(of: PdsProvision | None = None, **known: Any) -> Facts:
    return facts(of, reservation=reservation(uid=FORMER_UID), **known)


@pytest.mark.parametrize("seen_for", [0.0, 1.0, 104.5])
def test_an_open_claim_waits_d_t_s_from_when_it_was_first_seen(seen_for: float) -> None:
    assert decide(facts(claimed(), claim_seen_for=seen_for), PROBE) == Rest(WAIT - seen_for)


def test_an_open_claim_that_was_waited_out_is_taken_over() -> None:
    assert decide(facts(claimed(), claim_seen_for=WAIT), PROBE) == Reserve(HOSTNAME)


def test_the_wait_is_by_the_times_that_the_holder_wrote_down() -> None:
    of = claimed({"duration_seconds": 100, "timeout_seconds": 200})
    assert decide(facts(of, claim_seen_for=1.0), PROBE) == Rest(329.0)


@pytest.mark.parametrize("age", [-86400.0, -1.0, 0.0, WAIT, ABANDONED])
def test_the_timestamp_of_another_clock_shortens_nothing(age: float) -> None:
    assert decide(facts(claimed({"start_time": after(-age)})), PROBE) == Rest(WAIT)


def test_a_claim_older_than_its_wait_and_ten_minutes_is_abandoned() -> None:
    assert decide(facts(claimed({"start_time": after(-ABANDONED - 1)})), PROBE) == Reserve(HOSTNAME)


@pytest.mark.parametrize("asked", ASKED)
def test_neither_a_retry_nor_an_edit_shortens_an_open_claim(asked: dict[str, Any]) -> None:
    assert decide(facts(claimed(**asked), claim_seen_for=WAIT - 1), PROBE) == Rest(1.0)


@pytest.mark.parametrize("asked", [{}, *ASKED])
def test_an_unknown_outcome_is_looked_up_no_sooner_than_any_other_claim(asked: dict[str, Any]) -> None:
    of = claimed({"outcome": ClaimOutcome.UNKNOWN}, **asked)
    assert decide(facts(of, claim_seen_for=WAIT - 1), PROBE) == Rest(1.0)
    assert decide(facts(of, claim_seen_for=WAIT), PROBE) == Reserve(HOSTNAME)


def test_after_an_unknown_outcome_come_the_row_and_the_probe() -> None:
    of = claimed({"outcome": ClaimOutcome.UNKNOWN})
    assert decide(facts(of, claim_seen_for=WAIT, reservation=reservation()), PROBE) == LookUpRow(HOSTNAME)
    looked_up = facts(of, claim_seen_for=WAIT, reservation=reservation(), lookup=lookup())
    assert decide(looked_up, PROBE) == Probe(HOSTNAME)


def test_a_deploy_after_an_open_claim_is_in_doubt() -> None:
    step = decide(before_deploy(claimed(), claim_seen_for=WAIT), PROBE)
    assert step == Deploy("alice", HOSTNAME, hostname_absent=True, in_doubt=True, probed_absent=True)


def test_while_a_claim_is_open_only_its_own_names_count() -> None:
    of = claimed({"hostname": "older.example"}, hostname="newer.example", username="newer")
    asked = facts(of, claim_seen_for=WAIT)
    assert decide(asked, PROBE) == Reserve("older.example")
    step = decide(before_deploy(of, claim_seen_for=WAIT, reservation=reservation("older.example")), PROBE)
    assert step == Deploy("alice", "older.example", hostname_absent=True, in_doubt=True, probed_absent=True)


def test_a_claimed_hostname_is_asked_after_though_the_rules_forbid_it_by_now() -> None:
    assert decide(facts(claimed({"hostname": "www.eny.example"}), claim_seen_for=WAIT), PROBE) == Reserve(
        "www.eny.example"
    )


@pytest.mark.parametrize("seen_for", [0.0, 100.0])
@pytest.mark.parametrize("asked", [{}, *ASKED])
def test_an_earlier_resources_reservation_waits_as_an_open_claim(seen_for: float, asked: dict[str, Any]) -> None:
    step = decide(inherited(provision(seen(), **asked), reservation_seen_for=seen_for, lookup=lookup()), PROBE)
    assert stands(step) == (Reason.CLAIM_OPEN, "operator")
    assert ends_in(step) == WAIT - seen_for
    assert "lastHandledRetry" not in recorded(step).status, "what was asked for still waits its turn"


def test_an_earlier_resources_reservation_that_was_waited_out_is_in_doubt() -> None:
    assert decide(inherited(reservation_seen_for=WAIT, lookup=lookup()), PROBE) == Probe(HOSTNAME)
    step = decide(before_deploy(reservation=reservation(uid=FORMER_UID), reservation_seen_for=WAIT), PROBE)
    assert step == Deploy("alice", HOSTNAME, hostname_absent=True, in_doubt=True, probed_absent=True)


def test_an_earlier_resources_claim_is_abandoned_once_this_resource_is_old_enough() -> None:
    young, old = (provision(created=after(-age)) for age in (ABANDONED, ABANDONED + 1))
    assert stands(decide(inherited(young, lookup=lookup()), PROBE)) == (Reason.CLAIM_OPEN, "operator")
    assert decide(inherited(old, lookup=lookup()), PROBE) == Probe(HOSTNAME)


def test_an_id_in_the_row_is_adopted_though_an_earlier_resources_deploy_may_be_under_way() -> None:
    known = inherited(lookup=lookup(row(800)))
    assert decide(known, PROBE) == LookAtService(800)


def test_the_next_names_reservation_waits_as_the_first_ones_does() -> None:
    """The first name was found taken by the probe, so the row has been looked up already."""
    known = facts(provision(seen()), candidate=1, lookup=lookup(), reservation=reservation(SUFFIXED, uid=FORMER_UID))
    assert stands(decide(known, PROBE)) == (Reason.CLAIM_OPEN, "operator")


def test_a_hostname_that_this_resource_claimed_itself_waits_no_more() -> None:
    of = provision(seen(hostname=HOSTNAME, username="alice", attempts=1))
    assert decide(inherited(of), PROBE) == LookUpRow(HOSTNAME)
    assert decide(before_deploy(of, reservation=reservation(uid=FORMER_UID)), PROBE) == FIRST_DEPLOY


def test_this_resources_own_reservation_waits_for_nobody() -> None:
    assert decide(facts(reservation=reservation()), PROBE) == LookUpRow(HOSTNAME)
    assert decide(before_deploy(), PROBE) == FIRST_DEPLOY


def test_the_backoff_holds_after_the_claim_and_only_the_backoff_is_bypassed() -> None:
    status = claimed().status.model_copy(update={"next_attempt_time": after(300)})
    known = {"claim_seen_for": WAIT, "now": NOW}
    assert decide(facts(provision(status), **known), PROBE) == Rest(300.0)
    assert decide(facts(provision(status, retry="now"), **known), PROBE) == Reserve(HOSTNAME)
