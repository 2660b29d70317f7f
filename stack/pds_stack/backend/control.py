"""The endpoints ``/_control``, with which a test or a person tells the simulator what to do and asks what it saw.

=======================================  ===============================================================================
``GET /_control/health``                 200 once the simulator serves
``GET, PATCH, DELETE …/behaviour``       show, change by fields, reset the behaviour (:class:`.behaviour.Behaviour`)
``GET …/requests?path=&method=``         what was received; a path that ends with a slash stands for all below it
``GET …/services?hostname=``             the PDSes made
``POST …/services``                      make one behind everybody's back (:class:`PlantedBody`)
``POST, DELETE …/services/{id}``         change one (:class:`ServiceChange`), let one vanish
``DELETE /_control``                     forget everything
=======================================  ===============================================================================
"""

import json
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from pds_stack.backend.behaviour import Behaviour, StateStep, check_timeline
from pds_stack.backend.bodies import DeployBody, Hostname, Label
from pds_stack.backend.service import PdsService
from pds_stack.backend.simulator import BackendSimulator
from pds_stack.control import health, say_mistakes


class PlantedBody(BaseModel):
    """A PDS to be made behind everybody's back; all but the hostname can be left out."""

    model_config = ConfigDict(extra="forbid")

    hostname: Hostname
    username: Label = "stranger"
    email: str = "stranger@example.com"
    password: str = Field("planted", min_length=1, repr=False)
    disksize: Annotated[int, Field(ge=1)] = 10
    idempotency_key: str | None = None
    state: int | None = None
    states: list[StateStep] | None = None


class ServiceChange(BaseModel):
    """What is to change about a PDS: its state for good, or the states to go through from now on; its hostname."""

    model_config = ConfigDict(extra="forbid")

    hostname: Hostname | None = None
    state: int | None = None
    states: list[StateStep] | None = None


class Control:
    """The handlers of ``/_control`` over one simulator. They need no token: the simulator is for one's own machine."""

    def __init__(self, simulator: BackendSimulator) -> None:
        self._simulator = simulator

    def app(self) -> web.Application:
        """Return the application to be mounted at ``/_control``."""
        app = web.Application(middlewares=[say_mistakes])
        app.router.add_get("/health", health)
        app.router.add_get("/behaviour", self._show_behaviour)
        app.router.add_patch("/behaviour", self._change_behaviour)
        app.router.add_delete("/behaviour", self._reset_behaviour)
        app.router.add_get("/requests", self._list_requests)
        app.router.add_get("/services", self._list_services)
        app.router.add_post("/services", self._plant)
        app.router.add_post(r"/services/{id:[0-9]{1,18}}", self._change_service)
        app.router.add_delete(r"/services/{id:[0-9]{1,18}}", self._remove_service)
        for path in ("", "/"):
            app.router.add_delete(path, self._forget)
        return app

    async def _show_behaviour(self, _request: web.Request) -> web.Response:
        return web.json_response(self._simulator.behaviour.model_dump(mode="json"))

    async def _change_behaviour(self, request: web.Request) -> web.Response:
        self._simulator.change(**await _object(request))
        return await self._show_behaviour(request)

    async def _reset_behaviour(self, request: web.Request) -> web.Response:
        self._simulator.behaviour = Behaviour()
        return await self._show_behaviour(request)

    async def _list_requests(self, request: web.Request) -> web.Response:
        entries = self._simulator.requests.select(path=request.query.get("path"), method=request.query.get("method"))
        return web.json_response([entry.as_json() for entry in entries])

    async def _list_services(self, request: web.Request) -> web.Response:
        hostname = request.query.get("hostname")
        services = self._simulator.services if hostname is None else self._simulator.at_hostname(hostname)
        return web.json_response([service.summary(self._simulator.clock()) for service in services])

    async def _plant(self, request: web.Request) -> web.Response:
        wish = PlantedBody.model_validate(await _object(request))
        service = self._simulator.plant(
            DeployBody.model_validate(wish.model_dump(include=set(DeployBody.model_fields))),
            states=_timeline(wish.state, wish.states),
            idempotency_key=wish.idempotency_key,
        )
        return web.json_response(service.summary(self._simulator.clock()), status=201)

    async def _change_service(self, request: web.Request) -> web.Response:
        service = self._find(request)
        change = ServiceChange.model_validate(await _object(request))
        timeline = _timeline(change.state, change.states)
        if timeline is not None:
            service.go_through(timeline, self._simulator.clock())
        if change.hostname is not None:
            service.hostname = change.hostname
            service.touch()
        return web.json_response(service.summary(self._simulator.clock()))

    async def _remove_service(self, request: web.Request) -> web.Response:
        self._simulator.remove(self._find(request))
        return web.Response(status=204)

    async def _forget(self, _request: web.Request) -> web.Response:
        self._simulator.forget()
        return web.Response(status=204)

    def _find(self, request: web.Request) -> PdsService:
        service = self._simulator.find(int(request.match_info["id"]))
        if service is None:
            raise web.HTTPNotFound(text=f"no PDS has the id {request.match_info['id']}")
        return service


async def _object(request: web.Request) -> dict[str, JsonValue]:
    """Return the body's JSON object; raises ValueError for anything else."""
    try:
        parsed = json.loads(await request.read())
    except ValueError:
        raise ValueError("the body must be JSON") from None
    if not isinstance(parsed, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - bad input of a request, not a type of ours
    return parsed


def _timeline(
    state: int | None, states: list[tuple[int, float | None]] | None
) -> list[tuple[int, float | None]] | None:
    """Return the states asked for, in either of the two forms; raises ValueError for both at once."""
    if state is not None and states is not None:
        raise ValueError("give state or states, not both")
    if state is not None:
        return [(state, None)]
    return None if states is None else check_timeline(states)
