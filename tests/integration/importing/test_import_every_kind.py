"""Forty rows of every kind: what a dry run says of them, what an import makes of them, what the operator then does."""

import psycopg

from .conftest import BASE, Past

REASONS = {
    "deploy_failed",
    "id_lost",
    "row_in_progress",
    "unusable_id",
    "resource_differs",
    "id_in_two_rows",
    "id_held",
    "hostname_in_two_rows",
    "hostname_reserved",
    "hostname_differs",
    "service_terminated",
    "service_not_found",
    "user_gone",
    "no_email",
}


def rows(database: psycopg.Connection) -> list[object]:
    return [*database.execute("select * from pds_services order by user_id").fetchall()]


async def reserve_for_a_newcomer(past: Past, hostname: str) -> None:
    secret = {
        "metadata": {"name": hostname},
        "type": "pds.eny.space/reservation",
        "stringData": {"userId": past.stage.new_user(), "provisionUid": "u", "password": "p", "key": "k"},
    }
    await past.stage.api.call("POST", f"/api/v1/namespaces/{past.stage.namespace}/secrets", body=secret)


async def people_are_needed(past: Past) -> dict[str, str]:
    """Make a row of every kind that an import skips; return the reason that is expected of each user."""
    stage, expected = past.stage, dict[str, str]()

    def user(reason: str) -> str:
        user_id = stage.new_user()
        expected[user_id] = reason
        return user_id

    for number in range(2):
        stage.write_row(user("deploy_failed"), None, f"failed{number}.{BASE}", "deploy_failed")
        stage.write_row(user("id_lost"), None, f"lost{number}.{BASE}", "deploy_succeeded_no_id")
        expected[past.customer(f"ended{number}.{BASE}", state=5)] = "service_terminated"
        stage.write_row(user("service_not_found"), 4711 + number, f"gone{number}.{BASE}", "provisioning")
    stage.write_row(user("row_in_progress"), None, f"early.{BASE}", "provisioning")
    stage.write_row(user("row_in_progress"), None, None, "by hand")
    stage.write_row(user("unusable_id"), 0, f"zero.{BASE}", "provisioning")
    shared = past.plant(f"shared.{BASE}")
    for number in range(2):
        stage.write_row(user("id_in_two_rows"), shared.id, f"shared{number}.{BASE}", "provisioning")
        expected[past.customer(f"twice.{BASE}")] = "hostname_in_two_rows"
    expected[past.customer(f"newcomer.{BASE}")] = "hostname_reserved"
    await reserve_for_a_newcomer(past, f"newcomer.{BASE}")
    stage.write_row(user("hostname_differs"), past.plant("a-strangers.example.com").id, f"mine.{BASE}", "provisioning")
    silent = past.customer(f"silent.{BASE}")
    stage.database.execute("update auth.users set email = null where id = %s", (silent,))
    expected[silent] = "no_email"
    removed = past.customer(f"removed.{BASE}")
    stage.database.execute("update auth.users set deleted_at = now() where id = %s", (removed,))
    expected[removed] = "user_gone"
    differs = past.customer(f"differs.{BASE}")
    await stage.ask_for(differs)
    await stage.set_status(differs, {"serviceId": 999999, "hostname": f"differs.{BASE}"})
    expected[differs] = "resource_differs"
    held = past.customer(f"held.{BASE}")
    await stage.set_status((await stage.ask_for(stage.new_user())).spec.user_id, {"serviceId": past.row_id(held)})
    expected[held] = "id_held"
    return expected


async def test_forty_rows_of_every_kind(past: Past) -> None:
    stage = past.stage
    skipped = await people_are_needed(past)
    assert set(skipped.values()) == REASONS
    there = past.customer(f"there.{BASE}")
    await stage.ask_for(there)
    wanted = [past.customer(f"customer{number}.{BASE}", disksize=5 + number) for number in range(16)]
    elsewhere = past.customer("pds.customer.example.com")
    unnamed = past.customer(f"unnamed.{BASE}")
    stage.database.execute("update pds_services set hostname = null where user_id = %s", (unnamed,))
    wanted += [elsewhere, unnamed]
    before = rows(stage.database), set(await past.resources()), await past.secrets()
    assert len(before[0]) == 40

    foretold = await past.run("--dry-run", "--json")
    assert foretold.code == 0, foretold.err
    assert (rows(stage.database), set(await past.resources()), await past.secrets()) == before, "nothing was written"
    done = await past.run("--json")
    assert done.code == 0, done.err
    assert done.report["rows"] == foretold.report["rows"], "the dry run told what would be"
    assert done.totals == (len(wanted), 1, len(skipped), 0)
    assert done.reasons() == skipped
    assert rows(stage.database) == before[0]
    again = await past.run("--json")
    assert (again.code, again.totals) == (0, (0, len(wanted) + 1, len(skipped), 0))

    await stage.operate()
    await past.all_adopted([*wanted, there])
    resources = await past.resources()
    for number, user_id in enumerate(wanted[:16]):
        spec = resources[user_id]["spec"]
        assert spec["hostname"] == f"customer{number}.{BASE}"
        assert (spec["username"], spec["disksizeGb"]) == (f"customer{number}", 5 + number)
        assert spec["email"] == f"{user_id}@users.example"
    assert "username" not in resources[elsewhere]["spec"], "nothing tells it outside the base domain"
    assert stage.row(unnamed) == {
        "pds_service_id": past.row_id(unnamed),
        "hostname": f"unnamed.{BASE}",
        "status": "provisioning",
    }
    assert set(skipped) & set(resources) == {user for user, why in skipped.items() if why == "resource_differs"}


async def test_what_people_read(past: Past) -> None:
    imported, failed = past.customer(f"one.{BASE}", disksize=20), past.stage.new_user()
    past.stage.write_row(failed, None, f"two.{BASE}", "deploy_failed")
    told = await past.run("--dry-run")
    assert told.code == 0
    assert "Dry run: nothing is written." in told.out
    assert f"user {imported}  service {past.row_id(imported)}  20 GiB" in told.out
    assert "skipped: deploy_failed (no PDS was made." in told.out
    assert f"user {failed}" in told.out
    assert told.out.endswith("2 rows: 1 would be imported, 0 already there, 1 skipped, 0 failed.\n")
    assert "2 of 2 rows" in told.err
    assert BASE not in told.out + told.err, "a hostname may be made of an e-mail address"


async def test_a_service_that_does_not_run_is_imported_and_told_by_its_resource(past: Past) -> None:
    suspended = past.customer(f"late-payer.{BASE}", state=4)
    assert (await past.run("--json")).totals == (1, 0, 0, 0)
    await past.stage.operate()
    provision = await past.stage.until_reason(suspended, "ServiceSuspended")
    assert provision.status.service_id == past.row_id(suspended)
    assert past.stage.posts() == 0


async def test_no_rows_at_all(past: Past) -> None:
    told = await past.run()
    assert (told.code, told.out) == (0, "0 rows: 0 imported, 0 already there, 0 skipped, 0 failed.\n")
