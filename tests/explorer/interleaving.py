"""All that can happen next in a state: the steps of two operators, of their surroundings, and of time.

What one process can do depends only on what it sees, so that it is found once for all that it does not see.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from explorer.decisions import Decisions
from explorer.deploying import Deploys
from explorer.encoding import Part, State, Table
from explorer.promises import Promises
from explorer.scenario import Fault, Scenario
from explorer.statuses import Statuses
from explorer.surroundings import Surroundings
from explorer.visiting import Visits, at_rest
from explorer.world import NOT_SEEN, Around, At, Backend, Budget, Customer, Holding, Move, Process, Secret


class Effect(NamedTuple):
    """A move, as the numbers of what it leaves. ``told`` says what the other process learns of the resource."""

    words: str
    process: int | None
    customer: int
    secrets: int
    backend: int
    budget: int
    told: int
    fault: bool
    broken: str


NOTHING, CHANGED, CLAIM_CHANGED, MADE_ANEW = range(4)


class Step(NamedTuple):
    """A way from one state to the next."""

    words: str
    to: State
    fault: bool
    broken: str


class Interleaving:
    """The steps from state to state in one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._statuses = Statuses()
        self._decisions = Decisions(scenario, self._statuses)
        self._visits = Visits(scenario, self._statuses, self._decisions)
        self._deploys = Deploys(scenario, self._statuses, self._decisions, self._visits)
        self._surroundings = Surroundings(scenario, self._statuses)
        self._promises = Promises(scenario, self._statuses, self._decisions)
        self._customers: Table[Customer] = Table()
        self._secrets: Table[tuple[Secret, ...]] = Table()
        self._backends: Table[Backend] = Table()
        self._budgets: Table[Budget] = Table()
        self._processes: Table[Process] = Table()
        self._effects: dict[tuple[int, ...], tuple[Effect, ...]] = {}
        self._told: dict[tuple[int, int], int] = {}
        self._later: dict[tuple[str, int], int | None] = {}
        self._alike = scenario.customers == 1

    def first(self) -> State:
        scenario = self._scenario
        customers = [self._customers.number(each) for each in self._surroundings.at_first()]
        pair = (customers[0], customers[-1])
        second = Process(scenario.customers - 1, due=True)
        if scenario.customers == 1 and scenario.replicas == 1:
            second = Process(at=At.ABSENT, due=False)
        return State(
            pair,
            self._secrets.number(()),
            self._backends.number(Backend(scenario.standing, probe=scenario.probe)),
            self._budgets.number(Budget(scenario.fault_budget, scenario.act_budget, scenario.pause_budget)),
            (self._processes.number(Process()), self._processes.number(second)),
        )

    def usual(self, state: State) -> State:
        """Return the state that stands for this one and its mirror image: the two operators are alike."""
        one, two = state.processes
        return state._replace(processes=(two, one)) if self._alike and one > two else state

    def steps(self, state: State) -> Iterator[Step]:
        for index in (0, 1):
            yield from self._of_process(state, index)
        for customer in range(self._scenario.customers):
            for effect in self._around(state, customer):
                yield self._step(state, effect, None, customer)
        later = self._a_tick_later(state)
        if later is not None and later != state:
            yield Step("a tick passes", later, fault=False, broken="")

    def _of_process(self, state: State, index: int) -> Iterator[Step]:
        number = state.processes[index]
        customer = index if self._scenario.customers > 1 else 0
        key = (number, *state.customers, state.secrets, state.backend, state.budget)
        effects = self._effects.get(key)
        if effects is None:
            process, around = self._processes[number], self._view(state, customer)
            moves = self._moves(process, around)
            effects = self._effects[key] = tuple(self._effect(move, around, customer) for move in moves)
        for effect in effects:
            yield self._step(state, effect, index, customer)

    def _around(self, state: State, customer: int) -> tuple[Effect, ...]:
        key = (customer, *state.customers, state.secrets, state.backend, state.budget, -1)
        effects = self._effects.get(key)
        if effects is None:
            around = self._view(state, customer)
            moves = [*self._surroundings.people(customer, around)]
            if customer == 0:
                moves += self._surroundings.effects(around)
            effects = self._effects[key] = tuple(self._effect(move, around, customer) for move in moves)
        return effects

    def _view(self, state: State, customer: int) -> Around:
        return Around(
            self._customers[state.customers[customer]],
            self._secrets[state.secrets],
            self._backends[state.backend],
            self._budgets[state.budget],
            self._others(state, customer),
        )

    def _others(self, state: State, customer: int) -> tuple[Holding, ...]:
        """Return what other users have: those from before the operator, and the other customer of two."""
        if self._scenario.customers == 1:
            return self._scenario.others
        other = 1 - customer
        there = self._customers[state.customers[other]]
        service_id = self._statuses[there.resource.status].service_id
        return (*self._scenario.others, Holding(other, service_id, there.row))

    def _moves(self, process: Process, around: Around) -> Iterator[Move]:
        """Return what a process can do next."""
        visits, deploys = self._visits, self._deploys
        at: dict[At, Callable[[Process, Around], Iterator[Move]]] = {
            At.ABSENT: lambda *_: iter(()),
            At.IDLE: visits.begins,
            At.VISIT: deploys.claims if visits.comes_to_deploy(process) else visits.steps,
            At.FAILING: visits.after_failure,
            At.CLAIMED: deploys.answered_claim,
            At.HELD: deploys.sends,
            At.CHECKED: deploys.first_byte,
            At.SENT: deploys.answers,
            At.KEEP: deploys.keeps,
            At.READ_AGAIN: deploys.reads_again,
            At.AWAY: deploys.writes_row,
            At.KEPT: deploys.writes_row,
            At.ORPHANED: deploys.writes_row,
        }
        yield from at[process.at](process, around)
        # A process that is idle and has seen nothing loses nothing by a crash.
        remembers = process.at not in {At.IDLE, At.ABSENT} or process.claim_seen != NOT_SEEN or bool(process.seen)
        if Fault.CRASH in self._scenario.faults and around.budget.faults > 0 and remembers:
            yield deploys.crashes(process, around)

    def _effect(self, move: Move, before: Around, customer: int) -> Effect:
        after, process = move.around, move.process
        if process and self._statuses.claim_number(after.customer.resource.status) is None:
            process = process._replace(claim_seen=NOT_SEEN)
        broken = move.broken or self._promises.broken(customer, before, after, by_operator=move.process is not None)
        return Effect(
            move.words,
            None if process is None else self._processes.number(process),
            self._customers.number(after.customer),
            self._secrets.number(after.secrets),
            self._backends.number(after.backend),
            self._budgets.number(after.budget),
            self._news(before, after),
            move.fault,
            broken,
        )

    def _news(self, before: Around, after: Around) -> int:
        was, now = before.customer.resource, after.customer.resource
        if was == now:
            return NOTHING
        if was.uid != now.uid:
            return MADE_ANEW
        same = self._statuses.claim_number(was.status) == self._statuses.claim_number(now.status)
        return CHANGED if same else CLAIM_CHANGED

    def _step(self, state: State, effect: Effect, index: int | None, customer: int) -> Step:
        processes = [*state.processes]
        for each in (0, 1):
            if each == index:
                assert effect.process is not None
                processes[each] = effect.process
            elif effect.told and (self._scenario.customers == 1 or each == customer):
                processes[each] = self._hears(processes[each], effect.told)
        customers = (effect.customer, effect.customer)
        if self._scenario.customers > 1:
            customers = (
                (effect.customer, state.customers[1]) if customer == 0 else (state.customers[0], effect.customer)
            )
        to = State(customers, effect.secrets, effect.backend, effect.budget, (processes[0], processes[1]))
        words = effect.words if index is None else f"{'AB'[index]} {effect.words}"
        return Step(words, to, effect.fault, effect.broken)

    def _hears(self, number: int, told: int) -> int:
        """Return a process once somebody else has written the resource: the watch tells it, what it read is stale."""
        key = (number, told)
        if key not in self._told:
            process = self._processes[number]
            if process.at is not At.ABSENT:
                seen = NOT_SEEN if told >= CLAIM_CHANGED else process.claim_seen
                process = process._replace(due=True, fresh=False, claim_seen=seen)
                if process.attempt and process.at is not At.KEPT:
                    process = self._deploys.behind(process)
                elif told != MADE_ANEW and self._visits.comes_to_nothing(process):
                    process = at_rest(process, due=True)
            self._told[key] = self._processes.number(process)
        return self._told[key]

    def _a_tick_later(self, state: State) -> State | None:
        one, two = (self._process_later(each) for each in state.processes)
        if one is None or two is None:
            return None
        customers = tuple(self._customer_later(each) for each in state.customers)
        return state._replace(
            customers=(customers[0], customers[1]), backend=self._backend_later(state.backend), processes=(one, two)
        )

    def _process_later(self, number: int) -> int | None:
        key = ("process", number)
        if key not in self._later:
            process, around = self._processes[number], self._surroundings
            self._later[key] = None if around.holds_time(process) else self._processes.number(around.aged(process))
        return self._later[key]

    def _customer_later(self, number: int) -> int:
        return self._aged("customer", number, self._customers, self._surroundings.aged_customer)

    def _backend_later(self, number: int) -> int:
        return self._aged("backend", number, self._backends, self._surroundings.aged_backend)

    def _aged(self, kind: str, number: int, table: Table[Part], age: Callable[[Part], Part]) -> int:
        key = (kind, number)
        later = self._later.get(key)
        if later is None:
            later = self._later[key] = table.number(age(table[number]))
        return later

    def good(self, state: State) -> bool:
        customers = [self._customers[each] for each in state.customers[: self._scenario.customers]]
        return self._promises.good(
            customers, self._backends[state.backend], [self._processes[each] for each in state.processes]
        )
