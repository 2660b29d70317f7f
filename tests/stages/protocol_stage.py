"""The deploy protocol with nothing around it: resources and facts to decide on, and ways to read what was decided."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pds_contract.conditions import READY, STALLED, Reason
from pds_contract.deploy import Presence
from pds_contract.names import HostnameRules
from pds_contract.reservation import Reservation
from pds_contract.resource import (
    RETRY_ANNOTATION,
    Claim,
    Condition,
    Metadata,
    PdsProvision,
    ProvisionSpec,
    ProvisionStatus,
    provision_name,
)
from pds_contract.rows import PdsServiceLookup, PdsServiceRow
from pds_contract.service import ServiceState
from pds_operator.protocol.facts import Facts, ServiceSeen
from pds_operator.protocol.policy import Policy, Redeploy
from pds_operator.protocol.steps import Deploy, Record, Step

USER = "0a1b2c3d-0000-4000-8000-000000000001"
OTHER_USER = "9f8e7d6c-0000-4000-8000-000000000002"
EMAIL = "alice@a.example"
HOSTNAME = "alice.eny.example"
SUFFIXED = "alice-0a1b2c.eny.example"
UID = "this-resource"
FORMER_UID = "an-earlier-resource"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)

FIRST_DEPLOY = Deploy("alice", HOSTNAME, hostname_absent=True, in_doubt=False, probed_absent=True)
"""Of a resource that asks for no names, at a backend whose probe denies the hostname."""

PROBE = Policy(
    hostnames=HostnameRules("eny.example", frozenset({"www.eny.example"}), "backend.example"),
    redeploy=Redeploy.PROBE,
    claim_seconds=15.0,
    deploy_timeout=60.0,
    settle_seconds=30.0,
    retry_base=5.0,
    poll_ready=1800.0,
)
IDEMPOTENT = replace(PROBE, redeploy=Redeploy.IDEMPOTENT)
HOLD = replace(PROBE, redeploy=Redeploy.HOLD)
WAIT = 15.0 + 60.0 + 30.0
"""D + T + S of these policies."""
ABANDONED = WAIT + 600.0


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def provision(
    status: ProvisionStatus | None = None,
    *,
    generation: int = 1,
    retry: str | None = None,
    created: datetime = NOW,
    deleted: datetime | None = None,
    **spec: Any,
) -> PdsProvision:
    """A resource of generation 1; by default nobody has looked at it yet."""
    return PdsProvision(
        metadata=Metadata(
            name=provision_name(USER),
            uid=UID,
            resource_version="1",
            generation=generation,
            creation_timestamp=created,
            deletion_timestamp=deleted,
            annotations={} if retry is None else {RETRY_ANNOTATION: retry},
        ),
        spec=ProvisionSpec(**{"user_id": USER, "email": EMAIL, **spec}),
        status=status or ProvisionStatus(),
    )


def seen(**fields: Any) -> ProvisionStatus:
    """A status whose operator has decided on generation 1."""
    return ProvisionStatus(**{"observed_generation": 1, **fields})


def open_claim(**fields: Any) -> Claim:
    return Claim(
        **{
            "id": "theirs",
            "attempt": 1,
            "hostname": HOSTNAME,
            "start_time": NOW,
            "duration_seconds": PROBE.claim_seconds,
            "timeout_seconds": PROBE.deploy_timeout,
            **fields,
        }
    )


def condition(kind: str, status: str, reason: str, message: str = "as it was") -> Condition:
    return Condition.model_validate(
        {
            "type": kind,
            "status": status,
            "observedGeneration": 1,
            "lastTransitionTime": after(-3600),
            "reason": reason,
            "message": message,
        }
    )


READY_NOW = condition(READY, "True", Reason.RUNNING)
TWO_SERVICES_SAID = condition(STALLED, "True", Reason.TWO_SERVICES, "services 800 and 801")


def reservation(hostname: str = HOSTNAME, user_id: str = USER, uid: str = UID) -> Reservation:
    return Reservation(hostname, user_id, uid, password="p", key="k")


def row(service_id: int | None = None, hostname: str | None = HOSTNAME, status: str = "deploy_failed") -> PdsServiceRow:
    return PdsServiceRow(user_id=USER, pds_service_id=service_id, hostname=hostname, status=status)


def lookup(found: PdsServiceRow | None = None) -> PdsServiceLookup:
    return PdsServiceLookup(user_exists=True, row=found)


def facts(of: PdsProvision | None = None, **known: Any) -> Facts:
    """What is known when a visit begins, and whatever is given."""
    return Facts(**{"provision": of or provision(), "now": NOW, **known})


def before_deploy(
    of: PdsProvision | None = None,
    presence: Presence = Presence.ABSENT,
    found: PdsServiceRow | None = None,
    **known: Any,
) -> Facts:
    """What is known once everything that comes before a deploy has been asked."""
    asked = {"reservation": reservation(), "lookup": lookup(found), "row_seen_for": WAIT, **known}
    return facts(of, **{"presences": {asked["reservation"].hostname: presence}, **asked})


def service(state: ServiceState = ServiceState.RUNNING, hostname: str | None = HOSTNAME) -> ServiceSeen:
    return ServiceSeen(hostname, state)


def recorded(step: Step) -> Record:
    assert isinstance(step, Record), f"expected a verdict in status, decided {step}"
    return step


def conditions(patch: Mapping[str, Any]) -> dict[str, Condition]:
    """The conditions in a status patch, by type."""
    return {each["type"]: Condition.model_validate(each) for each in patch["conditions"]}


def stands(step: Step) -> tuple[str, str]:
    """Ready's reason in a verdict, and who goes on: the ``operator``, a ``person``, or (settled) ``nobody``."""
    found = conditions(recorded(step).status)
    return found[READY].reason, _who(found)


def _who(found: Mapping[str, Condition]) -> str:
    if STALLED in found:
        return "person"
    return "operator" if "Reconciling" in found else "nobody"


def ends_in(step: Step) -> float | None:
    """In how many seconds the visit that ends with this verdict is followed by the next."""
    then = recorded(step).then
    assert then is not None, f"expected that the visit ends, decided {step}"
    return then.seconds


def merged(status: ProvisionStatus, patch: Mapping[str, Any]) -> ProvisionStatus:
    """Apply a merge patch (RFC 7386) as the API server does, and validate what comes of it."""
    return ProvisionStatus.model_validate(_merge(status.model_dump(mode="json", by_alias=True), patch))


def _merge(target: object, patch: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merge(result.get(name), value) if isinstance(value, Mapping) else value
    return result


def written(of: PdsProvision, patch: Mapping[str, Any]) -> PdsProvision:
    """A resource once a status patch was written."""
    newer = str(int(of.metadata.resource_version) + 1)
    metadata = of.metadata.model_copy(update={"resource_version": newer})
    return of.model_copy(update={"metadata": metadata, "status": merged(of.status, patch)})
