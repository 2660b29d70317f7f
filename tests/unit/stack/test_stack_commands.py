"""What the command says to bad input: a message, and exit code 2."""

from pathlib import Path

import pytest

from pds_stack import parts
from pds_stack.__main__ import main
from pds_stack.errors import UsageError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["up", "--only", "kubernetes,supabse"], "unknown part supabse"),
        (["up", "--only", ","], "choose from kubernetes,supabase,backend,webhook,operator,stripe,portal"),
        (["up", "--only", "supabase", "--host", "localhost"], "give an IP address"),
        (["up", "--only", "supabase", "--host", "0.0.0.0"], "the one address"),
        (["up", "--only", "supabase", "--host", "203.0.113.9"], "is no address of this machine"),  # for documentation
        (["up", "--only", "supabase", "--host", "2001:db8::9"], "is no address of this machine"),  # the same
        (["up", "--only", "portal", "--host", "203.0.113.9"], "leave out --host, or portal from --only"),
        (["up", "--only", "portal"], "portal needs supabase: add it to --only, or set SUPABASE"),
        (["up", "--only", "webhook,supabase"], "webhook needs kubernetes: add it to --only, or set KUBECONFIG"),
        (["event", "--env", "missing"], "cannot read missing"),
        (["event", "--file", "missing"], "cannot send missing"),
        (["event", "--file", "missing", "--email", "a@example.com"], "leave out the other options"),
        (["user", "a@example.com", "--env", "missing"], "cannot read missing"),
    ],
)
def test_bad_input_is_said_and_ends_with_2(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("KUBECONFIG", "SUPABASE_URL"):
        monkeypatch.delenv(name, raising=False)

    assert main(arguments) == 2

    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_parts_start_in_their_order_however_they_are_named() -> None:
    assert parts.chosen("backend, supabase,kubernetes") == ("kubernetes", "supabase", "backend")


def test_a_part_can_lean_on_settings_of_the_environment() -> None:
    environment = {"KUBECONFIG": "/k", "SUPABASE_URL": "http://s", "SUPABASE_SERVICE_ROLE_KEY": "key", "OTHER": "x"}

    assert parts.from_environment(("webhook",), environment) == {
        "KUBECONFIG": "/k",
        "SUPABASE_URL": "http://s",
        "SUPABASE_SERVICE_ROLE_KEY": "key",
    }
    with pytest.raises(UsageError, match="operator needs backend"):
        parts.from_environment(("operator",), environment)


def test_a_command_is_told_no_secret_of_another() -> None:
    names = ("STRIPE_WEBHOOK_SECRET", "SUPABASE_JWT_SECRET", "PDS_API_TOKEN", "DATABASE_URL", "KUBECONFIG")
    values = dict.fromkeys(names, "x")

    assert set(parts.COMMANDS["webhook"].environment(values)) == {"STRIPE_WEBHOOK_SECRET", "KUBECONFIG"}
    assert set(parts.COMMANDS["operator"].environment(values)) == {"PDS_API_TOKEN", "KUBECONFIG"}
    assert set(parts.COMMANDS["portal"].environment(values)) == {"PDS_API_TOKEN", "SUPABASE_JWT_SECRET"}


def test_what_a_command_may_not_know_is_a_secret_wherever_it_comes_from() -> None:
    known_to_one = {name for command in parts.COMMANDS.values() for name in (*command.required(), *command.settings)}

    named = ("SECRET", "KEY", "TOKEN")
    assert {name for name in known_to_one if name.endswith(named)} - {"SUPABASE_ANON_KEY"} <= parts.SECRETS
    assert not {"SUPABASE_SERVICE_ROLE_KEY", "DATABASE_URL"} & set(parts.COMMANDS["portal"].required())
