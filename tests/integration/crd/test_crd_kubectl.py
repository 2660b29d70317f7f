"""What a person sees: field selectors, columns and explanations."""

import pytest
import yaml

from pds_contract.errors import Refused
from pds_stack.paths import repository

from .conftest import READY, Crd, RunKubectl

EMAIL = "zqxj@a.example"
SCHEMA = yaml.safe_load((repository() / "crds" / "pdsprovisions.yaml").read_text())["spec"]["versions"][0]["schema"]


@pytest.mark.parametrize(
    ("status", "selector"),
    [
        ({"phase": "deploy_failed"}, "status.phase=deploy_failed"),
        ({"serviceId": 800}, "status.serviceId=800"),
        ({"serviceState": "Running"}, "status.serviceState=Running"),
        ({"hostname": "alice.example.org"}, "status.hostname=alice.example.org"),
    ],
)
async def test_field_selectors_on_status(crd: Crd, status: dict[str, object], selector: str) -> None:
    others, one = await crd.create(), await crd.create()
    assert await crd.select(selector) == []
    await crd.patch_status(one, **status)
    assert await crd.select(selector) == [one["metadata"]["name"]]
    assert await crd.select(selector.replace("=", "!=")) == [others["metadata"]["name"]]


async def test_the_unsettled_ones_are_found_by_what_is_not_there(crd: Crd) -> None:
    fresh, running = await crd.create(), await crd.create()
    await crd.patch_status(running, serviceState="Running", serviceId=800)
    assert await crd.select("status.serviceState=") == [fresh["metadata"]["name"]]
    assert await crd.select("status.serviceState!=Running") == [fresh["metadata"]["name"]]


async def test_a_field_selector_on_the_user(crd: Crd) -> None:
    await crd.create()
    made = await crd.create()
    assert await crd.select(f"spec.userId={made['spec']['userId']}") == [made["metadata"]["name"]]


async def test_the_e_mail_is_no_selector(crd: Crd) -> None:
    with pytest.raises(Refused):
        await crd.select(f"spec.email={EMAIL}")


async def test_columns(crd: Crd, kubectl: RunKubectl) -> None:
    made = await crd.create(email=EMAIL)
    await crd.patch_status(
        made, conditions=[READY], hostname="alice.example.org", serviceState="Running", serviceId=800
    )
    head, row = (line.split() for line in (await kubectl("get", "pds")).splitlines())
    assert head == ["NAME", "READY", "REASON", "HOSTNAME", "STATE", "SERVICE", "AGE"]
    assert row[:-1] == [made["metadata"]["name"], "True", "Running", "alice.example.org", "Running", "800"]


async def test_wide_columns(crd: Crd, kubectl: RunKubectl) -> None:
    made = await crd.create(email=EMAIL)
    await crd.patch_status(made, attempts=3, nextAttemptTime="2026-05-01T12:00:00Z")
    printed = await kubectl("get", "pds", "-o", "wide")
    head, row = (line.split() for line in printed.splitlines())
    assert head[6:] == ["AGE", "USER", "ATTEMPTS", "NEXT"]
    assert row[-3:] == [made["spec"]["userId"], "3", "2026-05-01T12:00:00Z"]
    assert "zqxj" not in printed


@pytest.mark.parametrize("name", ["pds", "pdsprovision", "pdsprovisions", "eny", "pdsprovisions.pds.eny.space"])
async def test_its_names(crd: Crd, kubectl: RunKubectl, name: str) -> None:
    made = await crd.create(email=EMAIL)
    printed = await kubectl("get", name, "-o", "name")
    assert printed.split() == [f"pdsprovision.pds.eny.space/{made['metadata']['name']}"]


async def test_waiting_for_ready(crd: Crd, kubectl: RunKubectl) -> None:
    made = await crd.create()
    await crd.patch_status(made, conditions=[{**READY, "observedGeneration": 1}], observedGeneration=1)
    assert "condition met" in await kubectl(
        "wait", "--for=condition=Ready", f"pds/{made['metadata']['name']}", "--timeout=20s"
    )


@pytest.mark.parametrize("place", ["spec", "status", "status.claim", "status.conditions"])
async def test_explanations(kubectl: RunKubectl, place: str) -> None:
    schema = SCHEMA["openAPIV3Schema"]
    for part in place.split("."):
        schema = schema["properties"][part]
    fields = schema.get("items", schema)["properties"]
    printed = " ".join((await kubectl("explain", f"pdsprovision.{place}")).split())
    for name, field in fields.items():
        assert f" {name} <" in printed
        assert " ".join(field["description"].split()) in printed
