"""The client's address: the peer's, or what the proxies in ``TRUSTED_PROXIES`` say of it in X-Forwarded-For."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

from pds_portal.portal import PORTAL

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_HEADER = "X-Forwarded-For"


def client_of(request: web.Request) -> Address | None:
    """Return the address of whoever sends a request; None where the connection has none any more."""
    peername = request.transport.get_extra_info("peername") if request.transport is not None else None
    peer = _address(peername[0]) if peername else None
    if peer is None:
        return None
    return client_behind(peer, request.headers.getall(_HEADER, ()), request.app[PORTAL].settings.trusted_proxies)


def client_behind(peer: Address, forwarded: Iterable[str], trusted: Sequence[Network]) -> Address:
    """Walk from the peer towards the client, for as long as who tells of the next one is trusted.

    Each proxy adds at the right the address that it was reached from; whatever stands left of the first address that
    is no trusted proxy was written by the sender, who may write anything.

    Args:
        peer: Who the connection is with.
        forwarded: The X-Forwarded-For headers, in the order in which they came.
        trusted: The proxies' networks.
    """
    client = peer
    for hop in reversed([each for line in forwarded for each in line.split(",")]):
        if not any(client in network for network in trusted):
            break
        told = _address(hop)
        if told is None:
            break
        client = told
    return client


def _address(text: str) -> Address | None:
    """Read an address as proxies write it: also in brackets, with a port, or IPv4 in IPv6's clothes."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        read = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return read.ipv4_mapped or read if isinstance(read, IPv6Address) else read
