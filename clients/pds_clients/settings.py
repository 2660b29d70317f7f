"""Settings of the dependencies, for each command to inherit from. A field's name in upper case is the variable's."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

from pds_contract.names import LABEL_PATTERN, HostnameRules, clean_hostname

_LABEL = re.compile(LABEL_PATTERN)


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # its own message quotes the value
        usable = False
    if not usable:
        raise ValueError("is no http:// or https:// URL")
    return text.strip().rstrip("/")


def split_list(text: object) -> object:
    """Split a list as people write it in one variable: by commas or white space."""
    return [part for part in re.split(r"[\s,]+", text) if part] if isinstance(text, str) else text


def _can_be_reserved(name: str) -> bool:
    bare = clean_hostname(name)
    if "." in bare:
        return HostnameRules(base_domain="").objection(bare) is None
    return _LABEL.fullmatch(bare) is not None


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class HostnameSettings(BaseSettings):
    """Which hostnames customers may have."""

    pds_base_domain: str = "eny.k8s.frx.pub"
    pds_reserved_hostnames: Annotated[list[str], NoDecode] = Field(default_factory=list)
    pds_api_url: HttpUrl = "https://k8s-pds.frx.pub/api/v1"

    _split = field_validator("pds_reserved_hostnames", mode="before")(split_list)

    @field_validator("pds_base_domain")
    @classmethod
    def _is_domain(cls, value: str) -> str:
        reason = HostnameRules(base_domain="").objection(value.strip())
        if reason:
            raise ValueError(reason)
        return value.strip()

    @field_validator("pds_reserved_hostnames")
    @classmethod
    def _are_hostnames(cls, value: list[str]) -> list[str]:
        unusable = [place for place, name in enumerate(value, 1) if not _can_be_reserved(name)]
        if unusable:
            places = ", ".join(map(str, unusable))
            raise ValueError(
                f"unusable at place {places} of the list; name each hostname whole, or by its one label under "
                "PDS_BASE_DOMAIN (wildcards are not understood)"
            )
        return value

    def hostname_rules(self) -> HostnameRules:
        """Return the rules that follow from these settings."""
        return HostnameRules.of(
            self.pds_base_domain, self.pds_reserved_hostnames, urlsplit(self.pds_api_url).hostname or ""
        )


class KubernetesSettings(BaseSettings):
    """Where customers' resources are kept."""

    pds_namespace: Annotated[str, Field(pattern=LABEL_PATTERN)] = "pds-customers"
    kubeconfig: str | None = None


class SupabaseProject(BaseSettings):
    """Where the Supabase project is."""

    supabase_url: HttpUrl = Field(validation_alias=AliasChoices("SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_URL"))


class SupabaseSettings(SupabaseProject):
    """Supabase as the service role reaches it."""

    supabase_service_role_key: SecretStr = Field(min_length=1)


class BackendSettings(HostnameSettings):
    """The PDS backend."""

    pds_api_token: SecretStr = Field(min_length=1)


class StripeSettings(BaseSettings):
    """Stripe's API."""

    stripe_secret_key: SecretStr = Field(min_length=1)
    stripe_api_base: HttpUrl = "https://api.stripe.com"
