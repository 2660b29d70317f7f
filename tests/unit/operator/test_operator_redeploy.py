"""What "deploy again" may do: whose PDS it is that exists, and each of ``PDS_REDEPLOY``'s words."""

from collections.abc import Callable

import pytest

from pds_contract.conditions import Reason
from pds_contract.deploy import Presence
from pds_contract.phase import Phase
from pds_contract.rows import PdsServiceRow
from pds_operator.protocol.decide import decide
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.policy import PERSON_LOOK, Policy
from pds_operator.protocol.steps import Deploy, Mirror, Record, Reserve, Rest, Step, TryNextName
from stages.protocol_stage import (
    FORMER_UID,
    HOLD,
    HOSTNAME,
    IDEMPOTENT,
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
    stands,
)

ABSENT, EXISTS, NO_PROBE = Presence.ABSENT, Presence.EXISTS, Presence.NO_PROBE
POLICIES = {"probe": PROBE, "idempotent": IDEMPOTENT, "hold": HOLD}


def certain(presence: Presence, retry: str | None = None) -> Facts:
    """Nothing of this user was ever sent."""
    return before_deploy(provision(seen(), retry=retry), presence)


def after_a_claim(presence: Presence, retry: str | None = None) -> Facts:
    status = seen(hostname=HOSTNAME, username="alice", attempts=1, claim=open_claim())
    return before_deploy(provision(status, retry=retry), presence, claim_seen_for=WAIT)


def after_a_former_self(presence: Presence, retry: str | None = None) -> Facts:
    inherited = reservation(uid=FORMER_UID)
    of = provision(seen(), retry=retry)
    return before_deploy(of, presence, reservation=inherited, reservation_seen_for=WAIT)


def in_a_word(step: Step) -> str:
    """Name a decision as the tables below do."""
    if isinstance(step, Record):
        return stands(step)[0]
    return type(step).__name__


@pytest.mark.parametrize("retry", [None, "now"])
@pytest.mark.parametrize(
    ("word", "presence", "expected"),
    [
        ("probe", ABSENT, "Deploy"),
        ("probe", NO_PROBE, "Deploy"),
        ("probe", EXISTS, "TryNextName"),
        ("idempotent", ABSENT, "Deploy"),
        ("idempotent", NO_PROBE, "Deploy"),
        ("idempotent", EXISTS, "TryNextName"),
        ("hold", ABSENT, "Deploy"),
        ("hold", NO_PROBE, "Deploy"),
        ("hold", EXISTS, "TryNextName"),
    ],
)
def test_a_first_deploy_goes_out_unless_somebody_has_the_hostname(
    word: str, presence: Presence, expected: str, retry: str | None
) -> None:
    assert in_a_word(decide(certain(presence, retry), POLICIES[word])) == expected


@pytest.mark.parametrize("doubt", [after_a_claim, after_a_former_self])
@pytest.mark.parametrize(
    ("word", "presence", "retry", "expected"),
    [
        ("probe", ABSENT, None, "Deploy"),
        ("probe", NO_PROBE, None, "Deploy"),
        ("idempotent", ABSENT, None, "Deploy"),
        ("idempotent", NO_PROBE, None, "Deploy"),
        ("hold", ABSENT, None, "OutcomeUnknown"),
        ("hold", NO_PROBE, None, "OutcomeUnknown"),
        ("hold", ABSENT, "now", "Deploy"),
        ("hold", NO_PROBE, "now", "Deploy"),
    ],
)
def test_a_deploy_that_may_have_taken_effect_is_repeated_only_as_the_setting_allows(
    word: str, presence: Presence, retry: str | None, expected: str, doubt: Callable[[Presence, str | None], Facts]
) -> None:
    step = decide(doubt(presence, retry), POLICIES[word])
    assert in_a_word(step) == expected
    if isinstance(step, Deploy):
        assert step.in_doubt


@pytest.mark.parametrize("retry", [None, "now"])
@pytest.mark.parametrize(
    ("word", "expected"), [("probe", "AwaitingServiceId"), ("idempotent", "Deploy"), ("hold", "AwaitingServiceId")]
)
def test_a_deploy_that_took_effect_is_repeated_only_where_that_makes_no_second_one(
    word: str, expected: str, retry: str | None
) -> None:
    assert in_a_word(decide(after_a_claim(EXISTS, retry), POLICIES[word])) == expected


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_what_exists_under_an_earlier_resources_reservation_may_be_a_strangers(policy: Policy) -> None:
    """That resource may have reserved the name and then found it taken: nothing is deployed, and nothing frozen."""
    step = decide(after_a_former_self(EXISTS), policy)
    assert stands(step) == (Reason.AWAITING_SERVICE_ID, "person")
    assert ends_in(step) == PERSON_LOOK
    assert not recorded(step).status.keys() & {"phase", "hostname", "claim"}


@pytest.mark.parametrize(
    ("word", "retry", "expected"),
    [
        ("probe", None, Reason.OUTCOME_UNKNOWN),
        ("probe", "now", "Deploy"),
        ("idempotent", None, "Deploy"),
        ("hold", None, Reason.OUTCOME_UNKNOWN),
        ("hold", "now", "Deploy"),
    ],
)
def test_a_probe_that_is_gone_after_it_answered_says_nothing(word: str, retry: str | None, expected: str) -> None:
    claim = open_claim(hostname_absent=True)
    of = provision(seen(hostname=HOSTNAME, username="alice", attempts=1, claim=claim), retry=retry)
    step = decide(before_deploy(of, NO_PROBE, claim_seen_for=WAIT), POLICIES[word])
    assert in_a_word(step) == expected
    if isinstance(step, Deploy):
        assert step.in_doubt


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("presence", [ABSENT, NO_PROBE, EXISTS])
def test_a_deploy_after_one_that_took_effect_is_in_doubt(policy: Policy, presence: Presence) -> None:
    """Else a definite failure of it would end the doubt, and the name would be deployed as if for the first time."""
    made = seen(phase="deploy_succeeded_no_id", hostname=HOSTNAME, username="alice", attempts=1)
    asked = (
        before_deploy(provision(made, retry="now"), presence),
        before_deploy(provision(retry="now"), presence, row(status="deploy_succeeded_no_id")),
    )
    for known in asked:
        step = decide(known, policy)
        assert not isinstance(step, Deploy) or step.in_doubt


def test_hold_leaves_a_deploy_in_doubt_to_a_person() -> None:
    step = decide(after_a_claim(ABSENT), HOLD)
    assert stands(step) == (Reason.OUTCOME_UNKNOWN, "person")
    assert ends_in(step) == PERSON_LOOK
    assert "claim" not in recorded(step).status, "the claim stays until its outcome is known"


@pytest.mark.parametrize("hostname_absent", [True, False])
def test_what_exists_under_the_claimed_hostname_is_ours(hostname_absent: bool) -> None:  # noqa: FBT001 - a parameter
    status = seen(hostname=HOSTNAME, username="alice", claim=open_claim(hostname_absent=hostname_absent))
    step = decide(before_deploy(provision(status), EXISTS, claim_seen_for=WAIT), PROBE)
    assert stands(step) == (Reason.AWAITING_SERVICE_ID, "person")


def test_what_exists_under_the_rows_hostname_is_ours_where_the_row_says_that_it_was_made() -> None:
    made = row(status="deploy_succeeded_no_id")
    step = decide(before_deploy(provision(seen()), EXISTS, made), PROBE)
    assert stands(step) == (Reason.AWAITING_SERVICE_ID, "person")
    assert recorded(step).status["phase"] == "deploy_succeeded_no_id"


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_what_exists_under_the_hostname_of_an_earlier_failure_may_be_a_strangers(policy: Policy) -> None:
    """The deploy may have taken effect all the same; or a stranger came after it was refused."""
    step = decide(before_deploy(provision(seen()), EXISTS, row()), policy)
    assert stands(step) == (Reason.AWAITING_SERVICE_ID, "person")
    assert not recorded(step).status.keys() & {"phase", "hostname", "claim"}, "nothing is frozen"


@pytest.mark.parametrize("found", [None, row(hostname=None)])
def test_what_exists_is_somebody_elses_where_nothing_names_this_user(found: PdsServiceRow | None) -> None:
    assert decide(before_deploy(provision(seen()), EXISTS, found), PROBE) == TryNextName()


def test_an_earlier_claim_of_another_hostname_makes_nothing_ours() -> None:
    """A definite failure under one name, then an edit to a name that a stranger has."""
    status = seen(hostname="first.example", attempts=1, phase="deploy_failed")
    of = provision(status, generation=2, hostname=HOSTNAME)
    assert decide(before_deploy(of, EXISTS, row(hostname="first.example")), PROBE) == TryNextName()


def test_a_row_that_only_tells_of_a_refusal_makes_nothing_ours() -> None:
    of = provision(seen(attempts=1, phase="deploy_failed"))
    assert decide(before_deploy(of, EXISTS, row()), PROBE) == TryNextName()


def test_one_that_exists_without_a_known_id_is_recorded_and_the_visit_goes_on_to_the_row() -> None:
    record = recorded(decide(after_a_claim(EXISTS), PROBE))
    assert record.then is None
    assert (record.status["phase"], record.status["claim"]) == ("deploy_succeeded_no_id", None)
    assert (record.status["hostname"], record.status["username"]) == (HOSTNAME, "alice")


NO_ID = {"phase": Phase.DEPLOY_SUCCEEDED_NO_ID, "hostname": HOSTNAME, "username": "alice", "attempts": 1}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("generation", [1, 2])
def test_a_success_without_an_id_keeps_the_row_true_and_is_not_deployed_again_by_itself(
    policy: Policy, generation: int
) -> None:
    of = provision(seen(**NO_ID), generation=generation)
    assert decide(facts(of), policy) == Mirror(row(status="deploy_succeeded_no_id"))
    step = decide(facts(of, mirrored=row(status="deploy_succeeded_no_id")), policy)
    assert stands(step) == (Reason.AWAITING_SERVICE_ID, "person")
    assert ends_in(step) == PERSON_LOOK


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_the_id_is_taken_from_the_row_once_it_is_there(policy: Policy) -> None:
    found = row(800, status="provisioning")
    step = decide(facts(provision(seen(**NO_ID)), mirrored=found), policy)
    assert step == Reserve(HOSTNAME), "adoption begins with the reservation of the row's hostname"


def test_while_an_id_is_awaited_a_user_who_is_gone_is_told() -> None:
    step = decide(facts(provision(seen(**NO_ID)), user_gone=True), PROBE)
    assert stands(step) == (Reason.USER_GONE, "person")


@pytest.mark.parametrize(
    ("word", "presence", "expected"),
    [
        ("probe", EXISTS, "AwaitingServiceId"),
        ("probe", ABSENT, "Deploy"),
        ("probe", NO_PROBE, "Deploy"),
        ("idempotent", EXISTS, "Deploy"),
        ("idempotent", ABSENT, "Deploy"),
        ("idempotent", NO_PROBE, "Deploy"),
        ("hold", EXISTS, "AwaitingServiceId"),
        ("hold", ABSENT, "Deploy"),
        ("hold", NO_PROBE, "Deploy"),
    ],
)
def test_a_success_without_an_id_is_deployed_again_when_somebody_asks(
    word: str, presence: Presence, expected: str
) -> None:
    of = provision(seen(**NO_ID), retry="now")
    assert decide(facts(of), POLICIES[word]) == Reserve(HOSTNAME)
    step = decide(before_deploy(of, presence, row(status="deploy_succeeded_no_id")), POLICIES[word])
    assert in_a_word(step) == expected


def test_a_retry_that_finds_the_pds_is_answered_by_that() -> None:
    step = decide(before_deploy(provision(seen(**NO_ID), retry="now"), EXISTS), PROBE)
    assert recorded(step).status["lastHandledRetry"] == "now"


@pytest.mark.parametrize(
    ("word", "expected"), [("probe", "Deploy"), ("idempotent", "Deploy"), ("hold", "AwaitingServiceId")]
)
@pytest.mark.parametrize("presence", [ABSENT, NO_PROBE])
def test_a_new_resource_asks_for_what_the_row_says_was_deployed_without_an_id(
    word: str, expected: str, presence: Presence
) -> None:
    known = before_deploy(provision(), presence, row(status="deploy_succeeded_no_id"))
    assert in_a_word(decide(known, POLICIES[word])) == expected


def test_a_new_resource_that_is_retried_by_a_person_deploys_under_hold_too() -> None:
    known = before_deploy(provision(retry="now"), ABSENT, row(status="deploy_succeeded_no_id"))
    assert isinstance(decide(known, HOLD), Deploy)


def test_awaiting_comes_before_a_date_that_is_still_to_come() -> None:
    of = provision(seen(**NO_ID, next_attempt_time="2030-01-01T00:00:00Z"))
    assert not isinstance(decide(facts(of), PROBE), Rest)
