"""One exchange between a process and a dependency: what a chooser is asked about, and what is kept of it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

from faults.fault import Fault
from pds_contract.conditions import READY
from pds_contract.resource import PLURAL


class Dependency(StrEnum):
    """What stands behind a listener of the proxy."""

    KUBERNETES = "kubernetes"
    BACKEND = "backend"
    SUPABASE = "supabase"


class Background(StrEnum):
    """Exchanges that belong to no customer, and so have no number."""

    WATCH = "watch"
    LIST = "list"
    LEASE = "lease"
    EVENT = "event"
    OTHER = "other"


@dataclass
class Exchange:
    """One exchange. What follows ``request`` is known once it has gone on.

    Args:
        client: The name of the proxy that it went through.
        dependency: Whom it asks.
        what: Method and path, as ``PATCH status (Deploying)`` or ``POST deploy``: the same for every customer.
        user_id: Whose it is; None for one that belongs to no customer.
        number: The how-manieth of this customer's it is, from 1; None likewise.
        background: What it is, where it belongs to no customer.
        at: When it began: seconds on the event loop's clock.
        fault: What the chooser said.
        upstream_status: What the dependency answered; None where it was not asked, or gave no answer.
        status: What the process was answered; None where it got no answer.
        seconds: How long it took, once it is over.
    """

    client: str
    dependency: Dependency
    what: str
    user_id: str | None
    number: int | None
    background: Background | None
    at: float
    fault: Fault | None = None
    upstream_status: int | None = None
    status: int | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        said = "under way" if self.seconds is None else "no answer" if self.status is None else self.status
        hit = f" [{self.fault}, upstream {self.upstream_status}]" if self.fault else ""
        took = "" if self.seconds is None else f" after {self.seconds:.3f} s"
        return f"{self.number or '-':>3} {self.at:.3f} {self.client} {self.dependency} {self.what}: {said}{took}{hit}"


def background_of(dependency: Dependency, method: str, raw_path: str) -> Background:
    """Say what an exchange is that belongs to no customer."""
    path, query = urlsplit(raw_path).path, parse_qs(urlsplit(raw_path).query)
    if dependency is Dependency.KUBERNETES:
        if query.get("watch", [""])[0] in {"1", "true"}:
            return Background.WATCH
        if path.startswith("/apis/coordination.k8s.io/"):
            return Background.LEASE
        if re.search(r"/events(/|$)", path):
            return Background.EVENT
        if method == "GET" and path.endswith(f"/{PLURAL}"):
            return Background.LIST
    if dependency is Dependency.SUPABASE and method == "GET":
        return Background.LIST
    return Background.OTHER


_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_TEMPLATES = (
    (re.compile(r"^.*/(pdsprovisions)/[^/]+/status$"), "status"),
    (re.compile(r"^.*/(pdsprovisions|secrets|leases|events)/[^/]+$"), r"\1/NAME"),
    (re.compile(r"^.*/(pdsprovisions|secrets|leases|events)$"), r"\1"),
    (re.compile(r"^/rest/v1/rpc/(\w+)$"), r"\1"),
    (re.compile(r"^/rest/v1/(\w+)$"), r"\1"),
    (re.compile(r"^.*/service/[0-9]+$"), "service/ID"),
    (re.compile(r"^.*/(deploy|check-pds)$"), r"\1"),
)


def describe(method: str, raw_path: str, body: Any) -> str:
    """Name an exchange by what it does, without anything of a customer in it."""
    path = urlsplit(raw_path).path
    for pattern, template in _TEMPLATES:
        if pattern.match(path):
            name = pattern.sub(template, path)
            reason = _reason(body) if name == "status" else None
            return f"{method} {name}" + (f" ({reason})" if reason else "")
    return f"{method} {re.sub(_UUID, 'UUID', path)}"


def _reason(body: Any) -> str | None:
    """Return the reason that a status patch gives for Ready, which tells its steps apart."""
    status = body.get("status") if isinstance(body, dict) else None
    conditions = (status.get("conditions") if isinstance(status, dict) else None) or []
    return next((each["reason"] for each in conditions if each.get("type") == READY), None)
