"""The backend's own endpoints, ``/api/v1``: they translate between HTTP and the simulator.

A call is checked for its token, then for its body; then a fault may hit it; then it takes effect, and is answered. As
at a real backend, a client that goes away does not undo what it asked for.
"""

import asyncio
import json
from collections.abc import Callable
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ValidationError

from pds_stack.backend.answers import Answer, deployed, render, render_fault
from pds_stack.backend.behaviour import Endpoint, Fault
from pds_stack.backend.bodies import CheckBody, DeployBody, ResumeBody, TerminateBody, refusal
from pds_stack.backend.request_log import LoggedRequest
from pds_stack.backend.service import PdsService
from pds_stack.backend.simulator import BackendSimulator, Interrupted, Refused

ENTRY = web.RequestKey("entry", LoggedRequest)
Body = TypeVar("Body", bound=BaseModel)


class Api:
    """The handlers of ``/api/v1`` over one simulator."""

    def __init__(self, simulator: BackendSimulator) -> None:
        self._simulator = simulator
        self._under_way: set[asyncio.Task[web.StreamResponse]] = set()

    def app(self) -> web.Application:
        """Return the application to be mounted at ``/api/v1``."""
        app = web.Application(middlewares=[self._record, self._in_laravels_words, self._authenticate])
        app.router.add_post("/deploy", self._deploy)
        app.router.add_post("/check-pds", self._check)
        app.router.add_get(r"/service/{id:[0-9]{1,18}}", self._show, allow_head=False)
        app.router.add_delete(r"/service/{id:[0-9]{1,18}}", self._terminate)
        app.router.add_patch(r"/service/{id:[0-9]{1,18}}", self._resume)
        return app

    @web.middleware
    async def _record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Log the request, and work on it to its end even if the client goes away meanwhile."""
        entry = self._simulator.requests.add(
            method=request.method,
            path=request.path,
            at=self._simulator.clock(),
            headers=request.headers,
            body=await request.read(),
        )
        request[ENTRY] = entry
        work = asyncio.create_task(self._end(request, handler, entry))
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        return await asyncio.shield(work)

    async def _end(self, request: web.Request, handler: Handler, entry: LoggedRequest) -> web.StreamResponse:
        """Answer a request and log it; cut the connection of one that is interrupted."""
        try:
            response = await handler(request)
        except Interrupted:
            if request.transport is not None:  # the client has not gone away itself
                request.transport.close()
            entry.end("cut", self._simulator.clock())
            return web.Response()
        entry.end("answered", self._simulator.clock(), response.status)
        return response

    @web.middleware
    async def _in_laravels_words(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer refusals and unknown routes as Laravel does."""
        try:
            return await handler(request)
        except Refused as refused:
            answer = Answer.message(refused.status, refused.message)
        except ValidationError as error:
            answer = Answer(422, refusal(error))
        except web.HTTPMethodNotAllowed:
            answer = Answer.message(405, f"The {request.method} method is not supported for this route.")
        except web.HTTPNotFound:
            answer = Answer.message(404, f"The route {request.path.lstrip('/')} could not be found.")
        return render(answer, self._simulator.behaviour)

    @web.middleware
    async def _authenticate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._simulator.accepts(token.strip()):
            raise Refused(401, "Unauthenticated.")
        return await handler(request)

    async def _deploy(self, request: web.Request) -> web.StreamResponse:
        body = await _parse(request, DeployBody)
        behaviour = self._simulator.behaviour

        def deploy() -> Answer:
            service = self._simulator.deploy(body, request.headers.get("Idempotency-Key"))
            return deployed(service.id, self._simulator.behaviour)

        times = (behaviour.deploy_seconds, behaviour.answer_seconds)
        return await self._answer(request, "deploy", body.hostname, deploy, times)

    async def _check(self, request: web.Request) -> web.StreamResponse:
        missed = self._simulator.behaviour.check_pds
        if missed == 404:
            raise web.HTTPNotFound
        if missed == 405:
            raise web.HTTPMethodNotAllowed(request.method, [])
        if missed == 501:
            raise Refused(501, "Not implemented.")
        body = await _parse(request, CheckBody)

        def check() -> Answer:
            return Answer(200, {"exists": bool(self._simulator.at_hostname(body.hostname))})

        return await self._answer(request, "check", body.hostname, check, (self._simulator.behaviour.check_seconds, 0))

    async def _show(self, request: web.Request) -> web.StreamResponse:
        return await self._on_service(request, lambda service: Answer(200, service.document(self._simulator.clock())))

    async def _terminate(self, request: web.Request) -> web.StreamResponse:
        body = await _parse(request, TerminateBody)

        def terminate(service: PdsService) -> Answer:
            on = service.terminate(body.termination_date)
            return Answer(200, {"message": "Service terminated.", "termination_date": on.isoformat()})

        return await self._on_service(request, terminate)

    async def _resume(self, request: web.Request) -> web.StreamResponse:
        await _parse(request, ResumeBody)

        def resume(service: PdsService) -> Answer:
            service.cancel_termination()
            return Answer(200, service.document(self._simulator.clock()))

        return await self._on_service(request, resume)

    async def _on_service(self, request: web.Request, act: Callable[[PdsService], Answer]) -> web.StreamResponse:
        """Answer a call of ``/service/{id}`` by acting on the PDS that has this id when the time has come."""
        service_id = int(request.match_info["id"])
        known = self._simulator.find(service_id)

        def act_if_found() -> Answer:
            service = self._simulator.find(service_id)
            if service is None:
                return Answer.message(404, f"No query results for model [App\\Models\\Service] {service_id}")
            return act(service)

        times = (self._simulator.behaviour.service_seconds, 0.0)
        return await self._answer(request, "service", known.hostname if known else None, act_if_found, times)

    async def _answer(
        self,
        request: web.Request,
        endpoint: Endpoint,
        hostname: str | None,
        act: Callable[[], Answer],
        times: tuple[float, float],
    ) -> web.StreamResponse:
        """Let a call act, with the ``times`` in seconds before and after, unless a fault hits it."""
        fault = self._simulator.take_fault(endpoint, hostname)
        if fault is not None and fault.effect == "none":
            return await self._fail(request, fault)
        before, after = times
        await self._simulator.wait(before)
        try:
            answer = act()
        # Not left to the middleware: a fault hides a refusal as it hides any other answer.
        except Refused as refused:
            answer = Answer.message(refused.status, refused.message)
        await self._simulator.wait(after)
        if fault is not None:
            return await self._fail(request, fault)
        return render(answer, self._simulator.behaviour)

    async def _fail(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.hang:
            request[ENTRY].outcome = "hanging"
            await self._simulator.wait(None)
        if fault.cut:
            raise Interrupted
        return render_fault(fault)


async def _parse(request: web.Request, model: type[Body]) -> Body:
    """Read the body as Laravel does: what is no JSON object has no fields, so that the required ones are missing."""
    try:
        fields = json.loads(await request.read())
    except ValueError:
        fields = {}
    return model.model_validate(fields if isinstance(fields, dict) else {})
