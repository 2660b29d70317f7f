"""Brings one customer of the operator to the end, as patient persons and time would, and says what the end is."""

import asyncio
import contextlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from crash_matrix.cells import Configuration
from crash_matrix.ground import Customer, Ground
from crash_matrix.person import Act, AskAgain, EndTheOther, GiveId, NotToldRight, act_on
from crash_matrix.results import Came
from faults.choosers import Plan, Strike
from faults.fault import Fault
from faults.journal import Journal
from pds_clients.kubernetes import Provisions
from pds_contract.conditions import READY, STALLED
from pds_contract.errors import Conflict
from pds_contract.phase import Phase
from pds_contract.resource import RETRY_ANNOTATION, SERVICE_ID_ANNOTATION, PdsProvision
from pds_stack.backend import BackendSimulator, PdsService

PATIENCE = 120.0
"""Seconds; a time-out of ten and the wait for a claim are in it, on a machine that has other things to do."""
DEPLOY = "POST deploy"


class NotTheEnd(Exception):
    """A customer is not at the end, or it is not the one that was promised."""


@dataclass(frozen=True)
class Place:
    """Where customers live: a namespace with an operator, behind a proxy, before a backend.

    Args:
        ground: What it stands on.
        configuration: What the backend and the operator are like.
        simulator: The backend.
        provisions: The namespace's resources, as a person writes them.
        journal: What the proxy saw.
        plan: The proxy's chooser.
    """

    ground: Ground
    configuration: Configuration
    simulator: BackendSimulator
    provisions: Provisions
    journal: Journal = field(default_factory=Journal)
    plan: Plan = field(default_factory=Plan)

    def made(self, customer: Customer) -> list[PdsService]:
        """Return the PDSes that were made for a customer, the ended ones too."""
        return [service for service in self.simulator.services if service.email == customer.email]


async def to_the_end(place: Place, customer: Customer, strikes: Sequence[Strike]) -> list[Act]:
    """Wait until a customer is served, and do meanwhile what a person is asked for; return what that was.

    Raises:
        NotTheEnd: They are not, within a time that is long enough for everything.
    """
    acts: list[Act] = []
    clock = asyncio.get_running_loop().time
    deadline = clock() + PATIENCE
    standings = place.ground.standings
    while clock() < deadline:
        provision = standings.of(customer.name)
        if provision is not None:
            if await _is_served(place, customer, provision):
                return acts
            try:
                act = await _wanted(place, customer, provision, strikes)
            except NotToldRight as error:
                raise NotTheEnd(str(error)) from None
            if act is not None:
                # So that nobody acts twice on what was seen before the act.
                standings.know(await _carry_out(place, provision, act))
                acts.append(act)
        await standings.change(customer.name, seconds=0.5)
    provision = standings.of(customer.name)
    row = await place.ground.row("pds_services", customer.user_id)
    raise NotTheEnd(f"not served within {PATIENCE:.0f} s; status: {provision and provision.status}; row: {row}")


async def came_of(place: Place, customer: Customer, acts: Sequence[Act], strikes: Sequence[Strike]) -> Came:
    """Say what the end is of a customer who is served.

    Raises:
        NotTheEnd: It is not the one that was promised.
    """
    made = place.made(customer)
    provision = place.ground.standings.of(customer.name)
    if provision is None or not await _is_served(place, customer, provision):
        raise NotTheEnd(f"served, and then no more; status: {provision and provision.status}")
    if provision.status.service_id not in {service.id for service in made}:
        raise NotTheEnd(f"status.serviceId is {provision.status.service_id}, made were {[each.id for each in made]}")
    hits = sum(strike.hit is not None for strike in strikes)
    more = len(made) - 1
    if more > (hits if place.configuration.may_make_more else 0):
        raise NotTheEnd(f"{len(made)} PDSes were made, with {hits} faults")
    if strikes and strikes[-1].hit is None:
        return Came.NOT_MET
    if more:
        told = any(isinstance(act, EndTheOther) for act in acts)
        return Came.ONE_MORE_TOLD if told else Came.ONE_MORE
    if any(isinstance(act, AskAgain) for act in acts):
        return Came.ASKED_AGAIN
    return Came.ID_GIVEN if acts else Came.BY_ITSELF


async def _is_served(place: Place, customer: Customer, provision: PdsProvision) -> bool:
    """Whether it is Ready with nothing open, and the row agrees."""
    status = provision.status
    ready, stalled = status.condition(READY), status.condition(STALLED)
    if ready is None or ready.status != "True" or stalled is not None or status.claim is not None:
        return False
    row = await place.ground.row("pds_services", customer.user_id)
    return row is not None and (row["pds_service_id"], row["hostname"], row["status"]) == (
        status.service_id,
        status.hostname,
        Phase.PROVISIONING,
    )


async def _wanted(place: Place, customer: Customer, provision: PdsProvision, strikes: Sequence[Strike]) -> Act | None:
    stalled = provision.status.condition(STALLED)
    if stalled is None or stalled.status != "True":
        return None
    lied_to = any(
        strike.hit is not None and strike.hit.what == DEPLOY and strike.fault is Fault.HTML_BEFORE for strike in strikes
    )
    at_backend = place.simulator.at_hostname(provision.status.hostname or "")
    act = act_on(provision, at_backend, holds=place.configuration.redeploy == "hold", lied_to=lied_to)
    if act is not None and provision.status.phase is Phase.DEPLOY_SUCCEEDED_NO_ID:
        row = await place.ground.row("pds_services", customer.user_id)
        if row is None or row["status"] != Phase.DEPLOY_SUCCEEDED_NO_ID:
            return None  # the row has to say so before anybody acts on it
    return act


async def _carry_out(place: Place, provision: PdsProvision, act: Act) -> PdsProvision:
    match act:
        case GiveId(service_id):
            annotations = {SERVICE_ID_ANNOTATION: str(service_id)}
        case AskAgain():
            annotations = {RETRY_ANNOTATION: uuid.uuid4().hex}
        case EndTheOther(kept):
            for service in place.simulator.at_hostname(provision.status.hostname or ""):
                if service.id != kept:
                    service.terminate(None)
            annotations = {RETRY_ANNOTATION: uuid.uuid4().hex}
    newest = provision
    while True:
        with contextlib.suppress(Conflict):
            return await place.provisions.patch(
                newest.metadata.name, newest.metadata.resource_version, spec={}, annotations=annotations
            )
        newest = await place.provisions.get(newest.metadata.name)  # somebody else wrote meanwhile
