"""The portal's own settings; those that it shares are tried where they live."""

import os
from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from stages.portal_settings import USABLE, portal_settings


@pytest.fixture(autouse=True)
def _nothing_else_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper() not in {"PATH", "HOME"}:
            monkeypatch.delenv(name)


def test_defaults() -> None:
    settings = portal_settings()
    assert (settings.port, settings.admin_port, settings.pds_use_mock) == (8080, 9090, False)
    assert settings.stripe_checkout_origin == "https://checkout.stripe.com"
    assert settings.trusted_proxies == ()
    assert settings.issuer == f"{USABLE['SUPABASE_URL']}/auth/v1"
    assert "zqxj" not in repr(settings)


def test_the_issuer_can_be_another() -> None:
    assert portal_settings(SUPABASE_JWT_ISSUER="https://id.example/auth/v1").issuer == "https://id.example/auth/v1"


def test_the_publishable_key_is_accepted() -> None:
    portal_settings(NEXT_PUBLIC_STRIPE_PUBLISHABLE_KEY="pk_test_1")


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://eny.space", "https://eny.space"),
        (" https://ENY.space/ ", "https://eny.space"),
        ("https://eny.space:443", "https://eny.space"),
        ("https://eny.space:8443", "https://eny.space:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://localhost:80", "http://localhost"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_the_portals_url_as_browsers_write_it(given: str, origin: str) -> None:
    assert portal_settings(PORTAL_URL=given).portal_url == portal_settings(PORTAL_URL=given).origin == origin


@pytest.mark.parametrize("name", ["PORTAL_URL", "STRIPE_CHECKOUT_ORIGIN"])
@pytest.mark.parametrize(
    "given",
    [
        "http://eny.space",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "ftp://eny.space",
        "eny.space",
        "https://eny.space/portal",
        "https://eny.space?a",
        "https://user:zqxj@eny.space",
        "https://eny.space;script-src *",
        "https://eny.space 'unsafe-inline'",
        "https://*",
        "https://",
        "",
    ],
)
def test_an_unusable_origin(name: str, given: str) -> None:
    with pytest.raises(ValidationError, match="https://") as refused:
        portal_settings(**{name: given})
    assert [error["loc"] for error in refused.value.errors()] == [(name.lower(),)]


@pytest.mark.parametrize(
    "keys",
    [
        {"SUPABASE_JWT_SECRET": None},
        {"SUPABASE_JWKS_URL": "https://project.example/auth/v1/.well-known/jwks.json"},
    ],
    ids=["none", "both"],
)
def test_exactly_one_kind_of_key(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="either this or SUPABASE_JWT_SECRET"):
        portal_settings(**keys)


def test_published_keys_instead_of_the_secret() -> None:
    url = "https://project.example/auth/v1/.well-known/jwks.json"
    assert portal_settings(SUPABASE_JWT_SECRET=None, SUPABASE_JWKS_URL=url).supabase_jwks_url == url


@pytest.mark.parametrize("secret", ["", "short"])
def test_an_unusable_jwt_secret(secret: str) -> None:
    with pytest.raises(ValidationError) as refused:
        portal_settings(SUPABASE_JWT_SECRET=secret)
    assert [error["loc"] for error in refused.value.errors()] == [("supabase_jwt_secret",)]


def test_trusted_proxies() -> None:
    networks = portal_settings(TRUSTED_PROXIES="10.0.0.0/8, 192.0.2.1\nfd00::/8").trusted_proxies
    assert networks == tuple(map(ip_network, ("10.0.0.0/8", "192.0.2.1/32", "fd00::/8")))


@pytest.mark.parametrize(("given", "place"), [("10.0.0.1/8", "1"), ("10.0.0.0/8 proxy.example", "2"), ("*", "1")])
def test_an_unusable_network_is_named_by_its_place(given: str, place: str) -> None:
    with pytest.raises(ValidationError, match=f"at place {place} of the list"):
        portal_settings(TRUSTED_PROXIES=given)
