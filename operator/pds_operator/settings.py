"""The operator's settings."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from pds_clients.settings import BackendSettings, KubernetesSettings, SupabaseSettings
from pds_contract.names import LABEL_PATTERN
from pds_contract.shards import ShardSelector
from pds_operator.protocol.policy import Policy, Redeploy
from pds_runtime.settings import AdminSettings

Seconds = Annotated[float, Field(gt=0, le=86400)]

SHORTEST_LEASE = 0.1
DRAIN_BESIDE_DEPLOY = 80.0
"""Seconds that a stop may take beside the answer to a deploy: its claim and its connection, then the outcome, the row,
a look at the service and its state in status, ten at most each; kopf's end, fifteen; and room to spare."""
POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Where Kubernetes tells a pod its own namespace."""


class OperatorSettings(BackendSettings, KubernetesSettings, SupabaseSettings, AdminSettings):
    """Everything that ``pds-operator`` reads from its environment. Times are seconds and may be fractions.

    ``PDS_LEASE_SECONDS`` is for how long a leader that is not heard of keeps the others from taking over. With 0
    this one works without election, whoever else does: safe, since deploys are claimed, but all the work is done twice.
    ``PDS_LABEL_SELECTOR`` is which share of the customers is this one's, see ``docs/scaling.md``.
    ``PDS_LEASE_NAMESPACE`` is where the replicas meet, see ``lease_namespace``.
    """

    pds_redeploy: Redeploy = Redeploy.PROBE
    pds_deploy_paused: bool = False
    pds_max_deploys: int = Field(default=32, ge=1, le=1000)
    pds_max_deploys_per_hour: int = Field(default=1000, ge=0)
    pds_deploy_timeout: Seconds = 60.0
    pds_claim_seconds: Seconds = 15.0
    pds_settle_seconds: Annotated[float, Field(ge=0, le=86400)] = 30.0
    pds_poll_ready: Seconds = 1800.0
    pds_retry_base: Annotated[float, Field(gt=0, le=3600)] = 5.0
    pds_lease_seconds: Annotated[float, Field(ge=0, le=3600)] = 15.0
    pds_lease_namespace: Annotated[str, Field(pattern=LABEL_PATTERN)] | None = None

    pds_label_selector: str = ""

    @field_validator("pds_label_selector")
    @classmethod
    def _names_a_share(cls, value: str) -> str:
        return ShardSelector(" ".join(value.split())).text

    @field_validator("pds_lease_seconds")
    @classmethod
    def _is_lease(cls, value: float) -> float:
        if 0 < value < SHORTEST_LEASE:
            raise ValueError(f"must be 0 (no leader election) or at least {SHORTEST_LEASE} seconds")
        return value

    def grace_seconds(self) -> float:
        """Return for how long a stop may take while the API server answers: a pod's grace has to be longer.

        While the API server is away it takes longer, for as long as an outcome cannot be written.
        """
        return self.pds_deploy_timeout + DRAIN_BESIDE_DEPLOY

    def lease_namespace(self) -> str:
        """Return where the Lease is: PDS_LEASE_NAMESPACE, else the pod's own namespace, else PDS_NAMESPACE.

        A kubeconfig may lead to another cluster than the pod's, so with one the pod's namespace counts for nothing.
        """
        if self.pds_lease_namespace:
            return self.pds_lease_namespace
        if self.kubeconfig is None and POD_NAMESPACE.is_file():
            return POD_NAMESPACE.read_text(encoding="utf-8").strip()
        return self.pds_namespace

    def share(self) -> ShardSelector:
        """Return which customers are this operator's."""
        return ShardSelector(self.pds_label_selector)

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
