"""What the demo found at the end of the road, and the rules it is held against: pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pds_contract.phase import Phase
from pds_stack.provisions import conditions


@dataclass(frozen=True)
class Look:
    """The state of the world at one moment.

    Attributes:
        resource: the PdsProvision.
        services: the user's rows of pds_services.
        subscriptions: the user's rows of subscriptions.
        deploys: how many deploys the backend received.
    """

    resource: dict[str, Any]
    services: list[dict[str, Any]]
    subscriptions: list[dict[str, Any]]
    deploys: int


@dataclass(frozen=True)
class Check:
    """Something that has to be so; `seen` says what was seen instead, and is empty if it is so."""

    rule: str
    seen: str


def after_checkout(look: Look) -> Iterator[Check]:
    """What has to be so once the resource says Ready."""
    status = look.resource.get("status", {})
    ready = conditions(look.resource).get("Ready", ("missing", "", ""))
    yield _check("the resource is Ready", "True", ready[0])
    yield _check("its phase is provisioning", Phase.PROVISIONING, status.get("phase"))
    yield _check("the backend received one deploy", 1, look.deploys)
    yield _check("the user has one row in pds_services", 1, len(look.services))
    row = look.services[0] if look.services else {}
    yield _check("the row's status is provisioning", Phase.PROVISIONING, row.get("status"))
    yield _check("there is a service's id", "a number", _kind(row.get("pds_service_id")))
    yield _check("the row has the resource's service", status.get("serviceId"), row.get("pds_service_id"))
    yield _check("the row has the resource's hostname", status.get("hostname"), row.get("hostname"))
    yield _check("the user has one row in subscriptions", 1, len(look.subscriptions))


def after_replay(before: Look, after: Look, code: object) -> Iterator[Check]:
    """What has to be so once the same event was delivered again and the webhook answered with `code`."""
    versions = [look.resource["metadata"]["resourceVersion"] for look in (before, after)]
    yield _check("the webhook knows the checkout", "already_accepted", code)
    yield _check("the resource's version is the same", *versions)
    yield _check("the backend received no further deploy", before.deploys, after.deploys)
    yield _check("the user's rows in pds_services are the same", before.services, after.services)
    yield _check("the user's rows in subscriptions are the same", before.subscriptions, after.subscriptions)


def _check(rule: str, wanted: object, seen: object) -> Check:
    return Check(rule, "" if seen == wanted else f"it is {seen!r} instead of {wanted!r}")


def _kind(value: object) -> str:
    return "a number" if isinstance(value, int) else repr(value)
