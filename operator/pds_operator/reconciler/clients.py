"""Everything outside that a reconciler talks to, in one frozen bundle."""

from dataclasses import dataclass

from pds_clients.backend import PdsBackend
from pds_clients.kubernetes import Provisions
from pds_clients.reservations import Reservations
from pds_clients.supabase import Supabase


@dataclass(frozen=True)
class Clients:
    """The clients, opened by whoever made the bundle, and closed by them.

    Args:
        provisions: The customers' resources.
        reservations: Their hostnames' reservations.
        supabase: The rows.
        backend: The PDS deploy API.
    """

    provisions: Provisions
    reservations: Reservations
    supabase: Supabase
    backend: PdsBackend
