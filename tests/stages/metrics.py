"""What a command says of itself at ``/metrics`` on its admin port."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Metrics:
    """The samples of one look."""

    samples: Mapping[tuple[str, frozenset[tuple[str, str]]], float]

    @classmethod
    async def read(cls, admin_port: int | str) -> "Metrics":
        """Look at the metrics of the command that has this admin port."""
        async with httpx.AsyncClient(trust_env=False, timeout=ANSWER_SECONDS) as client:
            text = (await client.get(f"http://127.0.0.1:{admin_port}/metrics")).raise_for_status().text
        families = text_string_to_metric_families(text)
        return cls(
            {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}
        )

    def value(self, name: str, **labels: str) -> float:
        """Return one sample, 0 where it is not there."""
        return self.samples.get((name, frozenset(labels.items())), 0.0)

    def resources(self) -> dict[str, int]:
        """Return how many resources stand how, by reason, those that need a person with an exclamation mark."""
        found: dict[str, int] = {}
        for (name, labels), value in self.samples.items():
            if name == "pds_operator_resources" and value:
                said = dict(labels)
                found[said["reason"] + ("!" if said["stalled"] == "true" else "")] = int(value)
        return found
