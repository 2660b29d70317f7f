"""What every route of the portal reaches: one frozen context of settings and clients, made at start."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:  # what is named here reaches for the portal itself
    from pds_clients.backend import PdsBackend
    from pds_clients.own_rows import OwnRows
    from pds_clients.service_documents import ServiceDocuments
    from pds_clients.stripe_checkout import CheckoutCreation
    from pds_clients.supabase_auth import SupabaseAuth
    from pds_portal.identity.keys import Keys
    from pds_portal.metrics import Metrics
    from pds_portal.safety.limits import Limits
    from pds_portal.settings import PortalSettings


@dataclass(frozen=True)
class Portal:
    """The portal's parts.

    Args:
        settings: As they were at start.
        auth: Supabase Auth.
        rows: The signed-in customer's own rows, read under their own token.
        backend: The PDS backend: ``check-pds``.
        services: The PDS backend's documents of services, as they came.
        checkouts: Creates Checkout Sessions.
        keys: What access tokens are verified with.
        limits: Who may ask how often.
        metrics: What counts.
    """

    settings: "PortalSettings"
    auth: "SupabaseAuth"
    rows: "OwnRows"
    backend: "PdsBackend"
    services: "ServiceDocuments"
    checkouts: "CheckoutCreation"
    keys: "Keys"
    limits: "Limits"
    metrics: "Metrics"


PORTAL: web.AppKey[Portal] = web.AppKey("portal", Portal)
