"""Free TCP ports for programs that must be told one before they start."""

import random
import socket

from pds_stack.errors import StackError

# Below the range from which Linux (32768 on) and macOS (49152 on) take the ports of outgoing connections,
# so that none of those takes the port before the program does; and a second stack that starts at the same
# time hardly ever draws the same one.
_RANGE = range(20_000, 32_768)
_TRIES = 100


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """As many different ports on `host` that nothing listens on.

    Raises:
        StackError: `host` is no address of this machine, or too few ports are free.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    failure: OSError | None = None
    found: list[int] = []
    for port in random.sample(_RANGE, _TRIES):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((host, port))
            except OSError as error:
                failure = error
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise StackError(f"no free ports on {host}: {failure}")
