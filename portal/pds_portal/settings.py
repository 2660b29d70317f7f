"""The portal's settings."""

import re
from ipaddress import ip_network
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode

from pds_clients.settings import BackendSettings, HttpUrl, StripeSettings, SupabaseProject, split_list
from pds_portal.checkout.plans import PlanSettings
from pds_portal.identity.tokens import secret_keys
from pds_portal.safety.addresses import Network
from pds_runtime.settings import AdminSettings

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::(?P<port>[0-9]{1,5}))?", re.ASCII
)
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_USUAL_PORTS = {"https": "443", "http": "80"}


class IdentitySettings(SupabaseProject):
    """Supabase as the customer reaches it, with their own rights only.

    Access tokens are verified with one of ``SUPABASE_JWT_SECRET`` (HS256) and ``SUPABASE_JWKS_URL`` (public keys).
    """

    supabase_anon_key: SecretStr = Field(
        min_length=1, validation_alias=AliasChoices("SUPABASE_ANON_KEY", "NEXT_PUBLIC_SUPABASE_ANON_KEY")
    )
    supabase_jwt_secret: SecretStr | None = None
    supabase_jwks_url: HttpUrl | None = Field(default=None, validate_default=True)
    supabase_jwt_issuer: str | None = None

    @field_validator("supabase_jwt_secret")
    @classmethod
    def _can_sign(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            secret_keys(value.get_secret_value())
        return value

    @field_validator("supabase_jwks_url")
    @classmethod
    def _is_the_only_kind(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "supabase_jwt_secret" in info.data and (value is None) == (info.data["supabase_jwt_secret"] is None):
            raise ValueError("set either this or SUPABASE_JWT_SECRET; customers' access tokens are verified with it")
        return value

    @property
    def issuer(self) -> str:
        """Who makes the access tokens: ``SUPABASE_JWT_ISSUER``, else the project's auth server."""
        return self.supabase_jwt_issuer or f"{self.supabase_url}/auth/v1"


class ProxySettings(BaseSettings):
    """Whom to believe where a request comes from."""

    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _are_networks(cls, value: object) -> object:
        named = split_list(value)
        if not isinstance(named, list):
            return named
        networks, unusable = [], []
        for place, each in enumerate(named, 1):
            try:
                networks.append(ip_network(each))
            except ValueError:
                unusable.append(str(place))
        if unusable:
            raise ValueError(
                f"unusable at place {', '.join(unusable)} of the list; name each network in CIDR notation without bits "
                "behind its prefix, such as 10.0.0.0/8"
            )
        return tuple(networks)


class PortalSettings(BackendSettings, StripeSettings, IdentitySettings, PlanSettings, ProxySettings, AdminSettings):
    """What ``pds-portal`` reads at start; secrets in files are read again when their files change."""

    port: int = Field(default=8080, ge=1, le=65535)
    portal_url: str
    stripe_checkout_origin: str = "https://checkout.stripe.com"
    # Known from the mission, for a client that pays without leaving the page. Checkout is a redirect and needs none.
    next_public_stripe_publishable_key: str | None = None
    pds_use_mock: bool = False

    @field_validator("portal_url", "stripe_checkout_origin")
    @classmethod
    def _is_safe_origin(cls, value: str, info: ValidationInfo) -> str:
        """Write an origin as browsers do in the header Origin: lower case, without the scheme's usual port."""
        found = _ORIGIN.fullmatch(value.strip().lower().removesuffix("/"))
        if found is None:
            raise ValueError("must be https:// and a host, with nothing behind it, such as https://eny.space")
        # Beside a portal on localhost, the stand-in for Stripe may have another of this machine's addresses.
        local = found["host"] in _LOCAL_HOSTS or info.data.get("portal_url", "").startswith("http://")
        if found["scheme"] != "https" and not local:
            raise ValueError("must begin with https://; http:// is only for localhost, as on a developer's machine")
        port = found["port"]
        usual = port is None or port == _USUAL_PORTS[found["scheme"]]
        return f"{found['scheme']}://{found['host']}" + ("" if usual else f":{port}")

    @property
    def origin(self) -> str:
        """The portal's origin, as browsers write it: ``PORTAL_URL`` has no path."""
        return self.portal_url
