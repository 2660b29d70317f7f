"""A deploy around its POST: the claim, and every outcome by whose claim it is, which id is known, what is in doubt."""

from dataclasses import replace
from typing import Any

import pytest

from pds_contract.conditions import READY, STALLED, Reason, Standing
from pds_contract.deploy import Deployed, DeployOutcome, NotSent, OutcomeUnknown, Rejected, Throttled, Unauthorized
from pds_contract.phase import Phase
from pds_contract.resource import PdsProvision
from pds_operator.protocol.deploying import Attempt, Conclusion, attempts_after, claim, conclude, row_after
from pds_operator.protocol.facts import Facts
from pds_operator.protocol.policy import SECOND_CHANCE
from pds_operator.protocol.record import transitions
from pds_operator.protocol.steps import Deploy
from stages.protocol_stage import (
    FIRST_DEPLOY,
    HOSTNAME,
    NOW,
    PROBE,
    USER,
    WAIT,
    after,
    conditions,
    facts,
    merged,
    open_claim,
    provision,
    recorded,
    row,
    seen,
    written,
)

CERTAIN = Attempt("mine", HOSTNAME, in_doubt=False, probed_absent=False)
IN_DOUBT = Attempt("mine", HOSTNAME, in_doubt=True, probed_absent=False)
DELAY = 20.0
"""The backoff of a third try."""

FAILED, NO_ID = Phase.DEPLOY_FAILED, Phase.DEPLOY_SUCCEEDED_NO_ID
# outcome; phase, reason, ends the claim, seconds until the next try: certain, then in doubt
OUTCOMES: list[tuple[DeployOutcome, tuple[Phase, str, bool, float | None], tuple[Phase, str, bool, float | None]]] = [
    (Deployed(None), (NO_ID, "AwaitingServiceId", True, None), (NO_ID, "AwaitingServiceId", True, None)),
    (
        NotSent("no connection came about"),
        (FAILED, "BackendUnavailable", True, DELAY),
        (FAILED, "BackendUnavailable", False, DELAY),
    ),
    (
        Throttled(None),
        (FAILED, "BackendUnavailable", True, DELAY),
        (FAILED, "BackendUnavailable", False, DELAY),
    ),
    (
        Throttled(120.0),
        (FAILED, "BackendUnavailable", True, 120.0),
        (FAILED, "BackendUnavailable", False, 120.0),
    ),
    *(
        (
            Unauthorized(status),
            (FAILED, "CredentialsRejected", True, DELAY),
            (FAILED, "CredentialsRejected", False, DELAY),
        )
        for status in (401, 403)
    ),
    *(
        (
            Rejected(status),
            (FAILED, "DeployRejected", True, SECOND_CHANCE),
            (FAILED, "DeployRejected", False, SECOND_CHANCE),
        )
        for status in (302, 400, 404, 413)
    ),
    *(
        (
            Rejected(status),
            (FAILED, "DeployRejected", True, SECOND_CHANCE),
            (NO_ID, "AwaitingServiceId", True, None),
        )
        for status in (409, 422)
    ),
    (
        OutcomeUnknown("the connection was cut"),
        (FAILED, "OutcomeUnknown", False, WAIT),
        (FAILED, "OutcomeUnknown", False, WAIT),
    ),
    (
        OutcomeUnknown("the backend answered 503", retry_after=1000.0),
        (FAILED, "OutcomeUnknown", False, 1000.0),
        (FAILED, "OutcomeUnknown", False, 1000.0),
    ),
]
WITHOUT_ID = [outcome for outcome, _, _ in OUTCOMES]


def holding(claim_id: str | None, **status: Any) -> Facts:
    """A resource as it is when an outcome comes: third try, with this claim, or none."""
    made = None if claim_id is None else open_claim(id=claim_id)
    return facts(provision(seen(**{"hostname": HOSTNAME, "username": "alice", "attempts": 3, "claim": made, **status})))


def applied(known: Facts, conclusion: Conclusion) -> PdsProvision:
    assert conclusion.status is not None, "expected that the outcome is written"
    return written(known.provision, conclusion.status)


def reason(of: PdsProvision) -> str:
    ready = of.status.condition(READY)
    assert ready is not None
    return ready.reason


@pytest.mark.parametrize("doubt", [False, True])
@pytest.mark.parametrize(("outcome", "certain", "in_doubt"), OUTCOMES)
def test_an_outcome_without_an_id_is_written_while_the_claim_is_mine(
    outcome: DeployOutcome,
    certain: tuple[Phase, str, bool, float | None],
    in_doubt: tuple[Phase, str, bool, float | None],
    *,
    doubt: bool,
) -> None:
    known = holding("mine")
    phase, word, ends, wait = in_doubt if doubt else certain
    of = applied(known, conclude(known, IN_DOUBT if doubt else CERTAIN, outcome, PROBE))
    assert (of.status.phase, reason(of)) == (phase, word)
    assert of.status.service_id is None
    assert of.status.next_attempt_time == (None if wait is None else after(wait))
    if ends:
        assert of.status.claim is None
    else:
        assert of.status.claim is not None, "only an answer to what is in doubt ends the claim"
        assert (of.status.claim.id, of.status.claim.outcome) == ("mine", "Unknown")
        assert of.status.claim.start_time == NOW, "the rest of the claim stays as it was"


@pytest.mark.parametrize("attempt", [CERTAIN, IN_DOUBT])
@pytest.mark.parametrize("outcome", WITHOUT_ID)
@pytest.mark.parametrize("holder", ["theirs", None])
def test_an_outcome_without_an_id_is_not_written_once_the_claim_is_somebody_elses(
    holder: str | None, outcome: DeployOutcome, attempt: Attempt
) -> None:
    assert conclude(holding(holder), attempt, outcome, PROBE) == Conclusion(None)
    assert conclude(holding(holder, service_id=800), attempt, outcome, PROBE) == Conclusion(None)


@pytest.mark.parametrize("attempt", [CERTAIN, IN_DOUBT])
@pytest.mark.parametrize("outcome", WITHOUT_ID)
def test_an_outcome_without_an_id_leaves_an_id_that_came_meanwhile(outcome: DeployOutcome, attempt: Attempt) -> None:
    known = holding("mine", service_id=800, phase="provisioning")
    of = applied(known, conclude(known, attempt, outcome, PROBE))
    assert of.status == known.provision.status.model_copy(update={"claim": None})


@pytest.mark.parametrize("attempt", [CERTAIN, IN_DOUBT])
@pytest.mark.parametrize("holder", ["mine", "theirs", None])
def test_an_id_is_added_whoever_has_the_claim_and_only_my_own_claim_ends(holder: str | None, attempt: Attempt) -> None:
    known = holding(holder, next_attempt_time=after(60))
    conclusion = conclude(known, attempt, Deployed(800), PROBE)
    of = applied(known, conclusion)
    assert (of.status.service_id, of.status.phase, of.status.hostname) == (800, Phase.PROVISIONING, HOSTNAME)
    assert of.status.next_attempt_time is None
    assert reason(of) == Reason.PROVISIONING
    assert of.status.claim == (known.provision.status.claim if holder == "theirs" else None)
    assert [event.reason for event in conclusion.events] == ["Deployed"]


@pytest.mark.parametrize("attempt", [CERTAIN, IN_DOUBT])
@pytest.mark.parametrize("holder", ["theirs", None])
def test_an_id_that_is_there_already_is_not_written_again(holder: str | None, attempt: Attempt) -> None:
    assert conclude(holding(holder, service_id=800), attempt, Deployed(800), PROBE) == Conclusion(None)


def test_an_id_that_is_there_already_ends_my_claim_and_no_more() -> None:
    known = holding("mine", service_id=800, phase="provisioning")
    of = applied(known, conclude(known, CERTAIN, Deployed(800), PROBE))
    assert of.status == known.provision.status.model_copy(update={"claim": None})


@pytest.mark.parametrize("attempt", [CERTAIN, IN_DOUBT])
@pytest.mark.parametrize("holder", ["mine", "theirs", None])
def test_a_second_id_is_said_and_replaces_nothing(holder: str | None, attempt: Attempt) -> None:
    known = holding(holder, service_id=800, phase="provisioning", service_state="Running")
    conclusion = conclude(known, attempt, Deployed(801), PROBE)
    of = applied(known, conclusion)
    assert (of.status.service_id, of.status.phase, of.status.service_state) == (800, Phase.PROVISIONING, "Running")
    stalled = of.status.condition(STALLED)
    assert stalled is not None
    assert stalled.reason == Reason.TWO_SERVICES
    assert "800" in stalled.message
    assert "801" in stalled.message
    assert [(event.type, event.reason) for event in conclusion.events] == [("Warning", "TwoServices")]
    assert of.status.claim == (known.provision.status.claim if holder == "theirs" else None)


@pytest.mark.parametrize("hostname_absent", [True, False])
@pytest.mark.parametrize("outcome", [Rejected(409), Rejected(400), NotSent("no connection"), Throttled(None)])
def test_a_hostname_that_nothing_was_made_under_is_in_use_no_more(
    outcome: DeployOutcome,
    hostname_absent: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Else what exists there later, a stranger's, would be taken for ours."""
    made = open_claim(id="mine", hostname_absent=hostname_absent)
    known = facts(provision(seen(hostname=HOSTNAME, username="alice", attempts=1, claim=made)))
    of = applied(known, conclude(known, CERTAIN, outcome, PROBE))
    assert of.status.hostname is None
    in_doubt = applied(known, conclude(known, IN_DOUBT, NotSent("no connection"), PROBE))
    assert in_doubt.status.hostname == HOSTNAME, "an earlier deploy under it may have taken effect"


@pytest.mark.parametrize("status", [409, 422])
def test_a_conflict_after_the_probe_denied_the_hostname_leaves_the_doubt_to_the_next_look(status: int) -> None:
    """It may tell of a name that is invalid, or of the earlier deploy taking effect this moment."""
    known = holding("mine", hostname=HOSTNAME, attempts=2)
    of = applied(known, conclude(known, replace(IN_DOUBT, probed_absent=True), Rejected(status), PROBE))
    assert of.status.claim is not None
    assert of.status.phase is Phase.DEPLOY_FAILED
    stalled = of.status.condition(STALLED)
    assert stalled is not None
    assert stalled.reason == Reason.DEPLOY_REJECTED
    assert "frozen" in stalled.message


def test_a_rejection_ends_a_doubt_that_the_probe_has_settled() -> None:
    known = holding("mine", hostname=HOSTNAME, attempts=2)
    of = applied(known, conclude(known, replace(IN_DOUBT, probed_absent=True), Rejected(400), PROBE))
    assert (of.status.claim, of.status.hostname) == (None, None), "spec can be edited, as the message asks for"
    of = applied(known, conclude(known, IN_DOUBT, Rejected(400), PROBE))
    assert of.status.claim is not None, "without a probe the earlier deploy is still in doubt"


def test_an_outcome_carries_the_generation_that_was_read_before_the_claim() -> None:
    known = facts(provision(seen(attempts=1, claim=open_claim(id="mine")), generation=2))
    for outcome in (Deployed(800), Deployed(None), NotSent("no connection"), Rejected(400)):
        of = applied(known, conclude(known, CERTAIN, outcome, PROBE))
        assert of.status.observed_generation == 1, "an edit during the deploy must be seen afterwards"
        assert {each.observed_generation for each in of.status.conditions} == {1}


def test_an_outcome_answers_no_retry_that_came_during_the_deploy() -> None:
    known = facts(provision(seen(attempts=1, claim=open_claim(id="mine")), retry="meanwhile"))
    assert applied(known, conclude(known, CERTAIN, Rejected(400), PROBE)).retry == "meanwhile"


@pytest.mark.parametrize("outcome", [*WITHOUT_ID, Deployed(800)])
def test_a_warning_is_told_once(outcome: DeployOutcome) -> None:
    known = holding("mine")
    first = conclude(known, CERTAIN, outcome, PROBE)
    again = holding("mine", conditions=applied(known, first).status.conditions)
    assert not [event for event in conclude(again, CERTAIN, outcome, PROBE).events if event.type == "Warning"]


@pytest.mark.parametrize(
    ("outcome", "attempt", "expected"),
    [
        (Deployed(800), CERTAIN, row(800, status="provisioning")),
        (Deployed(800), IN_DOUBT, row(800, status="provisioning")),
        (Deployed(None), CERTAIN, row(status="deploy_succeeded_no_id")),
        (NotSent("no connection"), CERTAIN, row()),
        (Throttled(1.0), CERTAIN, row()),
        (Rejected(400), IN_DOUBT, row()),
        (Rejected(409), CERTAIN, row()),
        (Rejected(409), IN_DOUBT, row(status="deploy_succeeded_no_id")),
        (Unauthorized(401), CERTAIN, row()),
        (OutcomeUnknown("cut"), CERTAIN, row()),
    ],
)
def test_the_row_of_an_outcome_has_the_missions_word(outcome: DeployOutcome, attempt: Attempt, expected: Any) -> None:
    assert row_after(USER, attempt, outcome) == expected


def test_a_claim_records_what_whoever_meets_it_needs() -> None:
    of = provision(seen(next_attempt_time=NOW), generation=2, retry="now")
    record = claim(facts(of), FIRST_DEPLOY, "mine", PROBE)
    assert record.then is None
    status = merged(of.status, record.status)
    assert status.claim == open_claim(id="mine", hostname_absent=True)
    assert (status.hostname, status.username, status.attempts) == (HOSTNAME, "alice", 1)
    assert (status.last_attempt_time, status.next_attempt_time) == (NOW, None)
    assert (status.observed_generation, status.last_handled_retry) == (2, "now")
    assert conditions(record.status)[READY].reason == Reason.DEPLOYING


def test_a_new_claim_inherits_nothing_of_the_one_before() -> None:
    before = open_claim(id="theirs", outcome="Unknown", hostname_absent=True, duration_seconds=500)
    of = provision(seen(attempts=4, claim=before))
    step = Deploy("alice", HOSTNAME, hostname_absent=False, in_doubt=True, probed_absent=False)
    made = merged(of.status, claim(facts(of), step, "mine", PROBE).status).claim
    assert made == open_claim(id="mine", attempt=5)


@pytest.mark.parametrize(
    ("resource", "attempts"), [({}, 5), ({"generation": 2}, 1), ({"retry": "now"}, 1)], ids=["again", "edit", "retry"]
)
def test_tries_are_counted_from_the_last_edit_or_retry(resource: dict[str, Any], attempts: int) -> None:
    assert attempts_after(provision(seen(attempts=4), **resource)) == attempts


def test_only_the_first_claim_is_an_event() -> None:
    first = recorded(claim(facts(), FIRST_DEPLOY, "mine", PROBE))
    assert [event.reason for event in first.events] == ["Deploying"]
    again = claim(facts(provision(seen(attempts=1, phase="deploy_failed"))), FIRST_DEPLOY, "mine", PROBE)
    assert again.events == ()
    taken_over = claim(facts(provision(seen(attempts=1, claim=open_claim()))), FIRST_DEPLOY, "mine", PROBE)
    assert taken_over.events == ()


def test_the_road_without_trouble_is_three_events() -> None:
    known = facts()
    events = [*claim(known, FIRST_DEPLOY, "mine", PROBE).events]
    of = written(known.provision, claim(known, FIRST_DEPLOY, "mine", PROBE).status)
    conclusion = conclude(facts(of), CERTAIN, Deployed(800), PROBE)
    events += conclusion.events
    events += transitions(applied(facts(of), conclusion), Standing("True", Reason.RUNNING, "It runs."))
    assert [event.reason for event in events] == ["Deploying", "Deployed", "Running"]
