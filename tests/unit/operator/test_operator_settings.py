"""Every variable that the operator reads, by its name."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from pds_operator.protocol.policy import Redeploy
from pds_operator.settings import OperatorSettings
from pds_runtime.settings import EXIT_UNUSABLE_SETTINGS, load_settings

NEEDED = {
    "PDS_API_TOKEN": "the-token",
    "SUPABASE_URL": "https://project.supabase.co",
    "SUPABASE_SERVICE_ROLE_KEY": "the-service-role-key",
}
SECONDS = [
    "PDS_DEPLOY_TIMEOUT",
    "PDS_CLAIM_SECONDS",
    "PDS_SETTLE_SECONDS",
    "PDS_POLL_READY",
    "PDS_RETRY_BASE",
]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine has set does not count."""
    for name in list(os.environ):
        if name.upper() not in {"PATH", "HOME"}:
            monkeypatch.delenv(name)


@pytest.fixture
def needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def value_of(name: str) -> object:
    value = getattr(load_settings(OperatorSettings), name.lower())
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        load_settings(OperatorSettings)
    assert caught.value.code == EXIT_UNUSABLE_SETTINGS == 2
    return capsys.readouterr().err


@pytest.mark.usefixtures("needed")
@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("PDS_API_URL", "https://k8s-pds.frx.pub/api/v1"),
        ("PDS_BASE_DOMAIN", "eny.k8s.frx.pub"),
        ("PDS_RESERVED_HOSTNAMES", []),
        ("PDS_NAMESPACE", "pds-customers"),
        ("KUBECONFIG", None),
        ("ADMIN_PORT", 9090),
        ("PDS_REDEPLOY", Redeploy.PROBE),
        ("PDS_DEPLOY_PAUSED", False),
        ("PDS_MAX_DEPLOYS", 32),
        ("PDS_MAX_DEPLOYS_PER_HOUR", 1000),
        ("PDS_DEPLOY_TIMEOUT", 60.0),
        ("PDS_CLAIM_SECONDS", 15.0),
        ("PDS_SETTLE_SECONDS", 30.0),
        ("PDS_POLL_READY", 1800.0),
        ("PDS_RETRY_BASE", 5.0),
        *NEEDED.items(),
    ],
)
def test_what_is_not_set_has_its_default(name: str, default: object) -> None:
    assert value_of(name) == default


@pytest.mark.usefixtures("needed")
@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("PDS_API_URL", "http://127.0.0.1:8000/api/v1/", "http://127.0.0.1:8000/api/v1"),
        ("PDS_API_TOKEN", "another-token", "another-token"),
        ("PDS_BASE_DOMAIN", "pds.example", "pds.example"),
        ("PDS_RESERVED_HOSTNAMES", "www, mail\nadmin.pds.example", ["www", "mail", "admin.pds.example"]),
        ("PDS_NAMESPACE", "customers", "customers"),
        ("KUBECONFIG", "/etc/kubeconfig", "/etc/kubeconfig"),
        ("SUPABASE_URL", "http://127.0.0.1:54321", "http://127.0.0.1:54321"),
        ("SUPABASE_SERVICE_ROLE_KEY", "another-key", "another-key"),
        ("ADMIN_PORT", "9191", 9191),
        ("PDS_REDEPLOY", "probe", Redeploy.PROBE),
        ("PDS_REDEPLOY", "idempotent", Redeploy.IDEMPOTENT),
        ("PDS_REDEPLOY", "hold", Redeploy.HOLD),
        ("PDS_DEPLOY_PAUSED", "true", True),
        ("PDS_DEPLOY_PAUSED", "0", False),
        ("PDS_MAX_DEPLOYS", "4", 4),
        ("PDS_MAX_DEPLOYS_PER_HOUR", "0", 0),
        *((name, "0.25", 0.25) for name in SECONDS),
    ],
)
def test_each_variable_is_read_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object
) -> None:
    monkeypatch.setenv(name, text)
    assert value_of(name) == value


@pytest.mark.usefixtures("needed")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PDS_API_URL", "k8s-pds.frx.pub"),
        ("PDS_BASE_DOMAIN", "127.0.0.1"),
        ("PDS_NAMESPACE", "No Namespace"),
        ("SUPABASE_URL", "ftp://project"),
        ("ADMIN_PORT", "http"),
        ("ADMIN_PORT", "70000"),
        ("PDS_REDEPLOY", "always"),
        ("PDS_DEPLOY_PAUSED", "maybe"),
        ("PDS_MAX_DEPLOYS", "0"),
        ("PDS_MAX_DEPLOYS_PER_HOUR", "-1"),
        *((name, text) for name in SECONDS for text in ("soon", "-1", "nan", "inf", "100000")),
        ("PDS_POLL_READY", "0"),
        ("PDS_RETRY_BASE", "0"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_and_no_secret_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    monkeypatch.setenv(name, text)
    said = complaint(capsys)
    assert [line.partition(":")[0] for line in said.splitlines()] == [name], said
    assert "the-token" not in said
    assert "the-service-role-key" not in said


def test_all_that_is_missing_or_wrong_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PDS_REDEPLOY", "always")
    said = {line.partition(":")[0] for line in complaint(capsys).splitlines()}
    assert said == {*NEEDED, "PDS_REDEPLOY"}


@pytest.mark.usefixtures("needed")
def test_supabases_url_has_the_name_of_the_front_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXT_PUBLIC_SUPABASE_URL", "https://public.supabase.co")
    assert value_of("SUPABASE_URL") == NEEDED["SUPABASE_URL"], "its own name comes first"
    monkeypatch.delenv("SUPABASE_URL")
    assert value_of("SUPABASE_URL") == "https://public.supabase.co"


@pytest.mark.parametrize("name", [*NEEDED, "PDS_CLAIM_SECONDS", "NEXT_PUBLIC_SUPABASE_URL"])
def test_each_may_be_a_file_of_a_mounted_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    texts = {**NEEDED, "PDS_CLAIM_SECONDS": "0.5"}
    if name == "NEXT_PUBLIC_SUPABASE_URL":
        texts[name] = texts.pop("SUPABASE_URL")
    (tmp_path / name).write_text(f"{texts.pop(name)}\n")
    for other, text in texts.items():
        monkeypatch.setenv(other, text)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    read = load_settings(OperatorSettings)
    assert read.pds_api_token.get_secret_value() == "the-token"
    assert read.supabase_service_role_key.get_secret_value() == "the-service-role-key"
    assert (read.supabase_url, read.pds_claim_seconds) == (NEEDED["SUPABASE_URL"], 0.5)


@pytest.mark.usefixtures("needed")
def test_the_protocol_is_told_what_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in enumerate(SECONDS, 1):
        monkeypatch.setenv(name, str(number / 2))
    monkeypatch.setenv("PDS_REDEPLOY", "hold")
    monkeypatch.setenv("PDS_API_URL", "https://backend.example/api/v1")
    monkeypatch.setenv("PDS_BASE_DOMAIN", "eny.example")
    monkeypatch.setenv("PDS_RESERVED_HOSTNAMES", "www")
    policy = load_settings(OperatorSettings).policy()
    assert policy.redeploy is Redeploy.HOLD
    assert (policy.deploy_timeout, policy.claim_seconds, policy.settle_seconds) == (0.5, 1.0, 1.5)
    assert (policy.poll_ready, policy.retry_base, policy.takeover_wait()) == (2.0, 2.5, 3.0)
    for hostname in ("www.eny.example", "backend.example", "eny.example"):
        assert policy.hostnames.objection(hostname), hostname
    assert policy.hostnames.objection("alice.eny.example") is None


@pytest.mark.usefixtures("needed")
def test_settings_print_no_secret() -> None:
    printed = repr(load_settings(OperatorSettings))
    assert "the-token" not in printed
    assert "the-service-role-key" not in printed
