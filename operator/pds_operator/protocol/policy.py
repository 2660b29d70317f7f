"""What the protocol is told by settings."""

from dataclasses import dataclass
from enum import StrEnum

from pds_contract.names import HostnameRules
from pds_contract.resource import Claim

ABANDONED_MARGIN = 600.0
"""A claim older than its wait and this, by its own timestamp, is abandoned whoever looks."""
RETRY_CAP = 600.0
SECOND_CHANCE = 3600.0
"""What was rejected is tried again after this, though nobody asked."""
PERSON_LOOK = 600.0
"""How often something that waits for a person is looked at again."""
POLL_BASE = 1.0
POLL_CAP = 60.0
"""A service that is not settled is looked at after a second, then ever less often, a minute at most."""


class Redeploy(StrEnum):
    """What "deploy again" may do; see ``docs/protocol.md``."""

    PROBE = "probe"
    IDEMPOTENT = "idempotent"
    HOLD = "hold"


@dataclass(frozen=True)
class Policy:
    """The protocol's settings. All times are seconds.

    Args:
        hostnames: Which hostnames customers may have.
        redeploy: What may follow a deploy that may have taken effect.
        claim_seconds: D: how long after its claim a deploy may still begin to be sent.
        deploy_timeout: T: how long a deploy that was sent may take to be answered.
        settle_seconds: S: how long after that an effect may still show.
        retry_base: The first retry's delay, which doubles from try to try.
        poll_ready: How often a running service is looked at.
    """

    hostnames: HostnameRules
    redeploy: Redeploy
    claim_seconds: float
    deploy_timeout: float
    settle_seconds: float
    retry_base: float
    poll_ready: float

    @property
    def queueing_patience(self) -> float:
        """After how long at the gate a resource says that it waits for its turn: half a minute by default."""
        return 6 * self.retry_base

    def takeover_wait(self, claim: Claim | None = None) -> float:
        """How long an open claim, or one of unknown age, is waited out from when it was first seen: D + T + S."""
        if claim is None:
            return self.claim_seconds + self.deploy_timeout + self.settle_seconds
        return claim.duration_seconds + claim.timeout_seconds + self.settle_seconds
