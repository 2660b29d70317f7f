"""The state of the simulated backend: which PDSes exist, how it behaves, what it received.

A deploy is a PDS made, not a POST seen: :attr:`BackendSimulator.services` is the list to count in.
"""

import asyncio
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from pds_stack.backend.behaviour import Behaviour, Endpoint, Fault, check_timeline
from pds_stack.backend.bodies import DeployBody
from pds_stack.backend.request_log import RequestLog
from pds_stack.backend.service import PdsService, Timeline

FIRST_ID = 800


class Interrupted(Exception):
    """A waiting request is to end without effect or answer."""


class Refused(Exception):
    """The backend refuses a call, with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass
class _Waiting:
    """What the requests that are waiting have in common."""

    over: asyncio.Event = field(default_factory=asyncio.Event)
    cut: bool = False


class BackendSimulator:
    """The simulated backend. A test in the same process reads and changes it at any time between two awaits.

    Args:
        token: The bearer token to accept.
        clock: Seconds, monotonic.
        first_id: The first PDS's id. Backends whose PDSes are mirrored in one database need ids of their own.
    """

    def __init__(self, token: str, *, clock: Callable[[], float] = time.monotonic, first_id: int = FIRST_ID) -> None:
        if not token:
            raise ValueError("the simulated backend needs a token that is not empty")
        self.behaviour = Behaviour()
        self.requests = RequestLog()
        self.clock = clock
        self._first_token = token
        self._first_id = self._next_id = first_id
        self._services: dict[int, PdsService] = {}
        self._waiting = _Waiting()

    @property
    def services(self) -> list[PdsService]:
        """All PDSes, in the order in which they were made."""
        return list(self._services.values())

    @property
    def token(self) -> str:
        """The bearer token that is accepted now."""
        return self.behaviour.token or self._first_token

    def accepts(self, token: str) -> bool:
        """Say whether a bearer token is the accepted one."""
        return hmac.compare_digest(token.encode(errors="surrogateescape"), self.token.encode())

    def change(self, /, **changes: object) -> Behaviour:
        """Change the named fields of the behaviour and return it; a bad one raises ValidationError and none changes."""
        kept = {name: getattr(self.behaviour, name) for name in Behaviour.model_fields}
        self.behaviour = Behaviour.model_validate({**kept, **changes})
        return self.behaviour

    def find(self, service_id: int) -> PdsService | None:
        """Return the PDS of an id."""
        return self._services.get(service_id)

    def at_hostname(self, hostname: str) -> list[PdsService]:
        """Return all PDSes of a hostname, in the order in which they were made: more than one is a deploy too many."""
        return [service for service in self._services.values() if service.hostname == hostname.lower()]

    def deploy(self, body: DeployBody, idempotency_key: str | None) -> PdsService:
        """Let a deploy take effect, as ``repeated_deploy`` has it; raises Refused."""
        if self.behaviour.repeated_deploy == "same" and idempotency_key is not None:
            for made in self._services.values():
                if made.idempotency_key != idempotency_key:
                    continue
                if made.fingerprint != body.fingerprint():
                    raise Refused(422, "This idempotency key was used with another body.")
                return made
        if self.behaviour.repeated_deploy != "second" and self.at_hostname(body.hostname):
            raise Refused(409, "A service with this hostname already exists.")
        return self._make(body, idempotency_key, "deploy", list(self.behaviour.states))

    def plant(
        self, body: DeployBody, *, states: Timeline | None = None, idempotency_key: str | None = None
    ) -> PdsService:
        """Make a PDS behind everybody's back, as a stranger or an earlier deploy would have."""
        return self._make(body, idempotency_key, "control", check_timeline(states or list(self.behaviour.states)))

    def remove(self, service: PdsService) -> None:
        """Let a PDS vanish: its id is not found any more."""
        del self._services[service.id]

    def take_fault(self, endpoint: Endpoint, hostname: str | None) -> Fault | None:
        """Return the first fault that fits a call and use it up by one time."""
        faults = self.behaviour.faults
        for place, fault in enumerate(faults):
            if fault.endpoint == endpoint and fault.fits(hostname):
                rest = fault.spent_once()
                left = [*faults[:place], *([rest] if rest else []), *faults[place + 1 :]]
                self.behaviour = self.behaviour.model_copy(update={"faults": left})
                return fault
        return None

    async def wait(self, seconds: float | None) -> None:
        """Wait that long, or for ever for None; raises Interrupted once the simulator stops or forgets."""
        if seconds == 0:
            return
        waiting = self._waiting
        try:
            async with asyncio.timeout(seconds):
                await waiting.over.wait()
        except TimeoutError:
            return
        if waiting.cut:
            raise Interrupted

    def interrupt(self) -> None:
        """Cut all requests that are waiting; those that have not taken effect do not."""
        self._end_waiting(cut=True)

    def hurry(self) -> None:
        """Let all requests that are waiting go on at once."""
        self._end_waiting(cut=False)

    def _end_waiting(self, *, cut: bool) -> None:
        waiting, self._waiting = self._waiting, _Waiting()
        waiting.cut = cut
        waiting.over.set()

    def forget(self) -> None:
        """Go back to the beginning: no PDS, no log, default behaviour, first token and id; waiting requests are cut."""
        self.interrupt()
        self._services.clear()
        self.requests.clear()
        self.behaviour = Behaviour()
        self._next_id = self._first_id

    def _make(
        self, body: DeployBody, idempotency_key: str | None, origin: Literal["deploy", "control"], timeline: Timeline
    ) -> PdsService:
        now = self.clock()
        service = PdsService(
            id=self._next_id,
            hostname=body.hostname,
            username=body.username,
            email=body.email,
            password=body.password,
            disksize=body.disksize,
            idempotency_key=idempotency_key,
            fingerprint=body.fingerprint(),
            origin=origin,
            made_at=now,
            timeline=timeline,
            timeline_from=now,
        )
        self._next_id += 1
        self._services[service.id] = service
        return service
