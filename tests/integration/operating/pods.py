"""What a kubelet would make of the manifests in the API server: processes of this machine, with Secrets as folders.

Where a test has no node, this reads a Deployment or a Job back from the API server, so that what a command has changed
there is what the program is told.
"""

import asyncio
import base64
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from pds_clients.kubernetes import MERGE_PATCH, KubernetesApi
from pds_stack.paths import repository
from pds_stack.ports import free_ports
from stages.operator_stage import is_ready

from .ground import Ground

BIN = Path(sys.executable).parent
MANIFESTS = repository() / "deploy" / "base"
KINDS = {"ConfigMap", "CronJob", "Deployment"}
START_SECONDS, STOP_SECONDS = 60.0, 60.0

QUICK = {"PDS_CLAIM_SECONDS": "2", "PDS_DEPLOY_TIMEOUT": "2", "PDS_SETTLE_SECONDS": "0.1", "PDS_RETRY_BASE": "0.05"}

Json = dict[str, Any]


@dataclass(frozen=True)
class Mounted:
    """A Secret, by its name, and the folder where a program finds it."""

    name: str
    folder: Path


@dataclass(frozen=True)
class Pod:
    """A program that runs, as its Pod would.

    Args:
        process: The program.
        log: What it writes.
        ports: Its ports, by the names of their settings.
        secret: Its Secret.
    """

    process: asyncio.subprocess.Process
    log: Path
    ports: Mapping[str, int]
    secret: Mounted


@dataclass
class Pods:
    """The installed programs of one ground.

    Args:
        ground: Whose.
        more: Settings over those of the manifests: what they could not know of this machine.
        api: The cluster; None for the stage's.
    """

    ground: Ground
    more: Mapping[str, str] = field(default_factory=dict)
    api: KubernetesApi | None = None
    started: int = 0

    async def install(self, **secrets: Mapping[str, str]) -> None:
        """Put the programs' manifests, and their Secrets, into the namespace that stands for ``pds-system``."""
        program = await asyncio.create_subprocess_exec(
            "kubectl", "kustomize", MANIFESTS, env=self.ground.environment, stdout=asyncio.subprocess.PIPE
        )
        rendered, _ = await program.communicate()
        assert program.returncode == 0, "the manifests cannot be rendered"
        for manifest in yaml.safe_load_all(self.ground.here(rendered.decode())):
            if manifest["kind"] in KINDS:
                await self._create(manifest)
        for name, data in secrets.items():
            metadata = {"name": f"pds-{name}", "namespace": self.ground.system}
            await self._create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": dict(data)})

    async def replace_secret(self, name: str, data: Mapping[str, str]) -> None:
        """Put other values into a Secret."""
        path = f"{self._path('v1', 'secrets')}/{name}"
        await self._cluster().call("PATCH", path, body={"stringData": dict(data)}, content_type=MERGE_PATCH)

    async def replicas(self, name: str) -> int:
        """Return how many pods a Deployment asks for."""
        asked: int = (await self._read("apps/v1", "deployments", name))["spec"]["replicas"]
        return asked

    @contextlib.asynccontextmanager
    async def running(self, name: str) -> AsyncIterator[Pod]:
        """Run what a Deployment asks for, until the block ends; it has to end as SIGTERM ends it."""
        deployment = await self._read("apps/v1", "deployments", name)
        assert deployment["spec"]["replicas"], f"{name} is scaled to 0"
        pod = await self._start(deployment["spec"]["template"]["spec"])
        try:
            await self._ready(pod)
            yield pod
            pod.process.terminate()
            async with asyncio.timeout(STOP_SECONDS):
                assert await pod.process.wait() == 0, pod.log.read_text()
        finally:
            if pod.process.returncode is None:
                pod.process.kill()
                await pod.process.wait()

    async def finished(self, job: str) -> str:
        """Run what a Job asks for to its end, and return its log."""
        pod = await self._start((await self._read("batch/v1", "jobs", job))["spec"]["template"]["spec"])
        async with asyncio.timeout(STOP_SECONDS):
            await pod.process.wait()
        return pod.log.read_text()

    async def refresh(self, secret: Mounted) -> None:
        """Bring a Secret's change to a program's files, as the kubelet does: a new folder, swapped in at once."""
        data = (await self._read("v1", "secrets", secret.name)).get("data", {})
        newest = secret.folder / f"..{len(list(secret.folder.iterdir()))}"
        newest.mkdir()
        for name, value in data.items():
            (newest / name).write_bytes(base64.b64decode(value))
            link = secret.folder / name
            if not link.is_symlink():
                link.symlink_to(Path("..data") / name)
        swapped = secret.folder / "..data_tmp"
        swapped.symlink_to(newest.name)
        swapped.rename(secret.folder / "..data")

    async def _start(self, spec: Json) -> Pod:
        self.started += 1
        (container,) = spec["containers"]
        (volume,) = (volume for volume in spec["volumes"] if "secret" in volume)
        home = self.ground.folder / f"pod-{self.started}"
        home.mkdir()
        port, admin_port = free_ports(2)
        ports = {"PORT": port, "ADMIN_PORT": admin_port}
        mounted = Mounted(volume["secret"]["secretName"], home / "secrets")
        mounted.folder.mkdir()
        await self.refresh(mounted)
        command: list[str] = container["command"] + container.get("args", [])
        log = home / "log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                BIN / command[0],
                *command[1:],
                env={
                    "PATH": os.environ["PATH"],
                    **await self._environment(container),
                    **self._of_this_machine(),
                    **{name: str(number) for name, number in ports.items()},
                    "PORTAL_URL": f"http://127.0.0.1:{port}",
                    "SECRETS_DIR": str(mounted.folder),
                },
                stdout=output,
                stderr=output,
            )
        return Pod(process, log, ports, mounted)

    async def _environment(self, container: Json) -> dict[str, str]:
        told: dict[str, str] = {}
        for source in container.get("envFrom", []):
            told |= (await self._read("v1", "configmaps", source["configMapRef"]["name"]))["data"]
        return told | {one["name"]: one["value"] for one in container.get("env", [])}

    def _of_this_machine(self) -> dict[str, str]:
        names = ("KUBECONFIG", "SUPABASE_URL", "PDS_API_URL", "PDS_NAMESPACE", "PDS_BASE_DOMAIN", "NO_PROXY")
        told = {name: self.ground.environment[name] for name in names}
        return {**told, "PDS_LEASE_NAMESPACE": self.ground.system, "STRIPE_LIVEMODE": "false", **QUICK, **self.more}

    async def _ready(self, pod: Pod) -> None:
        url = f"http://127.0.0.1:{pod.ports['ADMIN_PORT']}"
        async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(base_url=url, trust_env=False) as client:
            while not await is_ready(client):
                assert pod.process.returncode is None, pod.log.read_text()
                await asyncio.sleep(0.05)

    async def _create(self, manifest: Json) -> None:
        path = self._path(manifest["apiVersion"], f"{manifest['kind'].lower()}s")
        await self._cluster().call("POST", path, body=manifest)

    async def _read(self, version: str, plural: str, name: str) -> Json:
        return await self._cluster().call("GET", f"{self._path(version, plural)}/{name}")

    def _cluster(self) -> KubernetesApi:
        return self.api or self.ground.stage.api

    def _path(self, version: str, plural: str) -> str:
        group = f"apis/{version}" if "/" in version else f"api/{version}"
        return f"/{group}/namespaces/{self.ground.system}/{plural}"
