"""The webhook's part of the matrix: each exchange of one delivery, while Stripe repeats what is not answered 2xx."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from crash_matrix.cells import CONFIGURATIONS, Cell, WebhookRoad
from crash_matrix.ending import NotTheEnd, Place, came_of, to_the_end
from crash_matrix.ground import Customer, Ground, serving
from crash_matrix.operator_cells import operating
from crash_matrix.results import Came, Result
from faults.choosers import Plan
from faults.journal import Journal
from faults.processes import Command
from faults.proxy import FaultProxy
from faults.settings import webhook_environment
from faults.supervised import Supervised
from pds_clients.kubernetes import Provisions
from pds_contract.errors import PdsError
from pds_contract.resource import CHECKOUT_SESSION_ANNOTATION
from pds_stack.events import checkout_event, sign

PATIENCE = 120.0
FIRST_DELAY, LONGEST_DELAY = 0.1, 2.0
"""Stripe's first retry comes after some time, each further one after a longer time; here in seconds, not hours."""
EARLIER_DISK, DISK, HAND_MADE_DISK = 11, 22, 33

Json = dict[str, Any]


@dataclass(frozen=True)
class Door:
    """A running webhook behind a proxy, and what the proxy does and saw."""

    process: Supervised
    journal: Journal
    plan: Plan

    @property
    def url(self) -> str:
        """Where Stripe delivers."""
        return f"http://127.0.0.1:{self.process.process.environment['PORT']}/api/webhooks"


@dataclass(frozen=True)
class Scene:
    """A namespace, a webhook that is never killed, and others that are. Made by ``scene``."""

    ground: Ground
    namespace: str
    provisions: Provisions
    door: Door
    http: httpx.AsyncClient
    accepted: list[tuple[Cell, Customer]] = field(default_factory=list)

    async def rows(self, road: WebhookRoad) -> tuple[list[str], int]:
        """Go a road without the fault: what its exchanges are, and from which number on they are struck."""
        customer = await self.ground.customer()
        event = await self._before(self.door, customer, road)
        before = len(self.door.journal.history(customer.user_id))
        await self._deliver(self.door, event)
        return [each.what for each in self.door.journal.history(customer.user_id)], before + 1

    async def run(self, cell: Cell) -> Result:
        """Run a cell."""
        if cell.fault.kills:
            async with self.ground.killed_at_once, opening(self.ground, self.namespace) as door:
                await door.process.ready()
                result = await self._go(cell, door)
                odd = [code for code in door.process.ends if code != -9]
                if odd and result.problem is None:
                    return Result(cell, None, result.hit, f"the webhook ended by itself, with {odd}")
                return result
        async with self.ground.at_once:
            await self.ground.pace.turn()
            return await self._go(cell, self.door)

    async def _go(self, cell: Cell, door: Door) -> Result:
        road = cell.table.road
        assert isinstance(road, WebhookRoad)
        customer = await self.ground.customer()
        strike = door.plan.at_number(customer.user_id, cell.number, cell.fault)
        came, problem = None, None
        try:
            event = await self._before(door, customer, road)
            await self._deliver(door, event)
            await self._check(customer, event, road)
            came = Came.BY_ITSELF if strike.hit else Came.NOT_MET
            self.accepted.append((cell, customer))
        except (NotTheEnd, PdsError) as error:
            problem = str(error)
        history = [str(each) for each in door.journal.history(customer.user_id)] if problem else []
        return Result(cell, came, strike.hit.what if strike.hit else None, problem, history)

    async def look_again(self) -> list[Result]:
        """Let an operator serve everybody who was accepted; return who does not come to their end."""
        configuration = CONFIGURATIONS[0]
        simulator = self.ground.backend()
        simulator.change(repeated_deploy=configuration.repeated)
        async with serving(simulator) as url:
            upstreams = self.ground.upstreams.with_backend(url)
            async with operating(self.ground, configuration, simulator, upstreams, self.namespace) as (place, _):
                wrong = await asyncio.gather(*(self._served(place, cell, customer) for cell, customer in self.accepted))
        return [result for result in wrong if result is not None]

    async def _served(self, place: Place, cell: Cell, customer: Customer) -> Result | None:
        try:
            acts = await to_the_end(place, customer, ())
            await came_of(place, customer, acts, ())
        except (NotTheEnd, PdsError) as error:
            history = [str(each) for each in place.journal.history(customer.user_id)]
            return Result(cell, None, None, f"accepted, then at the operator: {error}", history)
        return None

    async def _before(self, door: Door, customer: Customer, road: WebhookRoad) -> Json:
        """Bring about what a road begins with; return the event whose delivery meets the fault."""
        now = int(time.time())
        event = _event(customer, DISK, now)
        match road:
            case WebhookRoad.FIRST:
                pass
            case WebhookRoad.AGAIN:
                await self._deliver(door, event)
            case WebhookRoad.NEWER:
                await self._deliver(door, _event(customer, EARLIER_DISK, now - 60))
            case WebhookRoad.BY_HAND:
                spec = {"userId": customer.user_id, "email": customer.email, "disksizeGb": HAND_MADE_DISK}
                await self.provisions.create(customer.name, spec, annotations={})
        return event

    async def _deliver(self, door: Door, event: Json) -> None:
        """Deliver an event as Stripe does: again and again, after ever longer delays, until the answer is 2xx.

        Raises:
            NotTheEnd: Stripe would have given up, or was told by a 4xx that a person has to change something.
        """
        body = json.dumps(event).encode()
        clock = asyncio.get_running_loop().time
        deadline, delay, answer = clock() + PATIENCE, FIRST_DELAY, "none"
        while clock() < deadline:
            headers = {
                "Stripe-Signature": sign(body, self.ground.stack["STRIPE_WEBHOOK_SECRET"]),
                "Content-Type": "application/json; charset=utf-8",
            }
            with contextlib.suppress(httpx.TransportError):
                response = await self.http.post(door.url, content=body, headers=headers)
                self.ground.published.append(response.text)
                if response.is_success:
                    return
                answer = f"{response.status_code} {response.text}"
                if response.status_code != 503:
                    raise NotTheEnd(f"Stripe was answered {answer}")
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)
        raise NotTheEnd(f"never answered 2xx; the last answer: {answer}")

    async def _check(self, customer: Customer, event: Json, road: WebhookRoad) -> None:
        session = event["data"]["object"]
        found = [each async for each in self.provisions.list(f"spec.userId={customer.user_id}")]
        if len(found) != 1:
            raise NotTheEnd(f"answered 2xx, and there are {len(found)} resources")
        disk = HAND_MADE_DISK if road is WebhookRoad.BY_HAND else DISK
        if (found[0].spec.email, found[0].spec.disksize_gb) != (customer.email, disk):
            raise NotTheEnd("answered 2xx, and the resource does not ask for what was bought")
        if found[0].metadata.annotations.get(CHECKOUT_SESSION_ANNOTATION) != session["id"]:
            raise NotTheEnd("answered 2xx, and the resource does not name the checkout")
        row = await self.ground.row("subscriptions", customer.user_id) or {}
        wanted = {
            "stripe_customer_id": session["customer"],
            "stripe_subscription_id": session["subscription"],
            "checkout_session_id": session["id"],
            "status": "active",
        }
        if {name: row.get(name) for name in wanted} != wanted:
            raise NotTheEnd(f"answered 2xx, and the row of subscriptions is {row}")


@contextlib.asynccontextmanager
async def scene(ground: Ground) -> AsyncIterator[Scene]:
    """Open the webhook's scene."""
    namespace = await ground.namespace()
    async with opening(ground, namespace) as door, httpx.AsyncClient(timeout=60, trust_env=False) as http:
        await door.process.ready()
        yield Scene(ground, namespace, Provisions(ground.api, namespace, "admin"), door, http)
        metrics = await http.get(f"http://127.0.0.1:{door.process.process.environment['ADMIN_PORT']}/metrics")
        ground.published.append(metrics.text)


@contextlib.asynccontextmanager
async def opening(ground: Ground, namespace: str) -> AsyncIterator[Door]:
    """Run a webhook for a namespace, behind a proxy of its own."""
    journal, plan = Journal(), Plan()
    async with FaultProxy("webhook", ground.upstreams, journal, plan) as proxy:
        environment = webhook_environment(proxy, namespace, ground.stack)
        async with Supervised(ground.zygote, Command.WEBHOOK, environment) as process:
            proxy.target = process
            yield Door(process, journal, plan)


def _event(customer: Customer, disksize_gb: int, created: int) -> Json:
    return checkout_event(user_id=customer.user_id, email=customer.email, disksize_gb=disksize_gb, created=created)
