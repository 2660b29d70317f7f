"""How much memory and processor time the programs use, as their own metrics tell it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from cluster.kubernetes import Kubernetes, Pod
from cluster.sender import Sender
from pds_stack.errors import StackError

_EVERY = 2.0
_MIB = 2**20
_NAMES = ("process_resident_memory_bytes", "process_cpu_seconds_total")


@dataclass
class Usage:
    """What the pods of one program used while it was looked at.

    Attributes:
        pods: Their names.
        most_bytes: Resident, of the largest.
        most_cores: The busiest one's processor time a second, over two seconds.
        cores: All pods' processor seconds, for the mean.
        seconds: All pods' seconds that were looked at.
    """

    pods: set[str] = field(default_factory=set)
    most_bytes: float = 0.0
    most_cores: float = 0.0
    cores: float = 0.0
    seconds: float = 0.0

    def __str__(self) -> str:
        """The figures, as requests are given in manifests."""
        mean = 1000 * self.cores / self.seconds if self.seconds else 0.0
        memory = f"{self.most_bytes / _MIB:.0f} Mi resident at most"
        return f"{memory}; CPU {mean:.0f} m on average a pod, {1000 * self.most_cores:.0f} m at most"


@dataclass
class Meter:
    """Looks at all pods again and again."""

    kubernetes: Kubernetes
    sender: Sender
    usage: dict[str, Usage] = field(default_factory=dict)
    _before: dict[str, tuple[float, float]] = field(default_factory=dict)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            with contextlib.suppress(StackError):  # the API server may be away for a moment
                pods = [pod for pod in await self.kubernetes.pods() if pod.address and pod.component != "backfill"]
                await asyncio.gather(*(self._look(pod) for pod in pods))
            await asyncio.sleep(_EVERY)

    async def _look(self, pod: Pod) -> None:
        found = await metrics(self.sender, pod)
        if not all(name in found for name in _NAMES):
            return  # it comes, or it goes
        resident, processor = (found[name] for name in _NAMES)
        usage, now = self.usage.setdefault(pod.component, Usage()), time.monotonic()
        usage.pods.add(pod.name)
        usage.most_bytes = max(usage.most_bytes, resident)
        if pod.uid in self._before:
            then, before = self._before[pod.uid]
            usage.cores += processor - before
            usage.seconds += now - then
            usage.most_cores = max(usage.most_cores, (processor - before) / (now - then))
        self._before[pod.uid] = now, processor


async def metrics(sender: Sender, pod: Pod) -> dict[str, float]:
    """Return a pod's metrics, those with labels as ``name{label=value}``; none where it does not answer."""
    answer = await sender.get(f"http://{pod.address}:9090/metrics")
    if answer.status != 200:
        return {}
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.body):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


@contextlib.asynccontextmanager
async def metered(kubernetes: Kubernetes, sender: Sender) -> AsyncIterator[dict[str, Usage]]:
    """Look until the block ends; what was used, by component."""
    meter = Meter(kubernetes, sender)
    running = asyncio.create_task(meter.run(), name="meter")
    try:
        yield meter.usage
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
