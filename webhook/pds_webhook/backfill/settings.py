"""The settings of a backfill."""

import re

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from pds_clients.settings import HostnameSettings, KubernetesSettings, StripeSettings, SupabaseSettings

_KEY = re.compile(r"(?:sk|rk)_(live|test)_.*")


class BackfillSettings(HostnameSettings, KubernetesSettings, SupabaseSettings, StripeSettings):
    """What ``pds-webhook backfill`` reads at start; it needs no signing secret and no ports."""

    stripe_livemode: bool = Field(default=True, validate_default=True)

    @field_validator("stripe_livemode")
    @classmethod
    def _fits_the_key(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - as pydantic calls it
        key = info.data.get("stripe_secret_key")
        mode = _KEY.fullmatch(key.get_secret_value()) if isinstance(key, SecretStr) else None
        if mode and (mode[1] == "live") is not value:
            raise ValueError(
                f"is {str(value).lower()}, but STRIPE_SECRET_KEY is of {mode[1]} mode, which lists no session of the "
                "other; set the two to the same mode"
            )
        return value
