"""The PDS backend: is there a PDS under this hostname, make one, how is it doing.

Answers' bodies can carry confidential data: nothing of them reaches an error or a log.
"""

import asyncio
import math
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import httpx

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

LOOK_TIMEOUT = 10.0
CONNECT_TIMEOUT = 10.0
HEADERS = {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}
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


class Bearer(httpx.Auth):
    """The backend's bearer token: it is read anew for each request, since it may be rotated."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign a request."""
        token = self._token()
        if not token.isascii() or not token.isprintable():
            raise CredentialsRejected("backend", "PDS_API_TOKEN holds what no token can, as a line break; mend it")
        request.headers["Authorization"] = f"Bearer {token}"
        yield request


class PdsBackend:
    """The PDS deploy API; an async context manager.

    Args:
        base_url: For example ``https://k8s-pds.frx.pub/api/v1``.
        token: Returns the bearer token.
        deploy_timeout: Seconds that a deploy may take from its first byte to its whole answer.
    """

    def __init__(self, base_url: str, token: Callable[[], str], deploy_timeout: float) -> None:
        auth = Bearer(token)
        self._looks = httpx.AsyncClient(base_url=base_url, auth=auth, headers=HEADERS, timeout=LOOK_TIMEOUT)
        # A deploy never goes over a used connection: one that the server has just closed would leave its outcome
        # unknown. HTTP/1.1 and no retries, for the deadline below is checked at its first byte.
        self._deploys = httpx.AsyncClient(
            base_url=base_url,
            auth=auth,
            headers=HEADERS,
            timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT),
            limits=httpx.Limits(max_keepalive_connections=0),
            http2=False,
        )
        self._deploy_timeout = deploy_timeout

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._looks.aclose()
        await self._deploys.aclose()

    async def presence(self, hostname: str) -> Presence:
        """Ask whether a PDS exists under this hostname.

        Raises:
            TryLater, CredentialsRejected, Refused.
        """
        response = await self._look(Operation.CHECK_PDS, "POST", "/check-pds", {"hostname": hostname})
        if response.status_code in _NO_SUCH_CALL:
            return Presence.NO_PROBE
        answer = _mapping(_answer(response))
        if not isinstance(answer.get("exists"), bool):
            raise TryLater("backend", "the backend's check-pds gave an unusable answer", response.status_code)
        return Presence.EXISTS if answer["exists"] else Presence.ABSENT

    async def service(self, service_id: int) -> Service:
        """Read a service.

        Raises:
            NotFound: The backend knows no such service.
            TryLater, CredentialsRejected, Refused.
        """
        answer = _mapping(_answer(await self._look(Operation.GET_SERVICE, "GET", f"/service/{service_id}")))
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
            in_time: Asked when the connection stands, right before the request's first byte, where nothing is sent
                if it says no; and again before its body, without which the backend can do nothing.
        """
        attempt = _Attempt(in_time, self._deploy_timeout)
        try:
            with timed("backend", Operation.DEPLOY) as exchange:
                response = await self._send(request, idempotency_key, attempt)
                exchange.status = response.status_code
        except CredentialsRejected as error:
            return NotSent(str(error))
        except _TooLateError:
            if attempt.sent:
                return OutcomeUnknown("the time to send the deploy was over when only its headers were out")
            return NotSent("the time to send the deploy was over before the connection stood")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            if attempt.answer is not None:
                # The rest of the answer was lost; its status says what became of the deploy.
                return _outcome(*attempt.answer, b"")
            if attempt.sent:
                return OutcomeUnknown(f"the deploy was sent and got no answer ({type(error).__name__})")
            return NotSent(f"the backend could not be reached ({type(error).__name__})")
        return _outcome(response.status_code, response.headers, response.content)

    async def _send(self, request: DeployRequest, idempotency_key: str, attempt: "_Attempt") -> httpx.Response:
        async with asyncio.timeout(CONNECT_TIMEOUT) as attempt.scope:
            return await self._deploys.post(
                "/deploy",
                json={
                    "username": request.username,
                    "password": request.password,
                    "email": request.email,
                    "hostname": request.hostname,
                    "disksize": request.disksize,
                },
                headers={"Idempotency-Key": idempotency_key},
                extensions={"trace": attempt.trace},
            )

    async def _look(self, operation: Operation, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            with timed("backend", operation) as exchange:
                # httpx's own time-out begins anew with each byte.
                async with asyncio.timeout(LOOK_TIMEOUT):
                    response = await self._looks.request(method, path, json=body)
                exchange.status = response.status_code
                return response
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise TryLater("backend", f"the backend gave no answer ({type(error).__name__})") from None


class _TooLateError(Exception):
    """Raised at the first byte of a deploy whose claim has run out, or of its body."""


class _Attempt:
    """Watches one deploy's request for the moments in which it, and then its body, begin to be sent."""

    def __init__(self, in_time: Callable[[], bool], timeout: float) -> None:
        self._in_time = in_time
        self._timeout = timeout
        self.sent = False
        self.answer: tuple[int, httpx.Headers] | None = None
        self.scope: asyncio.Timeout

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Httpx's ``trace`` extension calls this; no await may come between the look at the clock and the send."""
        if event == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            self.scope.reschedule(asyncio.get_running_loop().time() + self._timeout)
            if not self._in_time():
                raise _TooLateError
            self.sent = True
        elif event == "http11.send_request_body.started" and self.sent:
            # httpcore lets others run between the headers and the body.
            if not self._in_time():
                raise _TooLateError
        elif event == "http11.receive_response_headers.complete" and self.sent:
            _, status, _, headers = info["return_value"]
            self.answer = (status, httpx.Headers(headers))


def _outcome(status: int, headers: httpx.Headers, content: bytes) -> DeployOutcome:
    if 200 <= status < 300:
        try:
            return Deployed(service_id_of(parse_json(content)))
        except ValueError:
            return Deployed(None)
    retry_after = seconds_to_wait(headers.get("Retry-After"))
    if status >= 500 or status in _IN_DOUBT:
        return OutcomeUnknown(f"the backend answered the deploy with {status}", retry_after)
    if status == 429:
        return Throttled(retry_after)
    if status in {401, 403}:
        return Unauthorized(status)
    return Rejected(status)


def _answer(response: httpx.Response) -> object:
    status = response.status_code
    said = f"the backend answered {status}"
    if 200 <= status < 300:
        try:
            return parse_json(response.content)
        except ValueError:
            raise TryLater("backend", f"{said} with what is no JSON", status) from None
    if status in {401, 403}:
        raise CredentialsRejected("backend", f"{said}: it does not accept PDS_API_TOKEN", status)
    if status == 404:
        raise NotFound("backend", said, status)
    if status in {408, 425, 429} or status >= 500:
        raise TryLater("backend", said, status, seconds_to_wait(response.headers.get("Retry-After")))
    raise Refused("backend", said, status)


def _whole_gib(quantity: object) -> int | None:
    """Read an amount of storage as Kubernetes writes it (``10Gi``, ``1Ti``, ``20G``), in whole GiB, rounded up."""
    match = _QUANTITY.fullmatch(quantity.strip()) if isinstance(quantity, str) else None
    return math.ceil(Decimal(match[1]) * _BYTES[match[2]] / _BYTES["Gi"]) if match else None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
