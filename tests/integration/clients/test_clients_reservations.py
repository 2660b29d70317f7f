"""Reservations: one Secret a hostname, and one user a Secret."""

import asyncio
import uuid
from base64 import b64decode

import pytest

from pds_clients.kubernetes import MERGE_PATCH, Json, KubernetesApi
from pds_clients.reservations import SECRET_TYPE, Reservations
from pds_contract.errors import NotFound, Refused
from pds_contract.reservation import Reservation

HOSTNAME = "alice.example.org"


@pytest.fixture
def reservations(api: KubernetesApi, namespace: str) -> Reservations:
    return Reservations(api, namespace, "tests")


@pytest.fixture
def path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"


def wanted(hostname: str = HOSTNAME) -> Reservation:
    return Reservation.new(hostname, str(uuid.uuid4()), str(uuid.uuid4()))


async def test_the_first_has_it_and_keeps_it(reservations: Reservations) -> None:
    first = wanted()
    assert await reservations.reserve(first) == first
    assert await reservations.reserve(wanted()) == first
    again = Reservation.new(HOSTNAME, first.user_id, first.provision_uid)
    assert await reservations.reserve(again) == first, "the password and key of the first time are for ever"


async def test_what_is_kept(reservations: Reservations, api: KubernetesApi, path: str) -> None:
    first = await reservations.reserve(wanted())
    secret = await api.call("GET", f"{path}/{HOSTNAME}")
    assert (secret["type"], secret["immutable"]) == (SECRET_TYPE, True)
    assert {name: b64decode(value).decode() for name, value in secret["data"].items()} == {
        "userId": first.user_id,
        "provisionUid": first.provision_uid,
        "password": first.password,
        "key": first.key,
    }
    assert "ownerReferences" not in secret["metadata"]
    assert first.password not in str({**secret, "data": None})


async def test_it_cannot_be_changed(reservations: Reservations, api: KubernetesApi, path: str) -> None:
    await reservations.reserve(wanted())
    change: Json = {"stringData": {"password": "another"}}
    with pytest.raises(Refused):
        await api.call("PATCH", f"{path}/{HOSTNAME}", body=change, content_type=MERGE_PATCH)


async def test_of_twenty_users_at_once_one_has_it_and_all_others_see_who(reservations: Reservations) -> None:
    asked = [wanted() for _ in range(20)]
    answers = await asyncio.gather(*map(reservations.reserve, asked))
    winners = [one for one, answer in zip(asked, answers, strict=True) if answer == one]
    assert len(winners) == 1
    assert answers == winners * 20


async def test_two_hostnames_are_two_reservations(reservations: Reservations) -> None:
    first, second = wanted(), wanted("bob.example.org")
    assert await reservations.reserve(first) == first
    assert await reservations.reserve(second) == second


async def test_the_longest_hostname_can_be_reserved(reservations: Reservations) -> None:
    longest = wanted(".".join(["a" * 63] * 3 + ["b" * 61]))
    assert len(longest.hostname) == 253
    assert await reservations.reserve(longest) == longest


@pytest.mark.parametrize(
    "secret",
    [
        {"type": "Opaque", "stringData": {"userId": "0a1b2c3d-0000-4000-8000-000000000001", "password": "p"}},
        {"type": "Opaque", "data": {"binary": "/////w=="}},
        {},
    ],
    ids=["as if it were ours", "binary", "empty"],
)
async def test_a_foreign_secret_of_that_name_is_nobody_s(
    reservations: Reservations, api: KubernetesApi, path: str, secret: Json
) -> None:
    await api.call("POST", path, body={"metadata": {"name": HOSTNAME}, **secret})
    assert await reservations.reserve(wanted()) == Reservation(HOSTNAME, "", "", "", "")


async def test_a_namespace_that_is_not_there(api: KubernetesApi) -> None:
    with pytest.raises(NotFound):
        await Reservations(api, f"missing-{uuid.uuid4().hex}", "tests").reserve(wanted())


async def test_no_error_quotes_the_password(reservations: Reservations) -> None:
    first = wanted("Not.A.Secret's.Name")
    with pytest.raises(Refused) as caught:
        await reservations.reserve(first)
    assert first.password not in str(caught.value)
    assert first.key not in str(caught.value)
