"""The clients reach the network as the environment says, without asking it anew for each request."""

import ssl

import pytest

from pds_clients.kubernetes import KubernetesApi
from pds_clients.network import proxy_for, trusted_certificates
from pds_clients.supabase import Supabase
from pds_contract.errors import InvalidInput

from .conftest import Canned

USER = "0a1b2c3d-0000-4000-8000-000000000001"
PROXY = "http://proxy.example:3128"
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({}, "https://a.example", None),
        ({"HTTPS_PROXY": "proxy.example:3128"}, "https://a.example", PROXY),
        ({"HTTPS_PROXY": PROXY}, "https://a.example/path", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://a.example", None),
        ({"https_proxy": PROXY}, "https://a.example", PROXY),
        ({"ALL_PROXY": PROXY}, "http://a.example", PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "a.example"}, "https://a.example:6443", None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "b.example,.a.example"}, "https://api.a.example", None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "b.example"}, "https://a.example", PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, "https://a.example", None),
        ({"HTTPS_PROXY": PROXY}, "no address", None),
    ],
)
def test_the_environment_names_the_proxy(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


def test_a_proxy_of_another_kind_is_refused_and_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://zqxj:zqxj@proxy.example")
    with pytest.raises(InvalidInput, match="HTTPS_PROXY") as caught:
        proxy_for("https://a.example")
    assert "zqxj" not in str(caught.value)


async def test_supabase_is_called_through_the_proxy(canned: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", canned.url)
    canned.answer = b'HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n{"user_exists": true, "row": null}'
    async with Supabase("http://project.example", lambda: "key") as supabase:
        assert (await supabase.look_up_pds_service(USER)).user_exists
    assert canned.received[0].startswith(b"POST http://project.example/rest/v1/rpc/look_up_pds_service HTTP/1.1\r\n")


async def test_kubernetes_is_called_through_the_proxy(
    canned: Canned, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("HTTP_PROXY", canned.url)
    canned.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    kubeconfig = tmp_path_factory.mktemp("kube") / "config"
    kubeconfig.write_text(
        "{apiVersion: v1, kind: Config, current-context: a, users: [{name: a, user: {token: t}}],"
        " clusters: [{name: a, cluster: {server: 'http://kubernetes.example'}}],"
        " contexts: [{name: a, context: {cluster: a, user: a}}]}"
    )
    async with await KubernetesApi.connect(str(kubeconfig)) as api:
        assert await api.call("GET", "/version") == {}
    assert canned.received[0].startswith(b"GET http://kubernetes.example/version HTTP/1.1\r\n")


def test_the_certificates_are_read_once() -> None:
    assert trusted_certificates() is trusted_certificates()
    assert trusted_certificates().verify_mode is ssl.CERT_REQUIRED
    assert trusted_certificates().check_hostname
