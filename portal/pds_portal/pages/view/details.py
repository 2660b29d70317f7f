"""The details of a PDS (the mission's ``mode="details"``): what the service document says, in rows of label and value.

The document comes masked. This shows the password by dots alone all the same, whatever stands in its place, and so does
it with every further field whose name says that it is a secret.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from pds_contract.service import ServiceState
from pds_portal.pages.view.moments import Moment, moment
from pds_portal.pages.view.quantities import kubernetes_quantity
from pds_portal.pages.view.reading import mapping, sequence, service_in, text
from pds_portal.service.finding import container_in, entries, names_password
from pds_portal.service.masking import MASK

_SERVICE = (
    ("id", "Id"),
    ("name", "Name"),
    ("service", "Service"),
    ("namespace", "Namespace"),
    ("state", "State"),
    ("kubeconfig_id", "Kubeconfig id"),
)
_TIMES = (("created_at", "Created"), ("updated_at", "Updated"), ("termination_date", "Data is kept until"))
_LABELS = {
    "hostname": "Hostname",
    "emailSmtpUrl": "Mail server",
    "pdsEmailFromAddress": "Mail is sent from",
    "dataStorage.size": "Storage size",
}
_SECRET = re.compile(r"passw|secret|token|credential|private|key\b", re.IGNORECASE)
_MOST_FIELDS = 60
_DEEPEST = 4
_LONGEST_COMMAND = 32_000
"""Characters: it is there to be copied, and half a command is none."""
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


@dataclass(frozen=True)
class _Field:
    """A field of the configuration, put into words; the admin password has a row of its own, with a button."""

    path: str
    words: str
    is_password: bool


def state_of(document: object) -> ServiceState:
    """Read the state of a service."""
    return ServiceState.of(service_in(document).get("state"))


def state_in_words(state: ServiceState) -> str:
    """Put a state into words for a customer."""
    return _STATES[state]


def details_of(document: object) -> Details:
    """Read the details from a service document."""
    service = service_in(document)
    fields = tuple(islice(_flat(_config_in(service)), _MOST_FIELDS))
    return Details(
        service=tuple(_service_rows(service)),
        config=tuple(_config_rows(fields)),
        has_password=any(each.is_password for each in fields),
        install_cmd=text(service.get("install_cmd"), _LONGEST_COMMAND),
        times=tuple(_time_rows(service)),
    )


def _service_rows(service: Mapping[str, object]) -> Iterator[Row]:
    for key, label in _SERVICE:
        words = text(service.get(key))
        if words is not None:
            yield Row(label, state_in_words(ServiceState.of(service[key])) if key == "state" else words)


def _config_in(service: Mapping[str, object]) -> Mapping[str, object]:
    """Find the configuration, which may be JSON within a string, as the backend's whole answer may be."""
    config = service.get("encrypted_config")
    return mapping(container_in(config) if isinstance(config, str) else config)


def _config_rows(fields: Sequence[_Field]) -> Iterator[Row]:
    """The known fields in a fixed order, then those that nobody has seen yet under their own names."""
    by_path = {each.path: each for each in fields if not each.is_password}
    for path in (*(known for known in _LABELS if known in by_path), *(path for path in by_path if path not in _LABELS)):
        yield Row(_LABELS.get(path, path), by_path[path].words)


def _flat(config: Mapping[str, object], prefix: str = "", depth: int = 0) -> Iterator[_Field]:
    """Yield each field that has a value, by its path through what it is nested in, as ``dataStorage.size``."""
    for key, name, value in islice(entries(config), _MOST_FIELDS):
        path = text(f"{prefix}{key}") or prefix
        words = _words(value)
        if words is not None:
            secret = _SECRET.search(path) or _SECRET.search(text(name) or "")
            yield _Field(path, MASK if secret else kubernetes_quantity(words), names_password(name))
        elif depth < _DEEPEST:
            yield from _flat(_members(value), f"{path}.", depth + 1)


def _words(value: object) -> str | None:
    """Put a value or a list of values into words; None for what has none, and for what has more nested in it."""
    values = [_single(each) for each in islice(sequence(value), _MOST_FIELDS)]
    if values and all(values):
        return text(", ".join(filter(None, values)))
    return _single(value)


def _single(value: object) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return text(value)


def _members(value: object) -> Mapping[str, object]:
    """Return what is nested in a value: the fields of an object, or the entries of a list by their places from 1."""
    listed = islice(sequence(value), _MOST_FIELDS)
    return mapping(value) or {str(place): each for place, each in enumerate(listed, 1)}


def _time_rows(service: Mapping[str, object]) -> Iterator[Row]:
    for key, label in _TIMES:
        at, words = moment(service.get(key)), text(service.get(key))
        if at is not None:
            yield Row(label, at.words, at)
        elif words is not None:
            yield Row(label, words)
