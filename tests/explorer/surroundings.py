"""What happens around the operators: deploys that nobody waits for take effect, people act, time passes."""

from collections.abc import Iterator
from dataclasses import dataclass

from explorer.outside import deployed, made_for, without_orphan
from explorer.scenario import ONE, TWO, Act, Omission, Scenario
from explorer.statuses import Statuses
from explorer.visiting import with_resource
from explorer.world import (
    FIRST_ID,
    NOT_SEEN,
    STRANGER,
    Around,
    At,
    Backend,
    Customer,
    Move,
    Pds,
    Process,
    Resource,
    Row,
    Secret,
)
from pds_contract.phase import Phase

LEGACY = Row(FIRST_ID, ONE, Phase.PROVISIONING.value)
"""What a person writes into the row of a customer whose PDS was there before (the scenario has it at the backend)."""


@dataclass(frozen=True)
class Surroundings:
    """The moves of everything but the operators."""

    scenario: Scenario
    statuses: Statuses

    def effects(self, around: Around) -> Iterator[Move]:
        """Let a deploy take effect that nobody waits for any more."""
        for orphan in sorted(set(around.backend.orphans)):
            left = without_orphan(around.backend, orphan)
            after, _ = deployed(left, orphan.owner, orphan.hostname, self.scenario.repeat)
            words = f"the backend: a deploy of {orphan.hostname} that nobody waits for takes effect"
            yield Move(words, around._replace(backend=after))

    def people(self, number: int, around: Around) -> Iterator[Move]:
        """Let somebody act."""
        if around.budget.acts <= 0:
            return
        for act in self.scenario.acts:
            after = self._done(act, number, around)
            if after is not None and after != around:
                left_open = act is Act.RETRY and self._asks_blindly()
                budget = after.budget._replace(
                    acts=around.budget.acts - 1, ambiguous=around.budget.ambiguous + left_open
                )
                yield Move(f"somebody: {act}", after._replace(budget=budget), fault=True)

    def _asks_blindly(self) -> bool:
        """Whether a request to retry is a person's word that one more PDS is better than none."""
        return not self.scenario.probe or self.scenario.late or self.scenario.window

    def _done(self, act: Act, number: int, around: Around) -> Around | None:
        customer, backend = around.customer, around.backend
        resource = customer.resource
        match act:
            case Act.STRANGER_DEPLOYS:
                return around._replace(backend=backend._replace(pdses=(*backend.pdses, Pds(ONE, STRANGER, made=False))))
            case Act.STRANGER_RESERVES:
                free = all(each.hostname != ONE for each in around.secrets)
                secrets = tuple(sorted((*around.secrets, Secret(ONE, STRANGER, 0))))
                return around._replace(secrets=secrets) if free else None
            case Act.USER_GONE:
                return around._replace(customer=customer._replace(row=None, user_exists=False))
            case Act.ROW_WRITTEN | Act.ROW_GIVEN if not customer.user_exists:
                return None
            case Act.ROW_DELETED:
                return around._replace(customer=customer._replace(row=None))
            case Act.ROW_WRITTEN:
                return around._replace(customer=customer._replace(row=LEGACY))
            case Act.ROW_GIVEN:
                service_id = self._lost_id(number, customer, backend)
                row = service_id and Row(service_id, self.statuses[resource.status].hostname, "provisioning")
                return around._replace(customer=customer._replace(row=row)) if row else None
            case _:
                changed = self._changed(act, number, customer, backend)
                return with_resource(around, changed) if changed else None

    def _changed(self, act: Act, number: int, customer: Customer, backend: Backend) -> Resource | None:
        """Return the resource as somebody changes it, where the API server lets it through."""
        resource = customer.resource
        anew = Resource(resource.hostname, self.statuses.empty, uid=resource.uid + 1)
        match act:
            case Act.EDIT:
                if self.statuses[resource.status].frozen:
                    return None
                return resource._replace(hostname=TWO, generation=resource.generation + (resource.hostname != TWO))
            case Act.SUSPEND:
                return resource._replace(suspend=not resource.suspend, generation=resource.generation + 1)
            case Act.TOUCH:
                return resource._replace(generation=resource.generation + 1)
            case Act.RETRY:
                return resource._replace(retry=resource.retry + 1)
            case Act.GIVE_ID:
                service_id = self._lost_id(number, customer, backend)
                return resource._replace(given=service_id) if service_id else None
            case Act.GIVE_WRONG_ID:
                wrong = [FIRST_ID + index for index, each in enumerate(backend.pdses) if each.owner != number]
                return resource._replace(given=wrong[0] if wrong else FIRST_ID + 99)
            case Act.RECREATE:
                return anew
            case Act.RECREATE_AS_TWO:
                # Before anything of the deploy is in the row, nobody can know of it under another name.
                known = customer.row is not None and not backend.holders
                return anew._replace(hostname=TWO) if known else None
        return None

    def _lost_id(self, number: int, customer: Customer, backend: Backend) -> int | None:
        """Return the id that a person finds at the backend once the resource asks for it."""
        status = self.statuses[customer.resource.status]
        awaited = status.phase is Phase.DEPLOY_SUCCEEDED_NO_ID and status.service_id is None
        ids = made_for(backend, number)
        return ids[0] if awaited and ids else None

    # Time: one tick for everything at once.

    def holds_time(self, process: Process) -> bool:
        """Whether a request has to be answered, or timed out, before time can pass."""
        return process.at is At.SENT and process.clock >= self.scenario.timeout

    def aged(self, process: Process) -> Process:
        """Return a process a tick later."""
        if self.scenario.restless and process.at is not At.ABSENT:
            process = process._replace(claim_seen=NOT_SEEN, seen=())
        most = self.scenario.wait
        clock = process.clock
        stands_still = Omission.RUNNING_CLOCK in self.scenario.omitted and process.at is At.HELD
        if process.at in {At.HELD, At.SENT} and not stands_still:
            clock = min(clock + 1, max(self.scenario.begin, self.scenario.timeout) + 1)
        return process._replace(
            claim_seen=min(process.claim_seen + 1, most) if process.claim_seen >= 0 else NOT_SEEN,
            seen=tuple((what, min(ticks + 1, most)) for what, ticks in process.seen),
            clock=clock,
        )

    def aged_customer(self, customer: Customer) -> Customer:
        """Return a customer's resource and row a tick later."""
        resource = customer.resource
        age = resource.claim_age
        if self.scenario.ages and self.statuses.claim_number(resource.status) is not None:
            age = min(age + 1, 2 * self.scenario.wait)
        return customer._replace(
            resource=resource._replace(status=self.statuses.ticked(resource.status), claim_age=age)
        )

    def aged_backend(self, backend: Backend) -> Backend:
        """Return the backend a tick later: what has not shown by now never will, but where effects may be late."""
        last = self.scenario.timeout + self.scenario.settle
        older = [each._replace(age=min(each.age + 1, last)) for each in backend.orphans]
        return backend._replace(orphans=tuple(sorted(each for each in older if self.scenario.late or each.age < last)))

    def at_first(self) -> tuple[Customer, ...]:
        """Return the customers as a scenario begins."""
        resource = Resource(self.scenario.hostname, self.statuses.empty)
        return tuple(
            Customer(resource, self.scenario.row, self.scenario.user_exists) for _ in range(self.scenario.customers)
        )
