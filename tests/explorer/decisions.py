"""The product's own functions, asked through tables: the same question is put to them once in a search."""

from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import NamedTuple, TypeVar

from explorer.scenario import Scenario
from explorer.statuses import Statuses
from explorer.world import TICK, Known, Resource, Row, Secret
from pds_contract.conditions import STALLED, Reason
from pds_contract.deploy import DeployOutcome
from pds_contract.errors import TryLater
from pds_contract.reservation import Reservation
from pds_contract.resource import (
    RETRY_ANNOTATION,
    SERVICE_ID_ANNOTATION,
    Metadata,
    PdsProvision,
    ProvisionSpec,
    provision_name,
)
from pds_contract.rows import REDEPLOYABLE_STATUSES, PdsServiceLookup, PdsServiceRow
from pds_contract.service import ServiceState
from pds_operator.protocol import decide, deploying, failing, schedule
from pds_operator.protocol.deploying import Attempt
from pds_operator.protocol.facts import Facts, ServiceSeen
from pds_operator.protocol.record import says_already
from pds_operator.protocol.steps import Deploy, Mirror, Record, Rest, Step
from stages.protocol_stage import NOW, OTHER_USER, USER

Answer = TypeVar("Answer")
USERS = (USER, OTHER_USER)
STRANGERS_USER = "5e5e5e5e-0000-4000-8000-000000000003"
UNKNOWN_SERVICE = "unknown"
"""Stands for the hostname of a service that the backend does not know."""
ROW_HAS_ID = "a deploy while the row has an id"
ROW_FORBIDS = "a deploy while the row forbids it"
USER_IS_GONE = "a deploy for a user who is not there"


class Thought(NamedTuple):
    """A decision, and all that it comes to.

    Args:
        step: What was decided.
        ends: Whether the visit ends with it.
        back: Whether somebody comes back after that.
        status: The status that it writes; None: nothing, or what is there already.
        broken: The promise that it breaks by itself.
    """

    step: Step
    ends: bool = False
    back: bool = False
    status: int | None = None
    broken: str = ""


class Decisions:
    """The product's decisions about the customers of one scenario."""

    def __init__(self, scenario: Scenario, statuses: Statuses) -> None:
        self._scenario = scenario
        self._statuses = statuses
        self._policy = scenario.policy
        self._answers: dict[Hashable, object] = {}

    def next(self, customer: int, known: Known) -> Thought:
        """Ask what to do next."""

        def ask() -> Thought:
            facts = self._facts(customer, known)
            step = decide.decide(facts, self._policy)
            return self._thought(facts, known, step, broken=_forbidden(facts) if isinstance(step, Deploy) else "")

        return self._asked(("next", customer, known), ask)

    def after_failure(self, customer: int, known: Known, dependency: str) -> Thought:
        """Ask what to do where a look at a dependency got no answer."""

        def ask() -> Thought:
            facts = self._facts(customer, known)
            error = TryLater(dependency, f"{dependency} gave no answer")
            return self._thought(facts, known, failing.failed(facts, error, self._policy))

        return self._asked(("failure", customer, known, dependency), ask)

    def claimed(self, customer: int, known: Known, step: Deploy, number: int) -> int:
        """Return the status that a claim writes."""

        def ask() -> int:
            record = deploying.claim(self._facts(customer, known), step, str(number), self._policy)
            return self._statuses.patched(known.resource.status, record.status)

        return self._asked(("claimed", customer, known, step, number), ask)

    def concluded(self, customer: int, resource: Resource, attempt: Attempt, outcome: DeployOutcome) -> int | None:
        """Return the status that an outcome makes; None: it is not to be written."""

        def ask() -> int | None:
            facts = self._facts(customer, Known(resource))
            conclusion = deploying.conclude(facts, attempt, outcome, self._policy)
            return None if conclusion.status is None else self._statuses.patched(resource.status, conclusion.status)

        return self._asked(("concluded", customer, resource, attempt, outcome), ask)

    def row_after(self, customer: int, attempt: Attempt, outcome: DeployOutcome) -> Row:
        """Return the row that an outcome makes."""
        return self._asked(
            ("row", customer, attempt, outcome),
            lambda: row_of(deploying.row_after(USERS[customer], attempt, outcome)),
        )

    def settled(self, customer: int, resource: Resource) -> bool:
        """Whether the product takes a resource for settled."""
        return self._asked(
            ("settled", customer, resource), lambda: schedule.is_settled(self.provision(customer, resource))
        )

    def taken_up(self, customer: int, resource: Resource) -> bool:
        """Whether a process that has just started, or been told of a change, will look at a resource."""
        return self._asked(
            ("taken up", customer, resource),
            lambda: schedule.first_look(self.provision(customer, resource), NOW, self._policy, 0.5) is not None,
        )

    def stalled(self, resource: Resource) -> Reason | None:
        """Return what a person is told."""
        told = self._statuses[resource.status].condition(STALLED)
        return Reason(told.reason) if told else None

    def provision(self, customer: int, resource: Resource) -> PdsProvision:
        """Return a resource as the API server would."""

        def build() -> PdsProvision:
            annotations = {RETRY_ANNOTATION: str(resource.retry)} if resource.retry else {}
            if resource.given is not None:
                annotations[SERVICE_ID_ANNOTATION] = str(resource.given)
            status = self._statuses[resource.status]
            if status.claim:
                age = timedelta(seconds=TICK * (resource.claim_age + self._scenario.skew))
                claim = status.claim.model_copy(update={"start_time": NOW - age})
                status = status.model_copy(update={"claim": claim})
            user = USERS[customer]
            return PdsProvision(
                metadata=Metadata(
                    name=provision_name(user),
                    uid=str(resource.uid),
                    resource_version="1",
                    generation=resource.generation,
                    creation_timestamp=NOW,
                    annotations=annotations,
                ),
                spec=ProvisionSpec(
                    user_id=user, email="one@mail.example", hostname=resource.hostname, suspend=resource.suspend
                ),
                status=status,
            )

        return self._asked(("provision", customer, resource), build)

    def _asked(self, question: Hashable, ask: Callable[[], Answer]) -> Answer:
        if question not in self._answers:
            self._answers[question] = ask()
        return self._answers[question]  # type: ignore[return-value]  # what was asked before under this key

    def _thought(self, facts: Facts, known: Known, step: Step, broken: str = "") -> Thought:
        if isinstance(step, Rest):
            return Thought(step, ends=True, back=step.seconds is not None)
        if not isinstance(step, Record):
            return Thought(step, broken=broken)
        silent = says_already(facts.provision, step.status)
        return Thought(
            step,
            ends=step.then is not None,
            back=step.then is not None and step.then.seconds is not None,
            status=None if silent else self._statuses.patched(known.resource.status, step.status),
        )

    def _facts(self, customer: int, known: Known) -> Facts:
        user = USERS[customer]
        return Facts(
            provision=self.provision(customer, known.resource),
            now=NOW,
            claim_seen_for=TICK * known.claim_seen,
            reservation_seen_for=TICK * known.reservation_seen,
            row_seen_for=TICK * known.row_seen,
            candidate=known.candidate,
            reservation=_reservation(known.reservation),
            lookup=_lookup(user, known) if known.looked_up else None,
            presences=dict(known.presences),
            mirrored=known.mirrored and _row(user, known.mirrored),
            user_gone=known.user_gone,
            service=_service(known.service_hostname),
            holder=known.holder,
        )


def _forbidden(facts: Facts) -> str:
    """Say why no deploy may follow from what was seen, whatever was decided."""
    row = facts.lookup.row if facts.lookup else None
    if facts.lookup and not facts.lookup.user_exists:
        return USER_IS_GONE
    if row and row.pds_service_id is not None:
        return ROW_HAS_ID
    if row and row.status not in REDEPLOYABLE_STATUSES:
        return ROW_FORBIDS
    return ""


def row_of(row: PdsServiceRow) -> Row:
    """Return a row of the product as the world keeps it."""
    return Row(row.pds_service_id, row.hostname, str(row.status))


def mirrored_by(step: Mirror) -> Row:
    """Return the row that a step writes."""
    return row_of(step.row)


def _lookup(user: str, known: Known) -> PdsServiceLookup:
    row = known.row and _row(user, known.row)
    return PdsServiceLookup(user_exists=known.user_exists, row=row, hostname_elsewhere=known.hostname_elsewhere)


def _row(user: str, row: Row) -> PdsServiceRow:
    return PdsServiceRow(user_id=user, pds_service_id=row.service_id, hostname=row.hostname, status=row.status)


def _reservation(secret: Secret | None) -> Reservation | None:
    if secret is None:
        return None
    user = USERS[secret.owner] if secret.owner >= 0 else STRANGERS_USER
    return Reservation(secret.hostname, user, str(secret.uid), password="p", key="k")


def _service(hostname: str | None) -> ServiceSeen | None:
    if hostname is None:
        return None
    if hostname == UNKNOWN_SERVICE:
        return ServiceSeen(None, ServiceState.NOT_FOUND)
    return ServiceSeen(hostname, ServiceState.RUNNING)
