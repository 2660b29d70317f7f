"""What the proxy answers in a dependency's place, and the file that leads Kubernetes' clients to it."""

import json
from collections.abc import Iterable, Mapping

from aiohttp import web

from faults.fault import Fault

HTML = b"<!DOCTYPE html><html><head><title>Gateway</title></head><body><h1>Please wait</h1></body></html>"
RETRY_AFTER = "1"

# Headers that belong to one connection, and those that aiohttp sets itself.
_OF_THE_CONNECTION = frozenset(
    {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
_STATUS = {
    Fault.ERROR_BEFORE: 500,
    Fault.ERROR_AFTER: 500,
    Fault.UNAVAILABLE: 503,
    Fault.UNAVAILABLE_RETRY_AFTER: 503,
    Fault.THROTTLED: 429,
    Fault.HTML_BEFORE: 200,
    Fault.HTML_AFTER: 200,
}


def answer_of(fault: Fault) -> web.Response | None:
    """Return the answer that a fault gives in the dependency's place; None where the connection is closed instead."""
    status = _STATUS.get(fault)
    if status is None:
        return None
    headers = {"Retry-After": RETRY_AFTER} if fault is Fault.UNAVAILABLE_RETRY_AFTER else {}
    return web.Response(status=status, body=HTML, content_type="text/html", headers=headers)


def passed_on(headers: Iterable[tuple[str, str]], in_place: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """Return the headers of the message that goes on, some of them replaced."""
    replaced = in_place or {}
    dropped = _OF_THE_CONNECTION | {name.lower() for name in replaced}
    return [*((name, value) for name, value in headers if name.lower() not in dropped), *replaced.items()]


def kubeconfig(server: str) -> str:
    """Write a kubeconfig for the proxy, which speaks plain HTTP and adds the credentials itself."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "proxy", "cluster": {"server": server}}],
        "users": [{"name": "proxied", "user": {}}],
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxied"}}],
        "current-context": "proxy",
    }
    return json.dumps(content)  # JSON is YAML too
