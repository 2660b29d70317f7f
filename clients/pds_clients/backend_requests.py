"""What every way to the PDS backend shares: the mission's three headers."""

from collections.abc import Callable

from pds_contract.errors import CredentialsRejected

HEADERS = {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}
LOOK_TIMEOUT = 10.0
"""Seconds that the whole answer to a call without an effect may take."""


def bearer(token: Callable[[], str]) -> dict[str, str]:
    """Read the token anew, since it may be rotated, and return the header that holds it.

    Raises:
        CredentialsRejected: It is what no header can hold.
    """
    value = token()
    if not value.isascii() or not value.isprintable():
        raise CredentialsRejected("backend", "PDS_API_TOKEN holds what no token can, as a line break; mend it")
    return {"Authorization": f"Bearer {value}"}
