"""`pds-stack up` as a person runs it: what it writes, and that nothing of it stays, however it ends."""

import os
import signal
import subprocess

import httpx
import psycopg
import pytest
from psycopg import sql

from .conftest import Stacks, Up, still_running, wait_until

pytestmark = pytest.mark.timeout(1000)
SUPABASE_SETTINGS = {
    "SUPABASE_URL",
    "SUPABASE_SERVICE_ROLE_KEY",
    "SUPABASE_ANON_KEY",
    "SUPABASE_JWT_SECRET",
    "DATABASE_URL",
}
ALWAYS = {"PDS_NAMESPACE", "PDS_BASE_DOMAIN", "STRIPE_WEBHOOK_SECRET", "STRIPE_LIVEMODE", "NO_PROXY", "no_proxy"}


def test_it_writes_the_settings_and_sigterm_leaves_nothing(stacks: Stacks) -> None:
    up = stacks.up("supabase")
    settings = up.ready()
    programs = up.programs()

    assert set(settings) == SUPABASE_SETTINGS | ALWAYS
    assert up.env.stat().st_mode & 0o777 == 0o600
    assert any("postgres" in command for command in programs.values())
    assert any("postgrest" in command for command in programs.values())
    rest = f"{settings['SUPABASE_URL']}/rest/v1/"
    assert httpx.get(rest).status_code == 401
    assert httpx.get(rest, headers={"apikey": "guessed"}).json()["message"] == "Invalid API key"
    assert httpx.get(rest, headers={"apikey": settings["SUPABASE_ANON_KEY"]}).status_code == 200

    assert up.end(signal.SIGTERM) == 0, up.output()
    assert still_running(programs) == []
    assert up.temporary() == []
    assert not up.env.parent.exists()
    output = up.output()
    assert not [name for name, value in settings.items() if name not in ALWAYS and value in output]


def test_two_stacks_run_side_by_side(stacks: Stacks) -> None:
    both = [stacks.up("kubernetes,supabase", env=f"{name}/env") for name in ("one", "two")]
    settings = [up.ready() for up in both]

    for name in ("KUBECONFIG", *SUPABASE_SETTINGS):
        assert settings[0][name] != settings[1][name]
    for up in both:
        assert "pds-customers" in _kubectl(up, "get", "namespaces")
    _kubectl(both[0], "create", "namespace", "of-one")
    assert "of-one" not in _kubectl(both[1], "get", "namespaces")

    assert both[0].end(signal.SIGINT) == 0
    assert "pds-system" in _kubectl(both[1], "get", "namespaces"), "the other went on"
    assert both[1].end(signal.SIGTERM) == 0
    assert both[1].temporary() == []


def test_sigkill_leaves_nothing_running_and_the_next_start_tidies_up(stacks: Stacks) -> None:
    killed = stacks.up("kubernetes,supabase")
    settings = killed.ready()
    programs = killed.programs()

    assert killed.end(signal.SIGKILL) == -signal.SIGKILL
    wait_until("all programs gone", lambda: still_running(programs) == [], 20)
    left = killed.temporary()
    assert len(left) == 1

    following = stacks.up("supabase")
    assert following.ready()["SUPABASE_URL"] != settings["SUPABASE_URL"], "the file that was left is replaced"
    assert not set(left) & set(following.temporary())
    assert following.end(signal.SIGTERM) == 0
    assert following.temporary() == []


def test_a_program_that_dies_is_named_and_all_is_stopped(stacks: Stacks) -> None:
    up = stacks.up("supabase")
    up.ready()
    programs = up.programs()
    (victim,) = [pid for pid, command in programs.items() if command.startswith("postgrest") or "/postgrest" in command]

    os.kill(victim, signal.SIGKILL)

    assert up.end() == 1
    assert "postgrest ended by itself (signal 9)" in up.output()
    assert "Schema cache loaded" in up.output(), "the end of its log is shown"
    assert still_running(programs) == []
    assert up.temporary() == []
    assert not up.env.exists()


def test_a_second_stack_does_not_take_the_file_of_a_running_one(stacks: Stacks) -> None:
    up = stacks.up("supabase")
    before = up.ready()

    assert stacks.up("supabase").end() == 2
    assert up.ready() == before
    assert up.end(signal.SIGTERM) == 0


def test_sigterm_while_it_starts_leaves_nothing(stacks: Stacks) -> None:
    up = stacks.up("supabase")
    wait_until("a program", lambda: bool(up.programs()), 60)
    programs = up.programs()

    assert up.end(signal.SIGTERM) == 130
    assert still_running(programs) == []
    assert up.temporary() == []
    assert not up.env.parent.exists()


def test_the_database_is_shaped_as_supabases(stacks: Stacks) -> None:
    up = stacks.up("supabase")
    with psycopg.connect(up.ready()["DATABASE_URL"]) as connection:
        bypassing = connection.execute("select rolname from pg_roles where rolbypassrls order by 1").fetchall()
        assert [name for (name,) in bypassing] == ["postgres", "service_role", "supabase_admin"]
        readers = connection.execute(
            "select rolname from pg_roles where has_table_privilege(rolname, 'auth.users', 'select')"
            " and rolname in ('anon', 'authenticated', 'service_role')"
        ).fetchall()
        assert readers == []
        connection.execute("set role postgres")
        connection.execute("create table public.one (id int)")
        for role in ("anon", "authenticated", "service_role"):
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            assert connection.execute("select * from public.one").fetchall() == []
            connection.execute("reset role")
    assert up.end(signal.SIGTERM) == 0


def test_what_pods_call_listens_where_they_reach_it(stacks: Stacks) -> None:
    up = stacks.up("supabase,backend,stripe", host="127.0.0.2")
    settings = up.ready()

    urls = {name: httpx.URL(settings[name]) for name in ("SUPABASE_URL", "PDS_API_URL", "STRIPE_API_BASE")}
    assert {url.host for url in urls.values()} == {"127.0.0.2"}
    for url in urls.values():
        assert httpx.get(url).status_code in {401, 404}, "it answers"
        with pytest.raises(httpx.ConnectError):
            httpx.get(url.copy_with(host="127.0.0.1"))
    assert "127.0.0.2" in settings["NO_PROXY"].split(",")
    assert up.end(signal.SIGTERM) == 0


def _kubectl(up: Up, *arguments: str) -> str:
    command = ["/bin/sh", "-euc", '. "$0" && kubectl "$@"', str(up.env), *arguments]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return done.stdout
