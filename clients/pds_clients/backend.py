"""The PDS backend: is there a PDS under this hostname, make one, how is it doing.

Answers' bodies can carry confidential data: nothing of them reaches an error or a log.
"""

import asyncio
import json
import math
import re
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload

from pds_clients.backend_requests import HEADERS, LOOK_TIMEOUT, bearer
from pds_clients.network import pool
from pds_clients.retry_after import seconds_to_wait
from pds_clients.timing import Operation, timed
from pds_contract.deploy import (
    Deployed,
    DeployOutcome,
    DeployRequest,
    NotSent,
    OutcomeUnknown,
    Presence,
    Rejected,
    Throttled,
    Unauthorized,
)
from pds_contract.errors import CredentialsRejected, NotFound, Refused, TryLater
from pds_contract.service import ServiceState, parse_json, service_id_of

CONNECT_TIMEOUT = 10.0
_NO_SUCH_CALL = {404, 405, 501}
_IN_DOUBT = {408, 425}
_QUANTITY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([KMGT]i|[kMGT])", re.ASCII)
_BYTES = {
    **{suffix: 1024**power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti"), 1)},
    **{suffix: 1000**power for power, suffix in enumerate(("k", "M", "G", "T"), 1)},
}


@dataclass(frozen=True)
class Service:
    """A service as ``GET /service/{id}`` shows it, as far as the operator needs it.

    Args:
        hostname: In lower case; None where the answer holds none.
        state: Its state.
        disksize_gb: Its disk in whole GiB, rounded up; None where the answer does not say.
    """

    hostname: str | None
    state: ServiceState
    disksize_gb: int | None = None


@dataclass(frozen=True)
class _Answer:
    """A whole answer, whatever its status."""

    status: int
    content: bytes = field(repr=False)
    retry_after: str | None


class PdsBackend:
    """The PDS deploy API; an async context manager.

    Args:
        base_url: For example ``https://k8s-pds.frx.pub/api/v1``.
        token: Returns the bearer token.
        deploy_timeout: Seconds that a deploy may take from its first byte to its whole answer.
    """

    def __init__(self, base_url: str, token: Callable[[], str], deploy_timeout: float) -> None:
        self._base_url = base_url
        self._token = token
        self._deploy_timeout = deploy_timeout
        self._opened = AsyncExitStack()
        self._looks: aiohttp.ClientSession
        self._deploys: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._looks = await self._opened.enter_async_context(pool(self._base_url, LOOK_TIMEOUT, HEADERS))
        # A deploy never goes over a used connection: one that the server has just closed would leave its outcome
        # unknown. Its deadline is not aiohttp's, which would begin before the connection stands.
        self._deploys = await self._opened.enter_async_context(pool(self._base_url, None, HEADERS, keep_alive=False))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.aclose()

    async def presence(self, hostname: str) -> Presence:
        """Ask whether a PDS exists under this hostname.

        Raises:
            TryLater, CredentialsRejected, Refused.
        """
        response = await self._look(Operation.CHECK_PDS, "POST", "/check-pds", {"hostname": hostname})
        if response.status in _NO_SUCH_CALL:
            return Presence.NO_PROBE
        answer = _mapping(_document(response))
        if not isinstance(answer.get("exists"), bool):
            raise TryLater("backend", "the backend's check-pds gave an unusable answer", response.status)
        return Presence.EXISTS if answer["exists"] else Presence.ABSENT

    async def service(self, service_id: int) -> Service:
        """Read a service.

        Raises:
            NotFound: The backend knows no such service.
            TryLater, CredentialsRejected, Refused.
        """
        answer = _mapping(_document(await self._look(Operation.GET_SERVICE, "GET", f"/service/{service_id}")))
        nested = (_mapping(answer.get(key)) for key in ("data", "service"))
        document = next((each for each in (answer, *nested) if "state" in each), None)
        if document is None:
            raise TryLater("backend", "the backend's answer about a service has no state in it")
        config = _mapping(document.get("encrypted_config"))
        hostname = document.get("hostname") or config.get("hostname")
        return Service(
            hostname=hostname.lower() if isinstance(hostname, str) else None,
            state=ServiceState.of(document["state"]),
            disksize_gb=_whole_gib(_mapping(config.get("dataStorage")).get("size")),
        )

    async def deploy(self, request: DeployRequest, idempotency_key: str, in_time: Callable[[], bool]) -> DeployOutcome:
        """Send one deploy, at most once, and say how it ended; never raises for what the network does.

        Args:
            request: What to deploy.
            idempotency_key: The Idempotency-Key header.
            in_time: Asked when the connection stands, right before the request is handed to the kernel, headers and
                body in one piece; where it says no, nothing is sent.
        """
        attempt = _Attempt(request, in_time, self._deploy_timeout)
        try:
            headers = {**bearer(self._token), "Idempotency-Key": idempotency_key}
        except CredentialsRejected as error:
            return NotSent(str(error))
        try:
            with timed("backend", Operation.DEPLOY) as exchange:
                exchange.status = await self._send(attempt, headers)
        except _TooLateError:
            return NotSent("the time to send the deploy was over before the connection stood")
        except (aiohttp.ClientError, ValueError, TimeoutError, OSError) as error:
            if attempt.answer is not None:
                # The rest of the answer was lost; its status says what became of the deploy.
                return _outcome(attempt.answer)
            if attempt.sent:
                return OutcomeUnknown(f"the deploy was sent and got no answer ({type(error).__name__})")
            return NotSent(f"the backend could not be reached ({type(error).__name__})")
        assert attempt.answer is not None  # noqa: S101 - there was a status; for mypy
        return _outcome(attempt.answer)

    async def _send(self, attempt: "_Attempt", headers: Mapping[str, str]) -> int:
        url = f"{self._base_url}/deploy"
        try:
            async with (
                asyncio.timeout(CONNECT_TIMEOUT) as attempt.scope,
                self._deploys.post(url, data=attempt, headers=headers, allow_redirects=False) as response,
            ):
                retry_after = response.headers.get("Retry-After")
                attempt.answer = _Answer(response.status, b"", retry_after)
                attempt.answer = _Answer(response.status, await response.read(), retry_after)
                return response.status
        except aiohttp.ClientConnectionError:
            if attempt.too_late:  # which aiohttp takes for the connection's fault
                raise _TooLateError from None
            raise

    async def _look(self, operation: Operation, method: str, path: str, body: object = None) -> _Answer:
        headers = bearer(self._token)
        try:
            with timed("backend", operation) as exchange:
                async with self._looks.request(
                    method, f"{self._base_url}{path}", json=body, headers=headers, allow_redirects=False
                ) as response:
                    exchange.status = response.status
                    return _Answer(response.status, await response.read(), response.headers.get("Retry-After"))
        except (aiohttp.ClientError, ValueError, TimeoutError, OSError) as error:
            raise TryLater("backend", f"the backend gave no answer ({type(error).__name__})") from None


class _TooLateError(Exception):
    """Raised at the first byte of a deploy whose claim has run out."""


class _Attempt(BytesPayload):
    """One deploy's body: aiohttp asks for it when the connection stands, and has sent nothing until then."""

    def __init__(self, request: DeployRequest, in_time: Callable[[], bool], timeout: float) -> None:
        body = {
            "username": request.username,
            "password": request.password,
            "email": request.email,
            "hostname": request.hostname,
            "disksize": request.disksize,
        }
        super().__init__(json.dumps(body).encode(), content_type="application/json")
        self._in_time = in_time
        self._timeout = timeout
        self.too_late = False
        self.scope: asyncio.Timeout
        self.sent = False
        self.answer: _Answer | None = None

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send the headers, which aiohttp holds back for this, and the body; no await may come after the clock."""
        if self.sent:
            raise _TooLateError  # aiohttp repeats no POST by itself; should it, this one is not sent twice
        self.scope.reschedule(asyncio.get_running_loop().time() + self._timeout)
        if not self._in_time():
            self.too_late = True
            raise _TooLateError
        self.sent = True
        await super().write_with_length(writer, content_length)


def _outcome(answer: _Answer) -> DeployOutcome:
    status = answer.status
    if 200 <= status < 300:
        try:
            return Deployed(service_id_of(parse_json(answer.content)))
        except ValueError:
            return Deployed(None)
    retry_after = seconds_to_wait(answer.retry_after)
    if status >= 500 or status in _IN_DOUBT:
        return OutcomeUnknown(f"the backend answered the deploy with {status}", retry_after)
    if status == 429:
        return Throttled(retry_after)
    if status in {401, 403}:
        return Unauthorized(status)
    return Rejected(status)


def _document(answer: _Answer) -> object:
    status = answer.status
    said = f"the backend answered {status}"
    if 200 <= status < 300:
        try:
            return parse_json(answer.content)
        except ValueError:
            raise TryLater("backend", f"{said} with what is no JSON", status) from None
    if status in {401, 403}:
        raise CredentialsRejected("backend", f"{said}: it does not accept PDS_API_TOKEN", status)
    if status == 404:
        raise NotFound("backend", said, status)
    if status in {408, 425, 429} or status >= 500:
        raise TryLater("backend", said, status, seconds_to_wait(answer.retry_after))
    raise Refused("backend", said, status)


def _whole_gib(quantity: object) -> int | None:
    """Read an amount of storage as Kubernetes writes it (``10Gi``, ``1Ti``, ``20G``), in whole GiB, rounded up."""
    match = _QUANTITY.fullmatch(quantity.strip()) if isinstance(quantity, str) else None
    return math.ceil(Decimal(match[1]) * _BYTES[match[2]] / _BYTES["Gi"]) if match else None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
