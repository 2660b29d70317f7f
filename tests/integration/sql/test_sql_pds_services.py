"""look_up_pds_service and mirror_pds_service: the operator's two calls."""

import asyncio
import uuid

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROVISIONING = "provisioning"
NO_ID = "deploy_succeeded_no_id"
FAILED = "deploy_failed"
Row = tuple[int | None, str, str]


async def mirror(service: httpx.AsyncClient, user_id: str, wanted: Row) -> httpx.Response:
    names = ("p_pds_service_id", "p_hostname", "p_status")
    return await service.post(
        "/rpc/mirror_pds_service", json={"p_user_id": user_id, **dict(zip(names, wanted, strict=True))}
    )


async def look_up(service: httpx.AsyncClient, user_id: str, **hostname: str) -> dict[str, object]:
    answer = await service.post("/rpc/look_up_pds_service", json={"p_user_id": user_id, **hostname})
    assert answer.status_code == 200, answer.text
    looked_up: dict[str, object] = answer.json()
    return looked_up


def insert(database: psycopg.Connection[DictRow], user_id: str, stored: Row) -> DictRow:
    row = database.execute(
        """
        insert into public.pds_services (user_id, pds_service_id, hostname, status, updated_at)
        values (%s, %s, %s, %s, now() - interval '1 day') returning *
        """,
        (user_id, *stored),
    ).fetchone()
    assert row is not None
    return row


async def test_the_look_up_tells_a_user_without_a_row_from_no_user(service: httpx.AsyncClient, user_id: str) -> None:
    assert await look_up(service, user_id) == {"user_exists": True, "row": None, "hostname_elsewhere": False}
    nobody = {"user_exists": False, "row": None, "hostname_elsewhere": False}
    assert await look_up(service, str(uuid.uuid4())) == nobody


async def test_the_look_up_shows_the_row_as_the_mirror_returned_it(service: httpx.AsyncClient, user_id: str) -> None:
    mirrored = await mirror(service, user_id, (800, "a.example", PROVISIONING))

    assert mirrored.status_code == 200
    assert await look_up(service, user_id) == {
        "user_exists": True,
        "row": mirrored.json(),
        "hostname_elsewhere": False,
    }
    assert set(mirrored.json()) == {"user_id", "pds_service_id", "hostname", "status", "created_at", "updated_at"}


@pytest.mark.parametrize(
    ("stored", "elsewhere"),
    [
        ((800, "{}", FAILED), True),
        ((None, "{}", NO_ID), True),
        ((None, "{}", PROVISIONING), True),
        ((None, "{}", FAILED), False),
        ((800, "another.example", PROVISIONING), False),
    ],
)
async def test_the_look_up_tells_whether_another_users_row_has_the_hostname(
    service: httpx.AsyncClient,
    database: psycopg.Connection[DictRow],
    user_id: str,
    stored: Row,
    *,
    elsewhere: bool,
) -> None:
    hostname = f"{uuid.uuid4().hex}.example"
    insert(database, user_id, (stored[0], stored[1].format(hostname), stored[2]))
    stranger = await look_up(service, str(uuid.uuid4()), p_hostname=hostname)
    assert stranger["hostname_elsewhere"] is elsewhere
    assert (await look_up(service, user_id, p_hostname=hostname))["hostname_elsewhere"] is False, "it is the user's own"


@pytest.mark.parametrize(
    "case",
    [
        (None, (800, "a.example", PROVISIONING), (800, "a.example", PROVISIONING)),
        (None, (None, "a.example", FAILED), (None, "a.example", FAILED)),
        ((None, "a.example", FAILED), (800, "a.example", PROVISIONING), (800, "a.example", PROVISIONING)),
        ((None, "a.example", FAILED), (None, "b.example", NO_ID), (None, "b.example", NO_ID)),
        ((800, "a.example", FAILED), (800, "b.example", PROVISIONING), (800, "b.example", PROVISIONING)),
        ((800, "a.example", PROVISIONING), (None, "b.example", FAILED), (800, "a.example", PROVISIONING)),
        ((800, "a.example", PROVISIONING), (801, "b.example", FAILED), (800, "a.example", PROVISIONING)),
    ],
    ids=[
        "first with id",
        "first without id",
        "id over null",
        "null over null",
        "same id",
        "null over id",
        "other id over id",
    ],
)
async def test_the_mirror_never_loses_an_id(
    service: httpx.AsyncClient,
    database: psycopg.Connection[DictRow],
    user_id: str,
    case: tuple[Row | None, Row, Row],
) -> None:
    stored, wanted, result = case
    before = insert(database, user_id, stored) if stored else None

    answer = (await mirror(service, user_id, wanted)).json()

    after = database.execute("select * from public.pds_services where user_id = %s", (user_id,)).fetchone()
    assert after is not None
    for row in (answer, after):
        assert (row["pds_service_id"], row["hostname"], row["status"]) == result
    if before:
        assert after["created_at"] == before["created_at"]
        assert (after["updated_at"] > before["updated_at"]) == (result != stored)


@pytest.mark.parametrize("stored", [(800, "a.example", PROVISIONING), (None, "a.example", NO_ID)])
async def test_what_is_so_already_is_not_written(
    service: httpx.AsyncClient, database: psycopg.Connection[DictRow], user_id: str, stored: Row
) -> None:
    query = "select xmin::text as version, * from public.pds_services where user_id = %s"
    insert(database, user_id, stored)
    before = database.execute(query, (user_id,)).fetchone()

    answer = await mirror(service, user_id, stored)

    assert answer.json()["pds_service_id"] == stored[0]
    assert before is not None
    assert database.execute(query, (user_id,)).fetchone() == before


async def test_an_unknown_user_is_a_foreign_key_violation(service: httpx.AsyncClient) -> None:
    answer = await mirror(service, str(uuid.uuid4()), (800, "a.example", PROVISIONING))

    assert (answer.status_code, answer.json()["code"]) == (409, "23503")


async def test_of_many_ids_at_once_one_stays_and_all_callers_see_it(
    service: httpx.AsyncClient, database: psycopg.Connection[DictRow], user_id: str
) -> None:
    wishes: list[Row] = [(800 + number, f"{number}.example", PROVISIONING) for number in range(10)]
    wishes += [(None, "none.example", FAILED)] * 10

    answers = await asyncio.gather(*(mirror(service, user_id, wanted) for wanted in wishes))

    stored = database.execute("select * from public.pds_services where user_id = %s", (user_id,)).fetchone()
    assert stored is not None
    assert stored["hostname"] == f"{stored['pds_service_id'] - 800}.example"
    ids = {answer.json()["pds_service_id"] for answer in answers}
    assert ids <= {None, stored["pds_service_id"]}
    with_id = [answer.json()["pds_service_id"] for answer, wanted in zip(answers, wishes, strict=True) if wanted[0]]
    assert with_id == [stored["pds_service_id"]] * 10
