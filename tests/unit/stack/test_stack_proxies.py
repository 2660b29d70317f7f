"""The stack's own addresses go round every proxy, and what the environment excepts stays excepted."""

import httpx
import pytest

from pds_stack import parts, proxies


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "127.0.0.1,localhost,10.0.0.5"),
        ({"NO_PROXY": ""}, "127.0.0.1,localhost,10.0.0.5"),
        ({"NO_PROXY": "a.example, b.example,"}, "a.example,b.example,127.0.0.1,localhost,10.0.0.5"),
        ({"NO_PROXY": "a.example", "no_proxy": "b.example"}, "a.example,b.example,127.0.0.1,localhost,10.0.0.5"),
        ({"no_proxy": "localhost,a.example"}, "localhost,a.example,127.0.0.1,10.0.0.5"),
        ({"NO_PROXY": "a.example,*"}, "*"),
    ],
)
def test_what_is_there_stays_and_our_own_is_added_once(environment: dict[str, str], expected: str) -> None:
    made = proxies.exceptions(environment, "10.0.0.5")

    assert made == {"NO_PROXY": expected, "no_proxy": expected}
    assert proxies.exceptions(made, "10.0.0.5") == made


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.5", "fd00::5"])
def test_a_client_that_heeds_the_variables_goes_directly(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    for name, value in proxies.exceptions({"NO_PROXY": "a.example"}, host).items():
        monkeypatch.setenv(name, value)
    url = httpx.URL(scheme="http", host=host, port=8080)

    with httpx.Client() as client:
        direct = client._transport_for_url(url)  # noqa: SLF001 - the one place where httpx shows its choice
        elsewhere = client._transport_for_url(httpx.URL("http://b.example"))  # noqa: SLF001 - the same

    assert direct is not elsewhere


def test_the_products_commands_are_told() -> None:
    values = proxies.exceptions({}, "10.0.0.5")

    assert all(command.environment(values) == values for command in parts.COMMANDS.values())
