"""The operator's settings."""

from typing import Annotated

from pydantic import Field

from pds_clients.settings import BackendSettings, KubernetesSettings, SupabaseSettings
from pds_operator.protocol.policy import Policy, Redeploy
from pds_runtime.settings import AdminSettings

Seconds = Annotated[float, Field(gt=0, le=86400)]


class OperatorSettings(BackendSettings, KubernetesSettings, SupabaseSettings, AdminSettings):
    """Everything that ``pds-operator`` reads from its environment. Times are seconds and may be fractions."""

    pds_redeploy: Redeploy = Redeploy.PROBE
    pds_deploy_paused: bool = False
    pds_max_deploys: int = Field(default=32, ge=1, le=1000)
    pds_max_deploys_per_hour: int = Field(default=1000, ge=0)
    pds_deploy_timeout: Seconds = 60.0
    pds_claim_seconds: Seconds = 15.0
    pds_settle_seconds: Annotated[float, Field(ge=0, le=86400)] = 30.0
    pds_poll_ready: Seconds = 1800.0
    pds_retry_base: Annotated[float, Field(gt=0, le=3600)] = 5.0

    def policy(self) -> Policy:
        """Return the protocol's settings."""
        return Policy(
            hostnames=self.hostname_rules(),
            redeploy=self.pds_redeploy,
            claim_seconds=self.pds_claim_seconds,
            deploy_timeout=self.pds_deploy_timeout,
            settle_seconds=self.pds_settle_seconds,
            retry_base=self.pds_retry_base,
            poll_ready=self.pds_poll_ready,
        )
