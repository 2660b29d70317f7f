"""The API server's audit log: what each ServiceAccount asked for, and what it was answered."""

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pds_clients.kubernetes import KubernetesApi
from pds_stack.kubernetes.server import AUDIT_LOG
from stages.service_accounts import RIGHTS, Right

PATIENCE = 20.0


@dataclass(frozen=True)
class Asked:
    """One request.

    Attributes:
        uri: Path and query.
        right: What is needed for it; None for a path that is no resource's, as of discovery.
        code: What was answered.
        message: Why not, where it was not done.
    """

    uri: str
    right: Right | None
    code: int
    message: str

    @classmethod
    def read(cls, event: Mapping[str, Any]) -> Self:
        reference = event.get("objectRef")
        right = None
        if reference is not None:
            subresource = reference.get("subresource")
            right = Right(
                namespace=reference.get("namespace", ""),
                verb=event["verb"],
                resource=f"{reference['resource']}/{subresource}" if subresource else reference["resource"],
                group=reference.get("apiGroup", ""),
                name=reference.get("name", ""),
            )
        answered = event["responseStatus"]
        return cls(event["requestURI"], right, answered["code"], answered.get("message", ""))

    def used(self, granted: frozenset[Right]) -> Right | None:
        """Return the right as it has to be granted: with the object's name only where a name is granted."""
        if self.right is None or self.right in granted:
            return self.right
        return self.right._replace(name="")


class AuditLog:
    """The log beside a stack's kubeconfig, from now on.

    Args:
        kubeconfig: The stack's.
    """

    def __init__(self, kubeconfig: str) -> None:
        self._file = Path(kubeconfig).with_name(AUDIT_LOG)
        self._from = self._file.stat().st_size

    async def of(self, username: str, api: KubernetesApi) -> list[Asked]:
        """Return what a user has asked for, to the last that was answered.

        Args:
            username: The user.
            api: The API server as this user reaches it: one more request marks the end.
        """
        mark = uuid.uuid4().hex
        await api.call("GET", "/version", query={"mark": mark})
        marker = f"/version?mark={mark}"
        async with asyncio.timeout(PATIENCE):
            while True:
                asked = self._read(lambda event: event["user"]["username"] == username)
                if any(each.uri == marker for each in asked):
                    return [each for each in asked if each.uri != marker]
                await asyncio.sleep(0.02)

    def _read(self, wanted: Callable[[Mapping[str, Any]], bool]) -> list[Asked]:
        with self._file.open("rb") as log:
            log.seek(self._from)
            whole, _, _ = log.read().rpartition(b"\n")
        return [Asked.read(event) for event in map(json.loads, whole.splitlines()) if wanted(event)]


def used(asked: list[Asked], account: str) -> frozenset[Right]:
    """Return the rights that requests made use of."""
    rights = (each.used(RIGHTS[account]) for each in asked)
    return frozenset(right for right in rights if right is not None)
