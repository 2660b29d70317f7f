"""The answers of the simulated backend, in the shape that the behaviour asks for. Nothing here talks to anybody."""

import json
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import JsonValue

from pds_stack.backend.behaviour import Behaviour, Fault


@dataclass(frozen=True)
class Answer:
    """A status and a JSON body, before they are put into the shape that the behaviour asks for."""

    status: int
    body: JsonValue = field(default_factory=dict)

    @classmethod
    def message(cls, status: int, message: str) -> "Answer":
        """Make the body that Laravel gives an error."""
        return cls(status, {"message": message})


def deployed(service_id: int, behaviour: Behaviour) -> Answer:
    """Return the answer to a successful deploy, with the id and the junk in their places."""
    body: dict[str, JsonValue] = {"message": "Deployment started"}
    places: dict[str, JsonValue] = dict(behaviour.id_junk.items())
    if behaviour.id_place != "none":
        places[behaviour.id_place] = service_id if behaviour.id_type == "number" else str(service_id)
    for place, value in places.items():
        outer, _, inner = place.partition(".")
        if not inner:
            body[outer] = value
            continue
        nested = body.setdefault(outer, {})
        if isinstance(nested, dict):
            nested[inner] = value
    return Answer(behaviour.deploy_status, body)


def render(answer: Answer, behaviour: Behaviour) -> web.Response:
    """Write an answer as JSON, double-encoded or under another Content-Type where the behaviour has it so."""
    text = json.dumps(answer.body)
    if behaviour.double_encoded:
        text = json.dumps(text)
    content_type = behaviour.content_type or "application/json"
    return web.Response(status=answer.status, body=text.encode(), headers={"Content-Type": content_type})


def render_fault(fault: Fault) -> web.Response:
    """Write a fault's prepared answer as it was given."""
    if fault.status is None:
        raise ValueError("only a fault with a status has an answer")
    html = fault.content == "html"
    text = str(fault.body) if html else json.dumps(fault.body)
    headers = {"Content-Type": "text/html; charset=UTF-8" if html else "application/json", **fault.headers}
    return web.Response(status=fault.status, body=text.encode(), headers=headers)
