"""Which benches there are, in the order in which they run."""

from importlib import import_module
from typing import Protocol, cast

from bench.context import Context
from bench.figures import Figure

MODULES = {
    "start": "bench.start",
    "webhook": "bench.webhook",
    "portal": "bench.portal_pages",
    "provisioning": "bench.operators.provisioning",
    "restart": "bench.operators.restart",
    "steady": "bench.operators.steady",
    "burst": "bench.operators.burst",
}
"""By the name that ``--only`` takes. A module is loaded when it is asked for."""


class Bench(Protocol):
    """What such a module has."""

    async def measure(self, context: Context) -> list[Figure]:
        """Measure everything it is for, floors included."""
        ...


def bench(name: str) -> Bench:
    """Load a bench."""
    return cast("Bench", import_module(MODULES[name]))
