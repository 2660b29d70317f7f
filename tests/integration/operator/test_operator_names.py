"""Usernames and hostnames: derived, asked for, taken, reserved."""

import asyncio
import uuid

from pds_stack.backend.bodies import DeployBody
from stages.failing_dependencies import forbidden_secrets
from stages.operator_stage import Stage, condition

ROUNDS = 20


def stranger(stage: Stage, hostname: str) -> None:
    body = DeployBody(username="x", password="x" * 20, email="stranger@a.example", hostname=hostname, disksize=1)
    stage.simulator.plant(body)


async def test_two_users_with_one_mailbox_name_at_the_same_instant_get_two_hostnames(stage: Stage) -> None:
    await stage.operate(PDS_CLAIM_SECONDS=10, PDS_DEPLOY_TIMEOUT=10)  # names are asked about here, not times
    for number in range(ROUNDS):
        emails = (f"alice{number}@a.example", f"alice{number}@b.example")
        users = await asyncio.gather(*(stage.ask(email) for email in emails))
        provisions = await asyncio.gather(*(stage.until_ready(user) for user in users))
        hostnames = {provision.status.hostname for provision in provisions}
        plain = f"alice{number}.eny.k8s.frx.pub"
        suffixed = {f"alice{number}-{user[:6]}.eny.k8s.frx.pub" for user in users}
        assert len(hostnames) == 2
        assert plain in hostnames
        assert hostnames - {plain} < suffixed
        for user, provision in zip(users, provisions, strict=True):
            assert len(stage.simulator.at_hostname(provision.status.hostname or "")) == 1
            row = stage.row(user)
            assert row
            assert (row["hostname"], row["pds_service_id"]) == (provision.status.hostname, provision.status.service_id)
    assert len(stage.simulator.services) == 2 * ROUNDS
    assert stage.posts() == 2 * ROUNDS


async def test_a_derived_hostname_that_a_stranger_has_at_the_backend_gets_a_suffix(stage: Stage) -> None:
    stranger(stage, "alice.eny.k8s.frx.pub")
    await stage.operate()
    user_id = await stage.ask("alice@a.example")
    provision = await stage.until_ready(user_id)
    assert provision.status.hostname == f"alice-{user_id[:6]}.eny.k8s.frx.pub"
    assert provision.status.username == f"alice-{user_id[:6]}"


async def test_a_derived_hostname_that_is_reserved_by_settings_gets_a_suffix(stage: Stage) -> None:
    await stage.operate(PDS_RESERVED_HOSTNAMES=["admin"])
    user_id = await stage.ask("admin@a.example")
    provision = await stage.until_ready(user_id)
    assert provision.status.hostname == f"admin-{user_id[:6]}.eny.k8s.frx.pub"


async def test_an_asked_for_hostname_that_a_stranger_has_is_told_until_another_is_asked_for(stage: Stage) -> None:
    stranger(stage, "taken.example.com")
    await stage.operate()
    user_id = await stage.ask(hostname="taken.example.com")
    provision = await stage.until_reason(user_id, "HostnameTaken")
    assert condition(provision, "Stalled") == "True"
    assert stage.posts() == 0
    await stage.edit(user_id, hostname="free.example.com")
    provision = await stage.until_ready(user_id)
    assert provision.status.hostname == "free.example.com"


async def test_an_asked_for_hostname_that_another_customer_has_is_told(stage: Stage) -> None:
    await stage.operate()
    await stage.until_ready(await stage.ask(hostname="shared.example.com"))
    second = await stage.ask("bob@a.example", hostname="shared.example.com")
    await stage.until_reason(second, "HostnameTaken")
    assert len(stage.simulator.at_hostname("shared.example.com")) == 1


async def test_an_asked_for_hostname_that_nobody_may_have_is_told(stage: Stage) -> None:
    await stage.operate(PDS_RESERVED_HOSTNAMES=["www"])
    user_id = await stage.ask(hostname="www.eny.k8s.frx.pub")
    provision = await stage.until_reason(user_id, "InvalidSpec")
    ready = provision.status.condition("Ready")
    assert ready
    assert "is reserved" in ready.message
    await stage.edit(user_id, hostname="mine.eny.k8s.frx.pub")
    await stage.until_ready(user_id)


async def test_an_e_mail_without_a_usable_mailbox_name(stage: Stage) -> None:
    await stage.operate()
    user_id = await stage.ask("___@a.example")
    provision = await stage.until_ready(user_id)
    assert provision.status.hostname == f"u-{user_id[:8]}.eny.k8s.frx.pub"


async def test_an_asked_for_username_is_used(stage: Stage) -> None:
    await stage.operate()
    provision = await stage.until_ready(await stage.ask(username="queen", disksizeGb=25))
    (made,) = stage.simulator.services
    assert (made.username, made.hostname, made.disksize) == ("queen", "queen.eny.k8s.frx.pub", 25)
    assert provision.status.username == "queen"


async def test_a_foreign_secret_of_the_hostname_is_not_touched(stage: Stage) -> None:
    secret = {"metadata": {"name": "alice.eny.k8s.frx.pub"}, "stringData": {"userId": "somebody's"}}
    await stage.api.call("POST", f"/api/v1/namespaces/{stage.namespace}/secrets", body=secret)
    await stage.operate()
    user_id = await stage.ask("alice@a.example")
    provision = await stage.until_ready(user_id)
    assert provision.status.hostname == f"alice-{user_id[:6]}.eny.k8s.frx.pub"


async def test_a_refused_reservation_is_told_and_goes_on_when_it_is_allowed(stage: Stage) -> None:
    async with forbidden_secrets(stage.api, stage.namespace):
        await stage.operate()
        user_id = await stage.ask()
        provision = await stage.until_reason(user_id, "ReservationRefused")
        assert provision.status.condition("Stalled")
    await stage.eventually_async(lambda: _answers_a_retry(stage, user_id), "a retry goes through")
    await stage.until_ready(user_id)
    assert len(stage.simulator.services) == 1


async def _answers_a_retry(stage: Stage, user_id: str) -> bool:
    """The API server takes a moment to forget an admission policy."""
    await stage.retry(user_id, uuid.uuid4().hex)
    return (await stage.get(user_id)).status.phase is not None
