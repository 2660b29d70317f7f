"""Argo CD's and Flux's health checks over whatever conditions the operator can write."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pds_contract.conditions import Reason, Standing, Trouble, at_work, conditions_of, needs_person
from stages.gitops import argo_cd, flux

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RUNS = Standing("True", Reason.RUNNING, "The PDS runs as alice.example.org.")


def resource(standing: Standing | None, *, observed: int = 1, generation: int = 1, **metadata: str) -> dict[str, Any]:
    """A PdsProvision of which the operator has found this."""
    conditions = conditions_of(standing, (), observed, NOW) if standing else ()
    return {
        "metadata": {"name": "pds-1", "generation": generation, **metadata},
        "spec": {"suspend": False},
        "status": {
            "observedGeneration": observed,
            "attempts": 0,
            **({"conditions": [c.model_dump(mode="json", by_alias=True) for c in conditions]} if conditions else {}),
        },
    }


@pytest.mark.parametrize("reason", Reason)
def test_a_person_is_needed(reason: Reason) -> None:
    found = resource(needs_person(reason, "Do this."))
    assert argo_cd(found) == {"status": "Degraded", "message": f"{reason}: Do this."}
    assert flux(found) == "Failed"


@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.SUSPENDED}))
@pytest.mark.parametrize("ready", ["False", "Unknown"])
def test_at_work(reason: Reason, ready: Any) -> None:
    found = resource(at_work(reason, "Wait.", ready))
    assert argo_cd(found) == {"status": "Progressing", "message": f"{reason}: Wait."}
    assert flux(found) == "InProgress"


def test_ready() -> None:
    found = resource(RUNS)
    assert argo_cd(found) == {"status": "Healthy", "message": RUNS.message}
    assert flux(found) == "Current"


def test_ready_and_a_person_is_needed() -> None:
    trouble = Trouble(Reason.SERVICE_MISMATCH, "Correct the row.")
    found = resource(Standing("True", Reason.RUNNING, RUNS.message, stalled=trouble))
    assert argo_cd(found) == {"status": "Degraded", "message": "ServiceMismatch: Correct the row."}
    assert flux(found) == "Failed"


def test_suspended() -> None:
    found = resource(Standing("False", Reason.SUSPENDED, "Suspended by spec.suspend."))
    assert argo_cd(found) == {"status": "Suspended", "message": "Suspended by spec.suspend."}
    assert flux(found) == "Current"


@pytest.mark.parametrize("standing", [RUNS, needs_person(Reason.DEPLOY_REJECTED, "Edit it.")])
def test_edited_and_not_looked_at_yet(standing: Standing) -> None:
    found = resource(standing, observed=1, generation=2)
    assert argo_cd(found)["status"] == "Progressing"
    assert flux(found) == "InProgress"


def test_fresh() -> None:
    found = resource(None, observed=-1)
    assert argo_cd(found)["status"] == "Progressing"
    assert flux(found) == "InProgress"


def test_observed_without_conditions() -> None:
    found = resource(None, observed=1)
    assert argo_cd(found)["status"] == "Progressing"
    assert flux(found) == "InProgress"


@pytest.mark.parametrize("standing", [RUNS, needs_person(Reason.USER_GONE, "Delete it.")])
def test_being_deleted(standing: Standing) -> None:
    found = resource(standing, deletionTimestamp="2026-11-01T00:00:00Z")
    assert argo_cd(found)["status"] == "Progressing"
    assert flux(found) == "InProgress"


def test_argo_cd_without_any_status() -> None:
    assert argo_cd({"metadata": {"generation": 1}, "spec": {}})["status"] == "Progressing"
