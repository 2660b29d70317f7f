"""Everything outside that a reconciler talks to, in one frozen bundle."""

from collections.abc import Callable
from dataclasses import dataclass

from pds_clients.backend import PdsBackend
from pds_clients.kubernetes import Provisions
from pds_clients.reservations import Reservations
from pds_clients.supabase import Supabase
from pds_contract.resource import PdsProvision
from pds_operator.protocol.steps import Event


@dataclass(frozen=True)
class Clients:
    """The clients, opened by whoever made the bundle, and closed by them.

    Args:
        provisions: The customers' resources.
        reservations: Their hostnames' reservations.
        supabase: The rows.
        backend: The PDS deploy API.
        announce: Posts a Kubernetes Event about a resource; returns at once.
    """

    provisions: Provisions
    reservations: Reservations
    supabase: Supabase
    backend: PdsBackend
    announce: Callable[[PdsProvision, Event], None]
