"""Each program starts with the settings and Secrets that the manifests give it."""

import base64
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from pds_operator.settings import OperatorSettings
from pds_portal.settings import PortalSettings
from pds_runtime.settings import load_settings
from pds_stack.kubernetes.kubectl import Kubectl
from pds_webhook.backfill.settings import BackfillSettings
from pds_webhook.settings import WebhookSettings

from .rendering import (
    DEPLOY,
    LOCAL,
    Manifest,
    named,
    objects_in,
    objects_of,
    of_kind,
    pod_templates,
    render,
    template_of,
)

# A value of each that no shell or YAML would leave alone.
SECRETS = {
    "STRIPE_WEBHOOK_SECRET": "whsec_one whsec_'two'",
    "SUPABASE_SERVICE_ROLE_KEY": 'a"$(b)\\`: #%\n',
    "PDS_API_TOKEN": "t" * 200,
    "STRIPE_SECRET_KEY": "rk_live_!",
    "PORTAL_STRIPE_SECRET_KEY": "rk_live_=",
}
JWT_SECRET = {"SUPABASE_JWT_SECRET": "=" * 40}
PROGRAMS: dict[str, type[BaseSettings]] = {
    "pds-webhook": WebhookSettings,
    "pds-operator": OperatorSettings,
    "pds-backfill": BackfillSettings,
    "pds-portal": PortalSettings,
}
OWN = {
    "SUPABASE_URL": "https://abc.supabase.co",
    "PORTAL_URL": "https://my.example.com",
    "SUPABASE_ANON_KEY": "anon",
    "PDS_PLANS": '[{"key":"s","name":"S","price_id":"price_s","disksize_gb":10,"price":"€ 5"}]',
}
"""What an installation has to set."""


def secrets(environment: Mapping[str, str], *further: str) -> subprocess.CompletedProcess[str]:
    """Run deploy/secrets.sh in an environment of its own."""
    return subprocess.run(
        ("sh", DEPLOY / "secrets.sh", *further),  # noqa: S607 - whichever sh there is
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(secret: Manifest) -> dict[str, str]:
    return {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}


def load(
    program: str, objects: list[Manifest], made: Manifest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> BaseSettings:
    """Load a program's settings as its pod has them: from the ConfigMap, and from the Secret's files."""
    for name in set(os.environ) & {field.upper() for field in PROGRAMS[program].model_fields}:
        monkeypatch.delenv(name)
    (settings,) = of_kind(objects, "ConfigMap")
    variables = {v["name"]: v["value"] for v in template_of(objects, program).container["env"]}
    for name, value in {**settings["data"], **variables, "SECRETS_DIR": str(folder)}.items():
        monkeypatch.setenv(name, value)
    for name, value in contents(made).items():
        (folder / name).write_text(value)
    return load_settings(PROGRAMS[program])


@pytest.mark.parametrize("program", PROGRAMS)
def test_production(production: list[Manifest], program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (settings,) = of_kind(production, "ConfigMap")
    settings["data"] |= OWN
    made = named(objects_in(secrets(SECRETS | JWT_SECRET).stdout), "Secret", program)
    loaded = load(program, production, made, tmp_path, monkeypatch).model_dump()
    assert loaded["supabase_url"] == "https://abc.supabase.co"
    assert loaded.get("pds_namespace", "pds-customers") == "pds-customers"
    assert loaded.get("stripe_livemode", True) is True
    given = SECRETS | JWT_SECRET
    if program == "pds-portal":
        given["STRIPE_SECRET_KEY"] = SECRETS["PORTAL_STRIPE_SECRET_KEY"]
    for name in contents(made):
        assert loaded[name.lower()].get_secret_value() == given[name].strip()


def test_the_portal_by_public_keys(production: list[Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (settings,) = of_kind(production, "ConfigMap")
    keys = "https://abc.supabase.co/auth/v1/.well-known/jwks.json"
    settings["data"] |= {**OWN, "SUPABASE_JWKS_URL": keys, "TRUSTED_PROXIES": "10.0.0.0/16"}
    made = named(objects_in(secrets(SECRETS).stdout), "Secret", "pds-portal")
    loaded = load("pds-portal", production, made, tmp_path, monkeypatch).model_dump()
    assert (loaded["supabase_jwks_url"], loaded["supabase_jwt_secret"]) == (keys, None)
    assert [str(network) for network in loaded["trusted_proxies"]] == ["10.0.0.0/16"]
    assert loaded["stripe_checkout_origin"] == "https://checkout.stripe.com"


@pytest.mark.parametrize("program", PROGRAMS)
def test_production_without_supabase_url_says_so(
    production: list[Manifest],
    program: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = named(objects_in(secrets(SECRETS).stdout), "Secret", program)
    with pytest.raises(SystemExit):
        load(program, production, made, tmp_path, monkeypatch)
    said = capsys.readouterr().err.splitlines()
    assert any(line.startswith("SUPABASE_URL: is missing; set it in the environment, or as a file") for line in said)
    asked_of_the_portal = {"PORTAL_URL", "SUPABASE_ANON_KEY", "PDS_PLANS"}
    named_there = {line.partition(":")[0] for line in said}
    assert named_there & asked_of_the_portal == (asked_of_the_portal if program == "pds-portal" else set())


@pytest.mark.parametrize("program", PROGRAMS)
async def test_local_takes_what_differs_from_the_secrets(
    kubectl: Kubectl, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = {
        "SUPABASE_URL": "http://10.0.0.1:1",
        "PDS_API_URL": "http://10.0.0.1:2/api/v1",
        "PDS_BASE_DOMAIN": "pds.example.org",
        "STRIPE_API_BASE": "http://10.0.0.1:3",
        "STRIPE_CHECKOUT_ORIGIN": "http://10.0.0.1:3",
        "SUPABASE_ANON_KEY": "anon",
    }
    printed = secrets({**SECRETS, **JWT_SECRET, "STRIPE_SECRET_KEY": "sk_test_1", **stack}, *stack)
    made = named(objects_in(printed.stdout), "Secret", program)
    loaded = load(program, await render(kubectl, LOCAL), made, tmp_path, monkeypatch).model_dump()
    told = {name: loaded[name.lower()] for name in stack if name.lower() in loaded}
    assert {name: value if isinstance(value, str) else value.get_secret_value() for name, value in told.items()} == {
        name: stack[name] for name in told
    }
    assert loaded["supabase_url"] == stack["SUPABASE_URL"]
    assert loaded.get("stripe_livemode", False) is False


def test_each_program_gets_its_own_secrets_and_no_other() -> None:
    made = {s["metadata"]["name"]: s for s in objects_in(secrets(SECRETS | JWT_SECRET).stdout)}
    assert {name: set(secret["data"]) for name, secret in made.items()} == {
        "pds-webhook": {"STRIPE_WEBHOOK_SECRET", "SUPABASE_SERVICE_ROLE_KEY"},
        "pds-operator": {"PDS_API_TOKEN", "SUPABASE_SERVICE_ROLE_KEY"},
        "pds-backfill": {"STRIPE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"},
        "pds-portal": {"STRIPE_SECRET_KEY", "PDS_API_TOKEN", "SUPABASE_JWT_SECRET"},
    }
    assert contents(made["pds-portal"])["STRIPE_SECRET_KEY"] == SECRETS["PORTAL_STRIPE_SECRET_KEY"]
    assert {s["metadata"]["namespace"] for s in made.values()} == {"pds-system"}


def test_a_project_with_public_keys_has_no_secret_to_give() -> None:
    made = named(objects_in(secrets(SECRETS).stdout), "Secret", "pds-portal")
    assert set(made["data"]) == {"STRIPE_SECRET_KEY", "PDS_API_TOKEN"}


def test_without_the_portal_nothing_is_asked_for_it_and_the_others_are_the_same() -> None:
    less = {name: value for name, value in SECRETS.items() if name != "PORTAL_STRIPE_SECRET_KEY"}
    every = objects_in(secrets(SECRETS).stdout)
    assert objects_in(secrets(less, "--without-portal").stdout) == [
        s for s in every if s["metadata"]["name"] != "pds-portal"
    ]


async def test_the_api_server_takes_them(kubectl: Kubectl) -> None:
    printed = secrets(SECRETS | JWT_SECRET).stdout
    arguments = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict")
    assert (await kubectl(*arguments, "-f", "-", given=printed)).count("(server dry run)") == 4


def test_external_secrets_make_the_same() -> None:
    made = {s["metadata"]["name"]: set(s["data"]) for s in objects_in(secrets(SECRETS | JWT_SECRET).stdout)}
    examples = objects_of(DEPLOY / "examples" / "external-secrets.yaml")
    assert {e["spec"]["target"]["name"]: {d["secretKey"] for d in e["spec"]["data"]} for e in examples} == made
    assert {e["metadata"]["namespace"] for e in examples} == {"pds-system"}


@pytest.mark.parametrize("missing", SECRETS)
def test_what_is_missing_is_named_and_nothing_printed(missing: str) -> None:
    for left in ({k: v for k, v in SECRETS.items() if k != missing}, {**SECRETS, missing: ""}):
        ended = secrets(left)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr == f"missing in the environment: {missing}\n"


def test_every_command_of_a_pod_is_one_of_the_products(production: list[Manifest]) -> None:
    for template in pod_templates(production):
        command, *rest = template.container["command"] + template.container.get("args", [])
        program = Path(sys.executable).parent / command
        ended = subprocess.run((program, *rest, "--help"), capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
