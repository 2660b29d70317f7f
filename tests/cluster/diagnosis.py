"""What an administrator would look at when something is wrong: pods, Events, resources, the logs' ends."""

from cluster.kubernetes import CUSTOMERS, OURS, SYSTEM, Kubernetes
from pds_contract.resource import PLURAL
from pds_stack.errors import StackError

_LINES = 25
_LOOKS = (
    ("get", "pods", "-n", SYSTEM, "-o", "wide"),
    ("get", "events", "-n", SYSTEM, "--sort-by=.lastTimestamp"),
    ("get", PLURAL, "-n", CUSTOMERS, "-o", "wide"),
    ("get", "events", "-n", CUSTOMERS, "--sort-by=.lastTimestamp", "--field-selector=type=Warning"),
    ("logs", "-n", SYSTEM, "-l", OURS, f"--tail={_LINES}", "--prefix", "--all-containers", "--max-log-requests=20"),
)
_LONGEST = 60
"""Lines that are shown of one look, the last ones."""


async def diagnosis(kubernetes: Kubernetes) -> str:
    """Return what all those looks show."""
    shown: list[str] = []
    for look in _LOOKS:
        try:
            lines = (await kubernetes.kubectl(*look)).splitlines()
        except StackError as error:
            lines = [str(error)]
        shown += [f"$ kubectl {' '.join(look)}", *lines[-_LONGEST:], ""]
    return "\n".join(shown)
