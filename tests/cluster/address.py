"""Which address of this machine pods reach."""

import ipaddress
import socket

from cluster.failed import Failed
from cluster.kubernetes import Kubernetes

_ANY_PORT = 9
ADVICE = "name an address of this machine that pods reach by --host or E2E_HOST, and let its firewall pass them"


async def reached_by_pods(kubernetes: Kubernetes, given: str | None) -> str:
    """Return the address given, else the one from which this machine speaks to the first node.

    A node of a cluster on this machine (in a container, or the machine itself) is reached so by one of its bridges.

    Raises:
        Failed: There is none but the loopback.
    """
    if given is not None:
        return given
    for node in await kubernetes.documents("nodes"):
        for each in node["status"]["addresses"]:
            if each["type"] == "InternalIP":
                address = _towards(each["address"])
                if address is not None:
                    return address
    raise Failed(f"no address of this machine leads to a node; {ADVICE}")


def _towards(address: str) -> str | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:  # sends nothing
        try:
            probe.connect((address, _ANY_PORT))
        except OSError:
            return None
        own = str(probe.getsockname()[0])
    return None if ipaddress.ip_address(own).is_loopback else own
