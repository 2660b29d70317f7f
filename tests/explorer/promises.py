"""What is promised: what no step may do, and which ends are good."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from explorer.decisions import Decisions
from explorer.outside import made_for, pds_of
from explorer.scenario import Scenario
from explorer.statuses import Statuses
from explorer.world import STRANGER, Around, At, Backend, Customer, Process
from pds_contract.conditions import READY, Reason
from pds_contract.phase import Phase

TWO_PDSES = "two PDSes for one customer"
TWO_AT_ONE_NAME = "two customers' PDSes at one hostname"
ID_LOST = "an id in status is lost or replaced"
ROW_ID_LOST = "an id in the row is lost or replaced"
ANSWER_LOST = "an id that was answered is lost"
ANOTHERS = "another customer's PDS is adopted"
WRONG_NAME = "status pairs an id with a hostname that it does not have"
STRANGERS = "a stranger's PDS is held to be the customer's"
OWN_TAKEN = "the customer's own PDS is called HostnameTaken"
NEVER_MADE = "the id of a PDS is awaited that was never made"
WHILE_SUSPENDED = "a claim while the resource is suspended"
STUCK = "no good end can be reached any more"


@dataclass(frozen=True)
class Promises:
    """The promises of one scenario."""

    scenario: Scenario
    statuses: Statuses
    decisions: Decisions

    def broken(self, number: int, before: Around, after: Around, *, by_operator: bool) -> str:
        """Say which promise a step breaks, "" where none.

        Args:
            number: The customer whose part of the world changed.
            before: The world before.
            after: The world after.
            by_operator: Whether an operator took the step.
        """
        if after.backend is not before.backend:
            found = self._too_many(after)
            if found:
                return found
        if after.customer is before.customer:
            return ""
        return self._of_status(number, before.customer, after) or (
            self._of_row(before.customer, after.customer) if by_operator else ""
        )

    def _too_many(self, after: Around) -> str:
        known = [each for each in after.backend.pdses if each.owner != STRANGER]
        owners = Counter(each.owner for each in known)
        if any(count > 1 + after.budget.ambiguous for count in owners.values()):
            return TWO_PDSES
        names = Counter(hostname for hostname, _ in {(each.hostname, each.owner) for each in known})
        if any(count > 1 for count in names.values()):
            return TWO_AT_ONE_NAME
        return ""

    def _of_status(self, number: int, before: Customer, after: Around) -> str:
        was, resource = self.statuses[before.resource.status], after.customer.resource
        now, backend = self.statuses[resource.status], after.backend
        same = before.resource.uid == resource.uid
        if same and was.service_id is not None and was.service_id != now.service_id:
            return ID_LOST
        if now.service_id is not None and now.service_id != was.service_id:
            there = pds_of(backend, now.service_id)
            if there is None or there.owner != number:
                return ANOTHERS
            if there.hostname != now.hostname:
                return WRONG_NAME
        if resource.suspend and now.claim and (was.claim is None or was.claim.id != now.claim.id):
            return WHILE_SUSPENDED
        awaited = now.phase is Phase.DEPLOY_SUCCEEDED_NO_ID and was.phase is not Phase.DEPLOY_SUCCEEDED_NO_ID
        row = before.row
        said = row is not None and row.hostname == now.hostname and row.status == Phase.DEPLOY_SUCCEEDED_NO_ID
        # Where a deploy of ours was in doubt, nobody can tell a stranger's PDS from its effect; nor can a resource made
        # anew that finds the row which tells of it.
        if (
            awaited
            and was.claim is None
            and not said
            and _stands(backend, now.hostname, STRANGER)
            and not _stands(backend, now.hostname, number)
        ):
            return STRANGERS
        believed = self.scenario.believes_the_probe and not backend.orphans
        if awaited and believed and not any(each.hostname == now.hostname for each in backend.pdses):
            return NEVER_MADE
        if self.decisions.stalled(resource) is Reason.HOSTNAME_TAKEN and any(
            each.hostname == resource.hostname and each.owner == number and each.made for each in backend.pdses
        ):
            return OWN_TAKEN
        return ""

    def _of_row(self, before: Customer, after: Customer) -> str:
        was, now = before.row, after.row
        if was and was.service_id is not None and (now is None or now.service_id != was.service_id):
            return ROW_ID_LOST
        return ""

    def good(self, customers: Sequence[Customer], backend: Backend, processes: Iterable[Process]) -> bool:
        """Whether this is an end as promised: all is at rest, somebody comes back, it is well or a person is told."""
        at_rest = [each for each in processes if each.at is not At.ABSENT]
        if backend.orphans or any(each.at is not At.IDLE for each in at_rest):
            return False
        if not any(each.due for each in at_rest) and not all(each.resource.suspend for each in customers):
            return False
        return all(self._well(number, each, backend) for number, each in enumerate(customers))

    def _well(self, number: int, customer: Customer, backend: Backend) -> bool:
        resource, row = customer.resource, customer.row
        status, provision = self.statuses[resource.status], self.decisions.provision(number, resource)
        ready, stalled = status.condition(READY), self.decisions.stalled(resource)
        if provision.edited:
            return False
        if resource.suspend:
            return ready is not None and (ready.status == "True" or ready.reason == Reason.SUSPENDED)
        if provision.retry is not None:
            return False
        agreed = row is not None and row.service_id is not None and row.service_id == status.service_id
        if stalled is None:
            return bool(ready and ready.status == "True" and agreed and not status.claim)
        if stalled not in self.scenario.ends:
            return False
        if customer.user_exists and status.service_id is not None and (row is None or row.service_id is None):
            return False
        if stalled is Reason.AWAITING_SERVICE_ID:
            given = (row is not None and row.service_id is not None) or resource.given in made_for(backend, number)
            return not given
        return True


def _stands(backend: Backend, hostname: str | None, owner: int) -> bool:
    return any(each.hostname == hostname and each.owner == owner for each in backend.pdses)
