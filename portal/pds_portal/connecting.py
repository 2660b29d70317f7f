"""Making the portal's clients from its settings, and ending them."""

from contextlib import AsyncExitStack

from prometheus_client import REGISTRY, CollectorRegistry

from pds_clients.backend import PdsBackend
from pds_clients.backend_requests import LOOK_TIMEOUT
from pds_clients.own_rows import OwnRows
from pds_clients.service_documents import ServiceDocuments
from pds_clients.stripe_checkout import CheckoutCreation
from pds_clients.supabase_auth import SupabaseAuth
from pds_portal.identity.keys import Keys, PublishedKeys, SecretKeys
from pds_portal.metrics import Metrics
from pds_portal.portal import Portal
from pds_portal.safety.limits import Limits
from pds_portal.settings import PortalSettings
from pds_runtime.settings import rotating


async def connect(settings: PortalSettings, closing: AsyncExitStack, registry: CollectorRegistry = REGISTRY) -> Portal:
    """Make the portal's parts; nothing is asked of anybody yet.

    Args:
        settings: The settings.
        closing: Ends the clients.
        registry: Where the metrics are shown.
    """
    anon_key = rotating("SUPABASE_ANON_KEY", settings.supabase_anon_key.get_secret_value())
    backend_token = rotating("PDS_API_TOKEN", settings.pds_api_token.get_secret_value())
    stripe_key = rotating("STRIPE_SECRET_KEY", settings.stripe_secret_key.get_secret_value())
    metrics = Metrics(registry)
    return Portal(
        settings=settings,
        auth=await closing.enter_async_context(SupabaseAuth(settings.supabase_url, anon_key)),
        rows=await closing.enter_async_context(OwnRows(settings.supabase_url, anon_key)),
        # It deploys nothing: the time-out of deploys is of no use here.
        backend=await closing.enter_async_context(PdsBackend(settings.pds_api_url, backend_token, LOOK_TIMEOUT)),
        services=await closing.enter_async_context(ServiceDocuments(settings.pds_api_url, backend_token)),
        checkouts=await closing.enter_async_context(CheckoutCreation(settings.stripe_api_base, stripe_key)),
        keys=await _keys(settings, closing),
        limits=Limits(metrics),
        metrics=metrics,
    )


async def _keys(settings: PortalSettings, closing: AsyncExitStack) -> Keys:
    if settings.supabase_jwks_url is not None:
        return await closing.enter_async_context(PublishedKeys(settings.supabase_jwks_url))
    assert settings.supabase_jwt_secret is not None  # noqa: S101 - the settings hold exactly one, for mypy
    return SecretKeys(rotating("SUPABASE_JWT_SECRET", settings.supabase_jwt_secret.get_secret_value()))
