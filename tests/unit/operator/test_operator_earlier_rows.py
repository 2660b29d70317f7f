"""A row that names another hostname: what it tells of is asked after before anything else is deployed."""

from dataclasses import replace
from typing import Any

import pytest

from pds_contract.conditions import Reason
from pds_contract.deploy import Presence
from pds_contract.phase import Phase
from pds_contract.rows import PdsServiceLookup
from pds_operator.protocol.decide import decide
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.policy import PERSON_LOOK
from pds_operator.protocol.steps import Probe, Reserve, TryNextName
from stages.protocol_stage import (
    ABANDONED,
    FIRST_DEPLOY,
    HOSTNAME,
    OTHER_USER,
    PROBE,
    SUFFIXED,
    WAIT,
    after,
    before_deploy,
    ends_in,
    provision,
    recorded,
    reservation,
    row,
    seen,
    stands,
    written,
)

EARLIER = "older.example"


def told(status: str = "deploy_failed", **known: Any) -> Facts:
    """The hostname that is wanted is absent; the row tells of an earlier deploy under another one."""
    return before_deploy(found=row(hostname=EARLIER, status=status), **known)


def answered(presence: Presence, status: str = "deploy_failed") -> Facts:
    return told(status, presences={HOSTNAME: Presence.ABSENT, EARLIER: presence})


@pytest.mark.parametrize("status", ["deploy_failed", "deploy_succeeded_no_id"])
def test_the_rows_hostname_is_asked_after_first(status: str) -> None:
    assert decide(told(status), PROBE) == Probe(EARLIER)


@pytest.mark.parametrize("seen_for", [0.0, WAIT - 1])
def test_a_deploy_that_the_row_tells_of_is_waited_out(seen_for: float) -> None:
    step = decide(told(row_seen_for=seen_for), PROBE)
    assert (stands(step), ends_in(step)) == ((Reason.CLAIM_OPEN, "operator"), WAIT - seen_for)


@pytest.mark.parametrize(("age", "waits"), [(0.0, True), (ABANDONED, True), (ABANDONED + 1, False)])
def test_an_earlier_resources_deploy_is_over_once_this_one_is_older_than_any(age: float, *, waits: bool) -> None:
    """The row's own age says nothing: that deploy writes it only when it is over."""
    known = before_deploy(provision(created=after(-age)), found=row(hostname=EARLIER), row_seen_for=0.0)
    assert (decide(known, PROBE) != Probe(EARLIER)) == waits


def test_a_name_that_was_passed_over_is_asked_after_where_a_pds_was_surely_made_under_it() -> None:
    """A newcomer may have reserved it without ever using it."""
    known = before_deploy(
        found=row(status="deploy_succeeded_no_id"), candidate=1, reservation=reservation(SUFFIXED), presences={}
    )
    assert decide(known, PROBE) == Probe(HOSTNAME)
    known = replace(known, presences={HOSTNAME: Presence.EXISTS})
    assert decide(known, PROBE) == Reserve(HOSTNAME)
    step = decide(replace(known, reservation=reservation(user_id=OTHER_USER)), PROBE)
    assert stands(step) == (Reason.SERVICE_MISMATCH, "person")
    assert "delete the Secret" in recorded(step).events[0].message


@pytest.mark.parametrize("presence", [Presence.ABSENT, Presence.NO_PROBE])
def test_a_failed_deploy_of_which_nothing_is_known_to_stand_is_over(presence: Presence) -> None:
    assert decide(answered(presence), PROBE) == FIRST_DEPLOY


def test_what_was_made_without_an_id_and_is_gone_is_over() -> None:
    assert decide(answered(Presence.ABSENT, "deploy_succeeded_no_id"), PROBE) == FIRST_DEPLOY


def test_what_exists_under_a_failed_deploys_hostname_is_for_a_person() -> None:
    step = decide(answered(Presence.EXISTS), PROBE)
    assert (stands(step), ends_in(step)) == ((Reason.AWAITING_SERVICE_ID, "person"), PERSON_LOOK)
    assert "phase" not in recorded(step).status, "it may be a stranger's: nothing is frozen"


@pytest.mark.parametrize("presence", [Presence.EXISTS, Presence.NO_PROBE])
def test_what_was_made_without_an_id_is_awaited_under_its_own_hostname(presence: Presence) -> None:
    known = answered(presence, "deploy_succeeded_no_id")
    assert decide(known, PROBE) == Reserve(EARLIER)
    step = decide(replace(known, reservation=reservation(EARLIER)), PROBE)
    status = written(known.provision, recorded(step).status).status
    assert (status.phase, status.hostname) == (Phase.DEPLOY_SUCCEEDED_NO_ID, EARLIER)
    stranger = replace(known, reservation=reservation(EARLIER, user_id=OTHER_USER))
    assert stands(decide(stranger, PROBE)) == (Reason.SERVICE_MISMATCH, "person")


@pytest.mark.parametrize("hostname", [None, HOSTNAME, "no-label", "Not A Name", "x" * 64 + ".example"])
def test_a_row_that_names_no_other_hostname_under_which_anything_can_stand_delays_nothing(hostname: str | None) -> None:
    assert decide(before_deploy(found=row(hostname=hostname), row_seen_for=0.0), PROBE) == FIRST_DEPLOY


def test_a_row_that_mirrors_what_this_resource_met_itself_delays_nothing() -> None:
    """It was refused under the earlier name, then edited."""
    of = provision(seen(phase="deploy_failed"), generation=2)
    assert decide(before_deploy(of, found=row(hostname=EARLIER), row_seen_for=0.0), PROBE) == FIRST_DEPLOY


def test_a_hostname_of_which_another_users_row_has_a_pds_is_taken() -> None:
    """That user may be from before the operator: no resource, no reservation."""
    elsewhere = PdsServiceLookup(user_exists=True, hostname_elsewhere=True)
    assert decide(before_deploy(lookup=elsewhere), PROBE) == TryNextName()
    claimed = provision(seen(hostname=HOSTNAME, username="alice", attempts=1))
    assert decide(before_deploy(claimed, lookup=elsewhere), PROBE) == FIRST_DEPLOY, "it is this resource's already"
