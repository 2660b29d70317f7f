"""The programs' ServiceAccounts as deploy/base gives them: their tokens, and what each may do, in words of our own."""

import json
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pds_clients.kubernetes import KubernetesApi
from pds_stack import paths
from pds_stack.kubernetes.server import write_private

DEPLOY = paths.repository() / "deploy"
SYSTEM = "pds-system"
CUSTOMERS = "pds-customers"

WEBHOOK = "pds-webhook"
BACKFILL = "pds-backfill"
OPERATOR = "pds-operator"
IMPORT = "pds-import"
PORTAL = "pds-portal"
NOBODY = "pds-nobody"
"""A ServiceAccount to which nothing is granted: what it may do, anybody may who is known to the API server."""

MANIFESTS = [
    *(DEPLOY / "base" / part / "rbac.yaml" for part in ("webhook", "operator", "backfill")),
    DEPLOY / "base" / "portal" / "service-account.yaml",
    *(DEPLOY / "base" / "admission" / f"{part}.yaml" for part in ("webhook", "operator")),
    DEPLOY / "examples" / "import-rbac.yaml",
]


class Right(NamedTuple):
    """One verb on one resource of one namespace; with a name, on that one object alone."""

    namespace: str
    verb: str
    resource: str
    group: str = ""
    name: str = ""

    def __str__(self) -> str:
        kind, slash, subresource = self.resource.partition("/")
        what = f"{kind}.{self.group}" if self.group else kind
        return f"{self.verb} {what}{slash}{subresource}{f' {self.name}' if self.name else ''} in {self.namespace}"


PDS, COORDINATION = "pds.eny.space", "coordination.k8s.io"

RIGHTS: dict[str, frozenset[Right]] = {
    WEBHOOK: frozenset(
        {
            Right(CUSTOMERS, "create", "pdsprovisions", PDS),
            Right(CUSTOMERS, "get", "pdsprovisions", PDS),
            Right(CUSTOMERS, "patch", "pdsprovisions", PDS),
        }
    ),
    BACKFILL: frozenset(
        {
            Right(CUSTOMERS, "create", "pdsprovisions", PDS),
            Right(CUSTOMERS, "get", "pdsprovisions", PDS),
            Right(CUSTOMERS, "patch", "pdsprovisions", PDS),
        }
    ),
    OPERATOR: frozenset(
        {
            Right(CUSTOMERS, "get", "pdsprovisions", PDS),
            Right(CUSTOMERS, "list", "pdsprovisions", PDS),
            Right(CUSTOMERS, "watch", "pdsprovisions", PDS),
            Right(CUSTOMERS, "patch", "pdsprovisions/status", PDS),
            Right(CUSTOMERS, "create", "secrets"),
            Right(CUSTOMERS, "get", "secrets"),
            Right(CUSTOMERS, "create", "events"),
            Right(SYSTEM, "create", "leases", COORDINATION),
            Right(SYSTEM, "get", "leases", COORDINATION, "pds-operator"),
            Right(SYSTEM, "patch", "leases", COORDINATION, "pds-operator"),
        }
    ),
    IMPORT: frozenset(
        {
            Right(CUSTOMERS, "create", "pdsprovisions", PDS),
            Right(CUSTOMERS, "get", "pdsprovisions", PDS),
            Right(CUSTOMERS, "list", "pdsprovisions", PDS),
            Right(CUSTOMERS, "create", "secrets"),
            Right(CUSTOMERS, "get", "secrets"),
        }
    ),
    # It has no business with the API server.
    PORTAL: frozenset(),
}
"""What each may do, and nothing else. Written here once more than in the manifests, so that neither changes alone."""


def username(account: str) -> str:
    """Return a ServiceAccount's name as the API server has it."""
    return f"system:serviceaccount:{SYSTEM}:{account}"


Accounts = Callable[[str], Awaitable[KubernetesApi]]
"""Connects to the API server as a ServiceAccount, once for each test."""


@dataclass(frozen=True)
class Kubectl:
    """kubectl with a kubeconfig."""

    program: Path
    kubeconfig: Path

    def __call__(self, *arguments: str | Path) -> str:
        """Return what kubectl prints; it has to succeed."""
        done = self._run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def complaint(self, *arguments: str | Path) -> str:
        """Return what kubectl complains of; nothing where it succeeds."""
        return self._run(*arguments).stderr

    def _run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [self.program, f"--kubeconfig={self.kubeconfig}", *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    def kubeconfig_of(self, account: str, folder: Path) -> Path:
        """Write a kubeconfig that holds a ServiceAccount's own token and the API server's authority, nothing else."""
        token = self("-n", SYSTEM, "create", "token", account).strip()
        (known,) = json.loads(self.kubeconfig.read_text())["clusters"]
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [known],
            "users": [{"name": account, "user": {"token": token}}],
            "contexts": [{"name": account, "context": {"cluster": known["name"], "user": account}}],
            "current-context": account,
        }
        file = folder / f"{account}.kubeconfig"
        write_private(file, json.dumps(content))
        return file
