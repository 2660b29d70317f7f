"""Starts etcd and kube-apiserver, and makes what the product finds on any cluster: namespaces and its CRDs."""

import base64
import contextlib
import json
import secrets
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from pds_stack import paths
from pds_stack.kubernetes.kubectl import Kubectl
from pds_stack.kubernetes.programs import Programs
from pds_stack.ports import free_ports
from pds_stack.processes import Program, ready, running

SYSTEM_NAMESPACE = "pds-system"
CUSTOMERS_NAMESPACE = "pds-customers"
AUDIT_LOG = "audit.log"
"""Beside the kubeconfig: what ServiceAccounts asked for and were answered, one JSON document a line, without bodies."""
_START_SECONDS = 90.0


@dataclass(frozen=True)
class Cluster:
    """A running API server.

    Attributes:
        url: of the API.
        kubeconfig: a file with an administrator's token; readable by its owner alone.
        token: that token.
        authority: a file with the certificate authority of the API.
        kubectl: for this cluster.
        programs: what runs, to be watched.
    """

    url: str
    kubeconfig: Path
    token: str = field(repr=False)
    authority: Path
    kubectl: Kubectl
    programs: tuple[Program, ...]


@contextlib.asynccontextmanager
async def cluster(programs: Programs, folder: Path) -> AsyncIterator[Cluster]:
    """Run an API server with its data in `folder` (made here) until the block ends.

    Raises:
        StackError: it did not start, or a file of `crds/` was refused.
    """
    folder.mkdir(mode=0o700)  # noqa: ASYNC240 - takes microseconds
    async with _etcd(programs, folder) as (etcd, etcd_url), _api(programs, folder, etcd_url) as started:
        kubectl = Kubectl(programs.kubectl, started.kubeconfig)
        await kubectl.apply(_crds(), given=_namespaces())
        if crds := (await kubectl("get", "crds", "-o", "name")).split():
            await kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
            # At first an established one is answered for with 429 (its storage initializes), which kubectl waits out.
            await kubectl("get", ",".join(name.rpartition("/")[2] for name in crds), "--all-namespaces")
        yield Cluster(
            url=started.url,
            kubeconfig=started.kubeconfig,
            token=started.token,
            authority=started.authority,
            kubectl=kubectl,
            programs=(etcd, started.program),
        )


@contextlib.asynccontextmanager
async def _etcd(programs: Programs, folder: Path) -> AsyncIterator[tuple[Program, str]]:
    client, peer = (f"http://127.0.0.1:{port}" for port in free_ports(2))
    command: list[str | Path] = [
        programs.etcd,
        "--name=stack",
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=stack={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]
    async with running("etcd", command, folder) as program:
        async with httpx.AsyncClient(trust_env=False) as http:
            await program.ready(ready.answers(http, f"{client}/health"), _START_SECONDS)
        yield program, client


@dataclass(frozen=True)
class _Api:
    url: str
    kubeconfig: Path
    token: str = field(repr=False)
    authority: Path
    program: Program


@contextlib.asynccontextmanager
async def _api(programs: Programs, folder: Path, etcd: str) -> AsyncIterator[_Api]:
    (port,) = free_ports(1)
    url = f"https://127.0.0.1:{port}"
    token = secrets.token_urlsafe(32)
    tokens = folder / "tokens.csv"
    write_private(tokens, f"{token},admin,admin,system:masters\n")
    audit_policy = folder / "audit-policy.json"
    write_private(audit_policy, _audit_policy())
    certificates = folder / "certificates"
    authority, key = certificates / "apiserver.crt", certificates / "apiserver.key"
    command: list[str | Path] = [
        programs.kube_apiserver,
        f"--etcd-servers={etcd}",
        # The server makes its certificate here, signed by an authority of its own, before it reads any
        # other key: that one serves for ServiceAccounts' tokens too.
        f"--cert-dir={certificates}",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        "--endpoint-reconciler-type=none",
        f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC",
        f"--audit-policy-file={audit_policy}",
        f"--audit-log-path={folder / AUDIT_LOG}",
        "--service-cluster-ip-range=10.0.0.0/24",
        # Nothing here makes a ServiceAccount in a new namespace, which that plugin waits for.
        "--disable-admission-plugins=ServiceAccount",
    ]
    async with running("kube-apiserver", command, folder) as program:
        # It writes the key after the certificate: that one is whole then.
        await program.ready(ready.exists(key), _START_SECONDS)
        context = ssl.create_default_context(cafile=str(authority))
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(verify=context, headers=headers, trust_env=False) as client:
            await program.ready(ready.answers(client, f"{url}/readyz"), _START_SECONDS)
        kubeconfig = folder / "kubeconfig"
        write_private(kubeconfig, _kubeconfig(url, authority.read_text(), token))
        yield _Api(url, kubeconfig, token, authority, program)


def write_private(file: Path, text: str) -> None:
    """Write a new file that its owner alone can read, from its first byte on."""
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(text)


def _kubeconfig(url: str, authority: str, token: str) -> str:
    # JSON is YAML too.
    data = base64.b64encode(authority.encode()).decode()
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "stack",
                "cluster": {"server": url, "certificate-authority-data": data},
            }
        ],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "stack", "context": {"cluster": "stack", "user": "admin"}}],
        "current-context": "stack",
    }
    return json.dumps(content, indent=2)


def _audit_policy() -> str:
    # An administrator's requests are most of what there is, and nobody asks about them.
    rules = [{"level": "Metadata", "userGroups": ["system:serviceaccounts"]}, {"level": "None"}]
    return json.dumps(
        {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": rules}
    )


def _crds() -> list[Path]:
    # kustomization.yaml is for `kubectl apply -k`, and no manifest itself.
    return sorted(file for file in (paths.repository() / "crds").glob("*.yaml") if file.name != "kustomization.yaml")


def _namespaces() -> str:
    names = (SYSTEM_NAMESPACE, CUSTOMERS_NAMESPACE)
    items = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
