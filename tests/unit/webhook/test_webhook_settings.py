"""The webhook's own settings; those that it shares are tried where they live."""

import os

import pytest
from pydantic import ValidationError

from pds_webhook.settings import WebhookSettings


@pytest.fixture(autouse=True)
def _only_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper() not in {"PATH", "HOME"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("SUPABASE_URL", "https://project.example")
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "zqxj")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_zqxj")


def test_defaults() -> None:
    settings = WebhookSettings()
    assert (settings.port, settings.admin_port, settings.stripe_livemode) == (8080, 9090, True)
    assert "zqxj" not in repr(settings)


@pytest.mark.parametrize("name", ["PORT", "ADMIN_PORT"])
def test_each_port_has_its_own_variable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "65535")
    settings = WebhookSettings()
    assert (settings.port, settings.admin_port) == ((65535, 9090) if name == "PORT" else (8080, 65535))


@pytest.mark.parametrize("name", ["PORT", "ADMIN_PORT"])
@pytest.mark.parametrize("port", ["0", "65536", "zqxj", "-1"])
def test_what_is_no_port_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, port: str) -> None:
    monkeypatch.setenv(name, port)
    with pytest.raises(ValidationError) as caught:
        WebhookSettings()
    (problem,) = caught.value.errors(include_input=False, include_url=False, include_context=False)
    assert problem["loc"] == (name.lower(),)
    assert "zqxj" not in problem["msg"]
