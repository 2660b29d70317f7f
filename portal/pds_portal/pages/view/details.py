"""The details of a PDS (the mission's ``mode="details"``): what the service document says, in rows of label and value.

The document comes masked. This shows the password by dots alone all the same, whatever stands in its place, and so does
it with every further field whose name says that it is a secret.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from pds_contract.service import ServiceState
from pds_portal.pages.view.moments import Moment, moment
from pds_portal.pages.view.quantities import kubernetes_quantity
from pds_portal.pages.view.reading import mapping, service_in, text

HIDDEN = "••••••••"

_SERVICE = (
    ("id", "Id"),
    ("name", "Name"),
    ("service", "Service"),
    ("namespace", "Namespace"),
    ("state", "State"),
    ("kubeconfig_id", "Kubeconfig id"),
)
_TIMES = (("created_at", "Created"), ("updated_at", "Updated"), ("termination_date", "Data is kept until"))
_PASSWORD = "adminPassword"  # noqa: S105 - the field's name, not a password
_LABELS = {
    "hostname": "Hostname",
    _PASSWORD: "Admin password",
    "emailSmtpUrl": "Mail server",
    "pdsEmailFromAddress": "Mail is sent from",
    "dataStorage.size": "Storage size",
}
_SECRET = re.compile(r"passw|secret|token|credential|private|key\b", re.IGNORECASE)
_MOST_FIELDS = 60
_DEEPEST = 4
_STATES = {
    ServiceState.SETTING_UP: "Setting up",
    ServiceState.ALMOST_READY: "Almost ready",
    ServiceState.RUNNING: "Running",
    ServiceState.SUSPENDED: "Suspended",
    ServiceState.TERMINATED: "Ended",
    ServiceState.SETUP_FAILED: "Setup failed",
    ServiceState.NOT_FOUND: "Not found",
}


@dataclass(frozen=True)
class Row:
    """One label and its value; ``at`` where the value is a time."""

    label: str
    words: str
    at: Moment | None = None


@dataclass(frozen=True)
class Details:
    """What there is to know of a PDS.

    Args:
        service: What the backend calls it, and its state in words.
        config: The fields of ``encrypted_config``, secrets as dots.
        has_password: Whether there is an admin password to be shown on demand.
        install_cmd: The command that installed it, where the document has one.
        times: When it was made and changed.
    """

    service: tuple[Row, ...]
    config: tuple[Row, ...]
    has_password: bool
    install_cmd: str | None
    times: tuple[Row, ...]


def state_of(document: object) -> ServiceState:
    """Read the state of a service."""
    return ServiceState.of(service_in(document).get("state"))


def state_in_words(state: ServiceState) -> str:
    """Put a state into words for a customer."""
    return _STATES[state]


def details_of(document: object) -> Details:
    """Read the details from a service document."""
    service = service_in(document)
    config = mapping(service.get("encrypted_config"))
    return Details(
        service=tuple(_service_rows(service)),
        config=tuple(_config_rows(config)),
        has_password=text(config.get(_PASSWORD)) is not None,
        install_cmd=text(service.get("install_cmd")),
        times=tuple(_time_rows(service)),
    )


def _service_rows(service: Mapping[str, object]) -> Iterator[Row]:
    for key, label in _SERVICE:
        words = text(service.get(key))
        if words is not None:
            yield Row(label, state_in_words(ServiceState.of(service[key])) if key == "state" else words)


def _config_rows(config: Mapping[str, object]) -> Iterator[Row]:
    """The known fields in a fixed order, then those that nobody has seen yet under their own names."""
    fields = dict(islice(_flat(config), _MOST_FIELDS))
    for path in (*(known for known in _LABELS if known in fields), *(path for path in fields if path not in _LABELS)):
        if path == _PASSWORD:
            continue
        words = HIDDEN if _SECRET.search(path) else kubernetes_quantity(fields[path])
        yield Row(_LABELS.get(path, path), words)


def _flat(config: Mapping[str, object], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    for key, value in islice(config.items(), _MOST_FIELDS):
        path = text(f"{prefix}{key}") or prefix
        words = text(value)
        if words is not None:
            yield path, words
        elif isinstance(value, bool):
            yield path, "yes" if value else "no"
        elif depth < _DEEPEST:
            yield from _flat(mapping(value), f"{path}.", depth + 1)


def _time_rows(service: Mapping[str, object]) -> Iterator[Row]:
    for key, label in _TIMES:
        at, words = moment(service.get(key)), text(service.get(key))
        if at is not None:
            yield Row(label, at.words, at)
        elif words is not None:
            yield Row(label, words)
