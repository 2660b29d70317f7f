"""What an import makes of rows, resources and services: the pure part."""

from typing import Any

import pytest

from pds_clients.backend import Service
from pds_contract.names import HostnameRules
from pds_contract.resource import PdsProvision, ProvisionSpec
from pds_contract.rows import PdsServiceRow
from pds_contract.service import ServiceState
from pds_operator.importing.judging import Held, beside, is_email, service_problem, sort_out, spec_of
from pds_operator.importing.verdicts import ADVICE, Kind, Skip

ONE, TWO, THREE = (f"0a1b2c3d-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
HOSTNAME = "alice.pds.example"
RULES = HostnameRules.of("pds.example", [], "api.example")


def row(
    user_id: str = ONE, service_id: int | None = 800, hostname: str | None = HOSTNAME, status: str = "provisioning"
) -> PdsServiceRow:
    return PdsServiceRow(user_id=user_id, pds_service_id=service_id, hostname=hostname, status=status)


def reasons(rows: list[PdsServiceRow], *held: Held) -> dict[str, Skip | None]:
    return {verdict.user_id: verdict.skip for verdict in sort_out(rows, held).judged}


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("deploy_failed", Skip.DEPLOY_FAILED),
        ("deploy_succeeded_no_id", Skip.ID_LOST),
        ("provisioning", Skip.ROW_IN_PROGRESS),
        ("by hand", Skip.ROW_IN_PROGRESS),
    ],
)
def test_a_row_without_an_id_says_why(status: str, why: Skip) -> None:
    assert reasons([row(service_id=None, status=status)]) == {ONE: why}


@pytest.mark.parametrize("service_id", [0, -5])
def test_an_id_that_is_none(service_id: int) -> None:
    assert reasons([row(service_id=service_id)]) == {ONE: Skip.UNUSABLE_ID}


def test_what_two_rows_have_nobody_gets() -> None:
    same_id = [row(ONE, 800, "a.pds.example"), row(TWO, 800, "b.pds.example"), row(THREE, 801, "c.pds.example")]
    assert reasons(same_id) == {ONE: Skip.ID_IN_TWO_ROWS, TWO: Skip.ID_IN_TWO_ROWS}
    assert [left.user_id for left in sort_out(same_id, []).left] == [THREE]
    same_hostname = [row(ONE, 800, HOSTNAME), row(TWO, 801, HOSTNAME.upper())]
    assert reasons(same_hostname) == {ONE: Skip.HOSTNAME_IN_TWO_ROWS, TWO: Skip.HOSTNAME_IN_TWO_ROWS}


def test_a_row_without_an_id_takes_nobodys_hostname() -> None:
    rows = [row(ONE), row(TWO, None, HOSTNAME, "deploy_failed")]
    assert [left.user_id for left in sort_out(rows, []).left] == [ONE]


def test_an_id_of_another_users_resource() -> None:
    assert reasons([row()], Held(TWO, 800, "b.pds.example")) == {ONE: Skip.ID_HELD}


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (Held(ONE, 800, HOSTNAME), None),
        (Held(ONE, 800, None), None),
        (Held(ONE, None, None), None),
        (Held(ONE, 801, HOSTNAME), Skip.RESOURCE_DIFFERS),
        (Held(ONE, 800, "b.pds.example"), Skip.RESOURCE_DIFFERS),
        (Held(ONE, None, "b.pds.example"), Skip.RESOURCE_DIFFERS),
    ],
)
def test_a_user_who_has_a_resource(held: Held, why: Skip | None) -> None:
    verdict = beside(row(), held)
    assert (verdict.skip, verdict.kind) == (why, Kind.SKIPPED if why else Kind.ALREADY_THERE)


def test_a_row_without_an_id_beside_a_resource_is_the_operators() -> None:
    assert beside(row(service_id=None, status="deploy_failed"), Held(ONE, 801, "b")).kind is Kind.ALREADY_THERE


@pytest.mark.parametrize(
    ("status", "annotations", "service_id"),
    [
        ({}, {}, None),
        ({}, {"pds.eny.space/service-id": "800"}, 800),
        ({}, {"pds.eny.space/service-id": "eight"}, None),
        ({"serviceId": 801, "hostname": HOSTNAME}, {"pds.eny.space/service-id": "800"}, 801),
    ],
)
def test_what_a_resource_holds(status: dict[str, Any], annotations: dict[str, str], service_id: int | None) -> None:
    spec = {"userId": ONE, "email": "a@a.example"}
    manifest = {"metadata": {"name": f"pds-{ONE}", "annotations": annotations}, "spec": spec, "status": status}
    held = Held.by(PdsProvision.model_validate(manifest))
    assert held == Held(ONE, service_id, status.get("hostname"))


@pytest.mark.parametrize(
    ("service", "why"),
    [
        (Service(HOSTNAME, ServiceState.RUNNING), None),
        (Service(HOSTNAME, ServiceState.SETUP_FAILED), None),
        (Service(HOSTNAME, ServiceState.SUSPENDED), None),
        (Service(HOSTNAME, ServiceState.TERMINATED), Skip.SERVICE_TERMINATED),
        (Service(None, ServiceState.NOT_FOUND), Skip.SERVICE_NOT_FOUND),
        (Service("b.pds.example", ServiceState.RUNNING), Skip.HOSTNAME_DIFFERS),
        (Service(None, ServiceState.RUNNING), Skip.HOSTNAME_DIFFERS),
    ],
)
def test_a_service(service: Service, why: Skip | None) -> None:
    assert service_problem(row(), service) is why


@pytest.mark.parametrize("hostname", ["alice-.pds.example", "alice", "ålice.pds.example", f"{'a.' * 127}example"])
def test_a_hostname_that_no_resource_can_have(hostname: str) -> None:
    assert service_problem(row(hostname=None), Service(hostname, ServiceState.RUNNING)) is Skip.HOSTNAME_UNUSABLE


@pytest.mark.parametrize(
    ("hostname", "username"),
    [
        ("alice.pds.example", "alice"),
        ("alice.b.pds.example", None),
        ("alice.elsewhere.example", None),
        ("xpds.example", None),
        ("pds.example", None),
    ],
)
def test_the_username_is_the_label_under_the_base_domain(hostname: str, username: str | None) -> None:
    assert spec_of(ONE, hostname, "a@a.example", 10, RULES).get("username") == username


@pytest.mark.parametrize(("told", "asked"), [(None, None), (0, None), (20, 20), (16384, 16384), (16385, None)])
def test_the_disk_is_what_the_backend_says(told: int | None, asked: int | None) -> None:
    spec = spec_of(ONE, HOSTNAME, "a@a.example", told, RULES)
    assert spec.get("disksizeGb") == asked
    assert ProvisionSpec.model_validate(spec).hostname == HOSTNAME


@pytest.mark.parametrize(
    ("text", "usable"),
    [("a@a.example", True), ("", False), ("a", False), ("a b@a.example", False), (f"{'a' * 250}@a.ex", False)],
)
def test_an_e_mail_address(text: str, *, usable: bool) -> None:
    assert is_email(text) is usable


def test_every_reason_says_what_to_do() -> None:
    assert set(ADVICE) == set(Skip)
