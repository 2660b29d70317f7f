"""The settings of the dependencies, as people write them."""

import os

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from pds_clients.settings import (
    BackendSettings,
    HostnameSettings,
    KubernetesSettings,
    SupabaseSettings,
)
from pds_contract.errors import InvalidInput

PREFIXES = ("PDS_", "SUPABASE_", "NEXT_PUBLIC_", "KUBECONFIG")


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith(PREFIXES):
            monkeypatch.delenv(name)


def test_defaults() -> None:
    hostnames = HostnameSettings()
    assert (hostnames.pds_base_domain, hostnames.pds_reserved_hostnames) == ("eny.k8s.frx.pub", [])
    assert hostnames.pds_api_url == "https://k8s-pds.frx.pub/api/v1"
    assert KubernetesSettings().pds_namespace == "pds-customers"


@pytest.mark.parametrize(
    "written", ["www,admin.example", " www  admin.example ", "www,\n admin.example,", "www admin.example"]
)
def test_reserved_names_by_commas_or_white_space(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("PDS_RESERVED_HOSTNAMES", written)
    settings = HostnameSettings()
    assert settings.pds_reserved_hostnames == ["www", "admin.example"]
    rules = settings.hostname_rules()
    for name in ("www.eny.k8s.frx.pub", "admin.example", "k8s-pds.frx.pub", "eny.k8s.frx.pub"):
        with pytest.raises(InvalidInput):
            rules.asked(name)
    assert rules.asked("alice.eny.k8s.frx.pub") == "alice.eny.k8s.frx.pub"


@pytest.mark.parametrize("written", ["Admin.Example.", "https://admin.example/", "admin.example:443"])
def test_a_reserved_name_is_cleaned_as_what_customers_ask_for_is(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("PDS_RESERVED_HOSTNAMES", written)
    with pytest.raises(InvalidInput):
        HostnameSettings().hostname_rules().asked("admin.example")


def test_all_unusable_reserved_names_are_pointed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDS_RESERVED_HOSTNAMES", "*.example, www, a_b")
    with pytest.raises(ValidationError, match=r"unusable at place 1, 3 of the list; .*wildcards are not understood"):
        HostnameSettings()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://api.example/v1", "https://api.example/v1"),
        (" https://api.example/v1/ ", "https://api.example/v1"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_urls(monkeypatch: pytest.MonkeyPatch, written: str, read: str) -> None:
    monkeypatch.setenv("PDS_API_URL", written)
    assert HostnameSettings().pds_api_url == read


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        *[
            (HostnameSettings, "PDS_API_URL", url)
            for url in ("zqxj", "zqxj.example", "ftp://zqxj.example", "https://", "http://zqxj:zqxj", "http://a:99999")
        ],
        *[(HostnameSettings, "PDS_API_URL", url) for url in ("http://a:0", "http://[zqxj", "//zqxj.example")],
        *[
            (HostnameSettings, "PDS_BASE_DOMAIN", domain)
            for domain in (
                "zqxj",
                "https://zqxj.example",
                "Zqxj.example",
                "zqxj.example.",
                "192.0.2.7",
                ".zqxj.example",
            )
        ],
        *[(KubernetesSettings, "PDS_NAMESPACE", name) for name in ("Zqxj", "zqxj_", "zqxj/../x", "-zqxj", "z" * 64)],
        *[
            (HostnameSettings, "PDS_RESERVED_HOSTNAMES", names)
            for names in (
                "*.zqxj.example",
                "www,*",
                "zqxj_,www",
                "www -zqxj",
                "zqxj..example",
                "192.0.2.7",
                "zqxj.1",
                "zqxjä.example",
                "z" * 64,
                "https://",
            )
        ],
        (BackendSettings, "PDS_API_TOKEN", ""),
    ],
)
def test_what_cannot_be_used_is_refused_without_its_value(
    monkeypatch: pytest.MonkeyPatch, settings: type[BaseSettings], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        settings()
    (problem,) = caught.value.errors(include_input=False, include_url=False, include_context=False)
    assert problem["loc"] == (name.lower(),)
    assert "qxj" not in problem["msg"]


@pytest.mark.parametrize("name", ["SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_URL"])
def test_supabase_under_either_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "https://project.example/")
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "zqxj")
    settings = SupabaseSettings()
    assert settings.supabase_url == "https://project.example"
    assert settings.supabase_service_role_key.get_secret_value() == "zqxj"
    assert "zqxj" not in repr(settings)


def test_the_server_s_own_name_goes_before_the_public_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_URL", "https://own.example")
    monkeypatch.setenv("NEXT_PUBLIC_SUPABASE_URL", "https://public.example")
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "zqxj")
    assert SupabaseSettings().supabase_url == "https://own.example"
