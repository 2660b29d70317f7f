"""The settings of the election."""

from pathlib import Path

import pytest

from pds_operator import settings
from pds_operator.settings import OperatorSettings
from pds_runtime.settings import load_settings


@pytest.fixture(autouse=True)
def needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PDS_API_TOKEN", "SUPABASE_SERVICE_ROLE_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("SUPABASE_URL", "https://project.supabase.co")


@pytest.fixture
def in_a_pod(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As Kubernetes mounts it into every pod."""
    (tmp_path / "namespace").write_text("pds-system")
    monkeypatch.setattr(settings, "POD_NAMESPACE", tmp_path / "namespace")


def read() -> OperatorSettings:
    return load_settings(OperatorSettings)


def test_the_lease_is_fifteen_seconds() -> None:
    assert read().pds_lease_seconds == 15.0


@pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), ("0.5", 0.5), ("3600", 3600.0)])
def test_it_may_be_a_fraction_or_none_at_all(monkeypatch: pytest.MonkeyPatch, text: str, seconds: float) -> None:
    monkeypatch.setenv("PDS_LEASE_SECONDS", text)
    assert read().pds_lease_seconds == seconds


@pytest.mark.parametrize("text", ["-1", "0.01", "nan", "3601", "soon"])
def test_a_lease_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    monkeypatch.setenv("PDS_LEASE_SECONDS", text)
    with pytest.raises(SystemExit) as ended:
        read()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("PDS_LEASE_SECONDS: ")


@pytest.mark.usefixtures("in_a_pod")
def test_replicas_meet_where_they_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDS_LEASE_NAMESPACE", "elsewhere")
    assert read().lease_namespace() == "elsewhere"


@pytest.mark.usefixtures("in_a_pod")
def test_else_replicas_meet_in_their_pods_namespace() -> None:
    assert read().lease_namespace() == "pds-system"


@pytest.mark.usefixtures("in_a_pod")
def test_a_kubeconfig_may_lead_out_of_the_pods_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/etc/kubeconfig")
    assert read().lease_namespace() == "pds-customers"


def test_outside_a_cluster_they_meet_among_the_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDS_NAMESPACE", "customers")
    monkeypatch.setattr(settings, "POD_NAMESPACE", Path("/nowhere/namespace"))
    assert read().lease_namespace() == "customers"


def test_a_namespace_that_can_be_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PDS_LEASE_NAMESPACE", "No Namespace")
    with pytest.raises(SystemExit):
        read()
    assert capsys.readouterr().err.startswith("PDS_LEASE_NAMESPACE: ")
