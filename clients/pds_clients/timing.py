"""How long each call of a dependency takes, and how it ends: the metric ``pds_dependency_request_seconds``.

Timed is the whole exchange, from the wait for a connection to the answer's last byte. A call that we did not send
after all (its credentials hold a line break, the time of its claim was over) is none, and is not counted.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import aiohttp
import httpx
from prometheus_client import Histogram

SECONDS = Histogram(
    "pds_dependency_request_seconds",
    "Time of each call of a dependency from the wait for a connection to the answer's last byte, in seconds, by how it "
    "ended: the answer's class; timeout (no whole answer in time, or we stopped waiting), unreachable (no connection), "
    "cut (the connection broke).",
    ["dependency", "call", "code"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)


class Operation(StrEnum):
    """Every value of the label ``call``."""

    # Kubernetes
    GET_PROVISION = "get_provision"
    CREATE_PROVISION = "create_provision"
    PATCH_PROVISION = "patch_provision"
    PATCH_PROVISION_STATUS = "patch_provision_status"
    LIST_PROVISIONS = "list_provisions"
    GET_RESERVATION = "get_reservation"
    CREATE_RESERVATION = "create_reservation"
    GET_LEASE = "get_lease"
    CREATE_LEASE = "create_lease"
    PATCH_LEASE = "patch_lease"
    OTHER = "other"
    """A call that has no name here; the product makes none."""
    # Supabase
    RECORD_SUBSCRIPTION = "record_subscription"
    LOOK_UP_PDS_SERVICE = "look_up_pds_service"
    MIRROR_PDS_SERVICE = "mirror_pds_service"
    FIND_HOLDER = "find_holder"
    LIST_PDS_SERVICES = "list_pds_services"
    GET_USER = "get_user"
    GET_OWN_PDS_SERVICE = "get_own_pds_service"
    GET_OWN_SUBSCRIPTION = "get_own_subscription"
    HOSTNAME_TAKEN = "hostname_taken"
    SIGN_UP = "sign_up"
    SIGN_IN = "sign_in"
    REFRESH_SESSION = "refresh_session"
    SIGN_OUT = "sign_out"
    VERIFY_EMAIL = "verify_email"
    GET_SIGNING_KEYS = "get_signing_keys"
    # The PDS backend
    CHECK_PDS = "check_pds"
    GET_SERVICE = "get_service"
    GET_SERVICE_DOCUMENT = "get_service_document"
    DEPLOY = "deploy"
    # Stripe
    LIST_CHECKOUT_SESSIONS = "list_checkout_sessions"
    CREATE_CHECKOUT_SESSION = "create_checkout_session"


_CLASSES = {2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}
_UNREACHABLE = (httpx.ConnectError, aiohttp.ClientConnectorError)
# Whoever has waited too long cancels what it waits for; so does whoever stops.
_TIMEOUT = (httpx.TimeoutException, TimeoutError, asyncio.CancelledError)
_CUT = (httpx.TransportError, httpx.DecodingError, aiohttp.ClientError, OSError)


@dataclass
class Exchange:
    """A call under way. ``status`` is that of its answer, once there is one."""

    status: int | None = None


@contextlib.contextmanager
def timed(dependency: str, operation: Operation) -> Iterator[Exchange]:
    """Time a call. Whoever makes it notes the answer's status in what is yielded.

    Args:
        dependency: ``kubernetes``, ``supabase``, ``backend`` or ``stripe``.
        operation: What is called.
    """
    exchange = Exchange()
    started, code = time.perf_counter(), None
    try:
        yield exchange
    except BaseException as error:
        code = _code_of(error) or _class_of(exchange)
        raise
    else:
        code = _class_of(exchange)
    finally:
        if code is not None:
            SECONDS.labels(dependency, operation, code).observe(time.perf_counter() - started)


def _class_of(exchange: Exchange) -> str | None:
    """Put a status into its class; one of no known class is the server's fault."""
    return None if exchange.status is None else _CLASSES.get(exchange.status // 100, "5xx")


def _code_of(error: BaseException) -> str | None:
    """Say how a call ended that met this error; None where it is not of the network."""
    for each in (error, error.__cause__):  # stripe's client raises its own error from the network's
        if isinstance(each, _UNREACHABLE):
            return "unreachable"
        if isinstance(each, _TIMEOUT):
            return "timeout"
        if isinstance(each, _CUT):
            return "cut"
    return None
