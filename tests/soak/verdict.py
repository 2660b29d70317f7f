"""How it ended for each customer, and what the whole came to."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pds_contract.conditions import READY
from pds_contract.resource import PdsProvision
from pds_stack.backend import PdsService
from soak.arena import is_ready

Row = tuple[int | None, str | None, str]


@dataclass(frozen=True)
class Verdict:
    """What is wrong with each customer, by user id (nothing for those who are served), and the figures of the rest.

    Args:
        asked_for: How many customers there were to be.
        customers: How many paid.
        wrong: What is wrong, for those with whom something is.
        made: PDSes at the backend.
        seconds: From payment to Ready, in whole seconds as conditions have them, by user id in order of length.
    """

    asked_for: int
    customers: int
    wrong: Mapping[str, str]
    made: int
    seconds: Mapping[str, float]

    @property
    def holds(self) -> bool:
        """Whether all that were to be have paid, and everybody was served, once."""
        return not self.wrong and self.made == self.customers == self.asked_for

    def percentile(self, share: float) -> float:
        """Return the seconds within which this share of the customers was Ready; 0 where nobody was."""
        times = list(self.seconds.values())
        return times[min(int(len(times) * share), len(times) - 1)] if times else 0.0


def judge(
    asked_for: int,
    paid_at: Mapping[str, float],
    provisions: Mapping[str, PdsProvision],
    rows: Mapping[str, Row],
    services: Iterable[PdsService],
    told_wrong: Mapping[str, str],
) -> Verdict:
    """Judge the end.

    Args:
        asked_for: How many customers there were to be.
        paid_at: When each customer paid, by user id, Unix time.
        provisions: The resources, by user id.
        rows: Id, hostname and status of the rows of pds_services, by user id.
        services: What the backend made.
        told_wrong: What the resources have said that was not so, by user id.
    """
    made: defaultdict[str, list[int]] = defaultdict(list)
    for service in services:
        made[service.hostname].append(service.id)
    wrong: dict[str, str] = {}
    for user_id in paid_at:
        problem = _problem(provisions.get(user_id), rows.get(user_id), made) or told_wrong.get(user_id)
        if problem:
            wrong[user_id] = problem
    seconds = {
        user_id: max(0.0, _ready_at(provisions[user_id]) - paid)
        for user_id, paid in paid_at.items()
        if user_id not in wrong
    }
    return Verdict(
        asked_for=asked_for,
        customers=len(paid_at),
        wrong=wrong,
        made=sum(map(len, made.values())),
        seconds=dict(sorted(seconds.items(), key=lambda each: each[1])),
    )


def kinds(wrong: Mapping[str, str]) -> Counter[str]:
    """Count what is wrong by its first words."""
    return Counter(problem.partition(":")[0] for problem in wrong.values())


def _problem(provision: PdsProvision | None, row: Row | None, made: Mapping[str, list[int]]) -> str | None:
    if provision is None:
        return "lost: no resource"
    status = provision.status
    if not is_ready(provision):
        said = [f"{each.type}={each.status} {each.reason}" for each in status.conditions]
        return f"not Ready: {', '.join(said) or 'no condition'}; {made.get(status.hostname or '', [])} at the backend"
    if made.get(status.hostname or "") != [status.service_id]:
        return f"not one PDS: status has {status.service_id}, the backend {made.get(status.hostname or '', [])}"
    if row != (status.service_id, status.hostname, "provisioning"):
        return f"row disagrees: {row}, status has {status.service_id} at {status.hostname}"
    return None


def _ready_at(provision: PdsProvision) -> float:
    ready = provision.status.condition(READY)
    return ready.last_transition_time.timestamp() if ready else 0.0
