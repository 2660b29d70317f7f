"""What the PDS backend says of a service: its states in words, its id wherever an answer holds it.

States 0 to 5 and 9 are the backend's; a number that nobody has seen yet counts as setting up.
"""

import json
import re
from collections.abc import Mapping
from enum import StrEnum

# The places where an answer to a deploy may hold the id, in the mission's order.
SERVICE_ID_PLACES = (("service_id",), ("serviceId",), ("id",), ("service", "id"), ("data", "id"), ("data", "serviceId"))
SERVICE_ID_MAX = 2**63 - 1

_POSITIVE = re.compile(r"0*[1-9][0-9]{0,18}", re.ASCII)


class ServiceState(StrEnum):
    """A service's state, as ``status.serviceState`` shows it."""

    SETTING_UP = "SettingUp"
    ALMOST_READY = "AlmostReady"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    TERMINATED = "Terminated"
    SETUP_FAILED = "SetupFailed"
    NOT_FOUND = "NotFound"

    @classmethod
    def of(cls, number: object) -> "ServiceState":
        """Put the backend's number (or a string of one) into a word."""
        text = str(number).strip() if isinstance(number, int | str) and not isinstance(number, bool) else ""
        return _STATES.get(text, cls.SETTING_UP)


_STATES = {
    "2": ServiceState.ALMOST_READY,
    "3": ServiceState.RUNNING,
    "4": ServiceState.SUSPENDED,
    "5": ServiceState.TERMINATED,
    "9": ServiceState.SETUP_FAILED,
}


def service_id_of(document: object) -> int | None:
    """Find the id in an answer to a deploy.

    The places are tried in the mission's order; what is no positive whole number, nor a string of one, falls through
    to the next place.
    """
    for place in SERVICE_ID_PLACES:
        value = document
        for key in place:
            value = value.get(key) if isinstance(value, Mapping) else None
        found = positive_whole_number(value)
        if found is not None:
            return found
    return None


def positive_whole_number(value: object) -> int | None:
    """Read a positive whole number that fits a BIGINT, or a string of one; anything else is None."""
    if isinstance(value, str) and _POSITIVE.fullmatch(value.strip()):
        value = int(value.strip().lstrip("0"))  # Python reads no number of thousands of digits, zeros or not
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= SERVICE_ID_MAX:
        return value
    return None


def parse_json(text: str | bytes) -> object:
    """Parse an answer's body, which may be JSON within a JSON string.

    Raises:
        ValueError: It is no JSON.
    """
    document = _loads(text)
    if isinstance(document, str):
        try:
            return _loads(document)
        except ValueError:
            return document
    return document


def _loads(text: str | bytes) -> object:
    try:
        document: object = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    return document
