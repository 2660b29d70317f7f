"""The proxy variables of the environment: the stack's own addresses are always reached directly."""

from collections.abc import Mapping

NAMES = ("NO_PROXY", "no_proxy")
_OWN = ("127.0.0.1", "localhost")


def exceptions(environment: Mapping[str, str], *hosts: str) -> dict[str, str]:
    """NO_PROXY and no_proxy with this machine and `hosts` added to what `environment` has in either of them.

    Programs differ in which of the two they read: both say the same.
    """
    given = [host.strip() for name in NAMES for host in environment.get(name, "").split(",") if host.strip()]
    # Some programs take the star for "everything" only where it stands alone.
    listed = ["*"] if "*" in given else dict.fromkeys((*given, *_OWN, *hosts))
    return dict.fromkeys(NAMES, ",".join(listed))
