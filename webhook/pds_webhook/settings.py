"""The webhook's settings."""

from pydantic import Field, SecretStr, field_validator

from pds_clients.settings import HostnameSettings, KubernetesSettings, SupabaseSettings
from pds_runtime.settings import AdminSettings


def signing_secrets(text: str) -> list[str]:
    """Split one or several signing secrets, separated by commas or white space."""
    return text.replace(",", " ").split()


class WebhookSettings(HostnameSettings, KubernetesSettings, SupabaseSettings, AdminSettings):
    """What ``pds-webhook`` reads at start; the two secrets are read again when their files change."""

    port: int = Field(default=8080, ge=1, le=65535)
    stripe_webhook_secret: SecretStr
    stripe_livemode: bool = True

    @field_validator("stripe_webhook_secret")
    @classmethod
    def _holds_a_secret(cls, value: SecretStr) -> SecretStr:
        if not signing_secrets(value.get_secret_value()):
            raise ValueError("holds no secret; set it to the endpoint's signing secret, which begins with whsec_")
        return value
