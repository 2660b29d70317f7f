"""The operator's part of the matrix: each configuration with an operator, and what comes of each of its cells."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx

from crash_matrix.cells import Cell, Configuration, OperatorRoad
from crash_matrix.ending import DEPLOY, NotTheEnd, Place, came_of, to_the_end
from crash_matrix.ground import Customer, Ground, serving
from crash_matrix.person import Act
from crash_matrix.results import Result
from faults.choosers import Strike
from faults.fault import Fault
from faults.processes import Command
from faults.proxy import FaultProxy
from faults.settings import operator_environment
from faults.supervised import Supervised
from faults.upstreams import Upstreams
from pds_clients.kubernetes import Provisions
from pds_contract.errors import PdsError
from pds_stack.backend import BackendSimulator

SETTINGS = {
    # Long enough that nothing is late of itself.
    "PDS_CLAIM_SECONDS": "3",
    "PDS_DEPLOY_TIMEOUT": "3",
    # Nothing is looked at again that is done: each exchange belongs to the road.
    "PDS_POLL_READY": "86400",
    # A customer whose fault takes long keeps nobody waiting.
    "PDS_MAX_DEPLOYS": "500",
    # One operator in a namespace of its own: who leads is no question here, and nobody has to wait for a Lease.
    "PDS_LEASE_SECONDS": "0",
}


@dataclass(frozen=True)
class Scene:
    """One configuration: its backend, and an operator that is never killed. Made by ``scene``.

    Args:
        place: Where the customers of that operator live.
        upstreams: The dependencies, with this backend.
        served: Those customers who came to their end, to be looked at once more when all is over.
    """

    place: Place
    upstreams: Upstreams
    served: list[tuple[Cell, Customer, list[Act], list[Strike]]] = field(default_factory=list)

    async def rows(self, road: OperatorRoad) -> tuple[list[str], int]:
        """Go a road without the fault: what its exchanges are, and from which number on they are struck."""
        customer = await self.place.ground.customer()
        before = _before(self.place, customer, road)
        await _ask_for(self.place, customer)
        await to_the_end(self.place, customer, before)
        history = self.place.journal.history(customer.user_id)
        first = next((each.number for each in history if each.fault is not None), None) or 0
        return [each.what for each in history], first + 1

    async def run(self, cell: Cell) -> Result:
        """Run a cell."""
        ground = self.place.ground
        if cell.fault.kills:
            async with ground.killed_at_once:
                await ground.pace.turn()
                return await self._killed(cell)
        async with ground.at_once:
            await ground.pace.turn()
            return await self._go(cell, self.place, None)

    async def _killed(self, cell: Cell) -> Result:
        at = self.place
        running = operating(at.ground, at.configuration, at.simulator, self.upstreams, await at.ground.namespace())
        async with running as (place, operator):
            result = await self._go(cell, place, operator)
            odd = [code for code in operator.ends if code != -9]
            if odd and result.problem is None:
                return Result(cell, None, result.hit, f"the operator ended by itself, with {odd}")
            return result

    async def _go(self, cell: Cell, place: Place, operator: Supervised | None) -> Result:
        road = cell.table.road
        assert isinstance(road, OperatorRoad)
        customer = await place.ground.customer()
        strikes = _before(place, customer, road)
        strikes.append(place.plan.at_number(customer.user_id, cell.number, cell.fault))
        acts: list[Act] = []
        came, problem = None, None
        try:
            await _ask_for(place, customer)
            acts = await to_the_end(place, customer, strikes)
            if operator is not None:
                await operator.ready()
            came = await came_of(place, customer, acts, strikes)
        except (NotTheEnd, PdsError) as error:
            problem = str(error)
        hit = strikes[-1].hit
        if problem is None and operator is None:
            self.served.append((cell, customer, acts, strikes))
        elif problem is None:
            place.ground.standings.forget(customer.name)
        history = [str(each) for each in place.journal.history(customer.user_id)] if problem else []
        return Result(cell, came, hit.what if hit else None, problem, [*history, *map(str, acts)])

    async def look_again(self) -> list[Result]:
        """Look at everybody once more, when nothing is under way any more; return what has become wrong since."""
        wrong: list[Result] = []
        for cell, customer, acts, strikes in self.served:
            try:
                await came_of(self.place, customer, acts, strikes)
            except (NotTheEnd, PdsError) as error:
                history = [str(each) for each in self.place.journal.history(customer.user_id)]
                wrong.append(Result(cell, None, None, f"right at first, then: {error}", history))
        return wrong


@contextlib.asynccontextmanager
async def scene(ground: Ground, configuration: Configuration) -> AsyncIterator[Scene]:
    """Open a configuration."""
    simulator = ground.backend()
    simulator.change(
        repeated_deploy=configuration.repeated,
        check_pds=404 if configuration.check == "404" else "available",
    )
    async with serving(simulator) as url:
        upstreams = ground.upstreams.with_backend(url)
        async with operating(ground, configuration, simulator, upstreams, await ground.namespace()) as (
            place,
            operator,
        ):
            await operator.ready()
            yield Scene(place, upstreams)
            async with httpx.AsyncClient(trust_env=False) as http:
                metrics = await http.get(f"http://127.0.0.1:{operator.process.environment['ADMIN_PORT']}/metrics")
            ground.published.append(metrics.text)


@contextlib.asynccontextmanager
async def operating(
    ground: Ground, configuration: Configuration, simulator: BackendSimulator, upstreams: Upstreams, namespace: str
) -> AsyncIterator[tuple[Place, Supervised]]:
    """Run an operator for a namespace, behind a proxy of its own."""
    place = Place(ground, configuration, simulator, Provisions(ground.api, namespace, "person"))
    settings = {**SETTINGS, "PDS_REDEPLOY": configuration.redeploy}
    async with FaultProxy("operator", upstreams, place.journal, place.plan) as proxy:
        environment = operator_environment(proxy, namespace, ground.stack, ground.token, **settings)
        async with Supervised(ground.zygote, Command.OPERATOR, environment, name=str(configuration)) as operator:
            proxy.target = operator
            yield place, operator


def _before(place: Place, customer: Customer, road: OperatorRoad) -> list[Strike]:
    """Plan what happens on a road before the fault that is asked for."""
    if road is OperatorRoad.CLEAN:
        return []
    return [place.plan.when(customer.user_id, lambda exchange: exchange.what == DEPLOY, Fault.CUT_AFTER)]


async def _ask_for(place: Place, customer: Customer) -> None:
    await place.provisions.create(customer.name, {"userId": customer.user_id, "email": customer.email}, annotations={})
