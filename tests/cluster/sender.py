"""A pod of its own namespace that sends requests for us: to Services and pods, as others in the cluster reach them.

Nothing that a laptop opens into a cluster would do: a port forward leads to one pod, past the Service, and breaks with
it; addresses of nodes and Services are not to be reached from outside everywhere.
"""

import asyncio
import contextlib
import itertools
import json
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.failed import Failed
from cluster.kubernetes import Kubernetes

NAMESPACE = "pds-e2e"
_POD = "sender"
_START_SECONDS = 300
_IN_POD = Path(__file__).with_name("in_pod.py")
_LARGEST_ANSWER = 4 * 2**20


@dataclass(frozen=True)
class Answer:
    """What came of a request: status, headers and body, or what kept the answer away."""

    seconds: float
    status: int | None = None
    headers: Sequence[tuple[str, str]] = ()
    body: str = ""
    error: str | None = None

    def __str__(self) -> str:
        """What to tell of it."""
        if self.error is not None:
            return self.error
        return f"{self.status} {self.body[:200].strip()}"


class Sender:
    """Sends through the pod. Made by ``sender``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._awaited: dict[int, asyncio.Future[Answer]] = {}

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """GET a URL."""
        return await self._exchange("GET", url, headers or {}, "")

    async def post(self, url: str, headers: Mapping[str, str], body: str) -> Answer:
        """POST a body to a URL."""
        return await self._exchange("POST", url, headers, body)

    async def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: str) -> Answer:
        number = next(self._numbers)
        asked = {"number": number, "method": method, "url": url, "headers": dict(headers), "body": body}
        stdin = self._process.stdin
        if self._process.returncode is not None or stdin is None:
            raise Failed("the pod that sends has gone, or the connection to it")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._awaited[number] = future
        stdin.write(json.dumps(asked).encode() + b"\n")
        return await future

    async def read(self) -> None:
        """Hand the answers over until the pod or the connection to it has gone."""
        stdout = self._process.stdout
        assert stdout is not None
        async for line in stdout:
            came = json.loads(line)
            awaited = self._awaited.pop(came.pop("number"))
            if not awaited.done():
                awaited.set_result(Answer(**came))
        for awaited in self._awaited.values():
            if not awaited.done():
                awaited.set_exception(Failed("the pod that sends has gone, or the connection to it"))


@contextlib.asynccontextmanager
async def sender(kubernetes: Kubernetes, image: str) -> AsyncIterator[Sender]:
    """Run the pod, and send through it until the block ends; its namespace stays."""
    await kubernetes.kubectl.apply([], given=json.dumps(_manifest(image)))
    wait = ("wait", "pod", _POD, "-n", NAMESPACE, "--for=condition=Ready", f"--timeout={_START_SECONDS}s")
    await kubernetes.kubectl(*wait)
    kubectl = kubernetes.kubectl
    script = await asyncio.to_thread(_IN_POD.read_text)
    process = await asyncio.create_subprocess_exec(
        *(kubectl.program, f"--kubeconfig={kubectl.kubeconfig}", "exec", "-i", "-n", NAMESPACE, _POD),
        *("--", "python", "-u", "-c", script),
        stdin=PIPE,
        stdout=PIPE,
        limit=_LARGEST_ANSWER,
        start_new_session=True,
    )
    opened = Sender(process)
    reading = asyncio.create_task(opened.read(), name="answers of the sender")
    try:
        yield opened
    finally:
        reading.cancel()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _manifest(image: str) -> dict[str, Any]:
    """Return the namespace and the pod, which a cluster that enforces PodSecurity's ``restricted`` everywhere takes."""
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": restricted}}
    container = {
        "name": "sender",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-c", "import signal; signal.sigwait([signal.SIGTERM])"],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    spec = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,  # nothing in it is worth waiting for
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": _POD, "namespace": NAMESPACE}, "spec": spec}
    return {"apiVersion": "v1", "kind": "List", "items": [namespace, pod]}
