"""The log of what the simulated backend received: a test asks it how often, with which key and body it was called.

It holds no token and no password: of a password only its SHA-256, which shows whether each try sent the same one.
"""

import hashlib
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from pydantic import JsonValue

SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(kw_only=True)
class LoggedRequest:
    """One received request; ``at`` and ``ended_at`` are monotonic seconds of the simulator's clock.

    ``status`` is there once it was answered; ``outcome`` tells an answer from a connection cut and from one that hangs.
    ``body`` is there if it was a JSON object.
    """

    number: int
    method: str
    path: str
    at: float
    headers: dict[str, str]
    body: dict[str, JsonValue] | None
    password_sha256: str | None
    status: int | None = None
    outcome: Literal["pending", "answered", "cut", "hanging"] = "pending"
    ended_at: float | None = None

    @property
    def idempotency_key(self) -> str | None:
        """The key that the request carried, if any."""
        return next((value for name, value in self.headers.items() if name.lower() == "idempotency-key"), None)

    def end(self, outcome: Literal["answered", "cut"], at: float, status: int | None = None) -> None:
        """Note how the request ended."""
        self.outcome, self.ended_at, self.status = outcome, at, status

    def as_json(self) -> dict[str, JsonValue]:
        """Return the entry as the control endpoint shows it."""
        return {**asdict(self), "idempotency_key": self.idempotency_key}


class RequestLog:
    """The received requests in their order, the oldest dropped beyond a bound that no test comes near."""

    def __init__(self, bound: int = 100_000) -> None:
        self._entries: deque[LoggedRequest] = deque(maxlen=bound)
        self._received = 0

    def add(self, *, method: str, path: str, at: float, headers: Mapping[str, str], body: bytes) -> LoggedRequest:
        """Record a request at its arrival and return its entry, to be ended later."""
        self._received += 1
        kept, password_sha256 = without_password(body)
        entry = LoggedRequest(
            number=self._received,
            method=method,
            path=path,
            at=at,
            headers={name: value for name, value in headers.items() if name.lower() not in SECRET_HEADERS},
            body=kept,
            password_sha256=password_sha256,
        )
        self._entries.append(entry)
        return entry

    def select(self, path: str | None = None, method: str | None = None) -> list[LoggedRequest]:
        """Return the requests of a path (a whole one, or what begins with it if it ends with a slash) and a method."""
        return [
            entry
            for entry in self._entries
            if (path is None or entry.path == path or (path.endswith("/") and entry.path.startswith(path)))
            and (method is None or entry.method == method.upper())
        ]

    def clear(self) -> None:
        """Forget all requests; the numbers begin again at 1."""
        self._entries.clear()
        self._received = 0


def without_password(body: bytes) -> tuple[dict[str, JsonValue] | None, str | None]:
    """Return a body's JSON object without its password, and the password's SHA-256 in hex; None for what is missing."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return None, None
    if not isinstance(parsed, dict):
        return None, None
    password = parsed.pop("password", None)
    if not isinstance(password, str):
        return parsed, None
    return parsed, hashlib.sha256(password.encode()).hexdigest()
