"""Whether a hostname is somebody's: what Supabase's rows say, and the backend's ``check-pds`` where there is one.

A name that cannot be looked up is not sold: it would be paid for, and might then wait for a person. What was not asked
for needs no look, since the operator adds a suffix where a derived name is taken. Between this look and the operator's
reservation somebody may be faster; what the operator finds then is what counts.
"""

from dataclasses import dataclass

from pds_clients.backend import PdsBackend
from pds_clients.own_rows import OwnRows
from pds_contract.deploy import Presence
from pds_portal.identity.session import SignedIn


@dataclass(frozen=True)
class Availability:
    """Looks hostnames up.

    Args:
        rows: Supabase, under the customer's own token.
        backend: The PDS backend.
    """

    rows: OwnRows
    backend: PdsBackend

    async def is_taken(self, hostname: str, customer: SignedIn) -> bool:
        """Tell whether another user's row or a PDS at the backend has this hostname.

        Raises:
            DependencyError: One of the two gave no usable answer, and none said yes.
        """
        if await self.rows.hostname_taken(hostname, customer.access_token):
            return True
        return await self.backend.presence(hostname) is Presence.EXISTS
