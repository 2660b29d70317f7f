# ruff: noqa: ASYNC110 - what is waited for is on the other side of a socket: there is no event to wait for
import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from pds_contract.errors import TryLater
from pds_portal.identity.keys import PublishedKeys, SecretKeys
from pds_portal.identity.tokens import KeySet
from pds_runtime.settings import rotating
from stages.mounted_secret import MountedSecret

FIRST, SECOND = "first-secret-of-at-least-32-characters", "second-secret-of-at-least-32-characters"


def published(kid: str) -> dict[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return {**ECAlgorithm.to_jwk(key, as_dict=True), "kid": kid, "alg": "ES256", "use": "sig"}


@dataclass
class Project:
    """A server that publishes keys, counts who asks, and can be told to misbehave."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [published("first")])
    fetches: int = 0
    answer: Callable[[], web.Response] | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def serve(self, _: web.Request) -> web.Response:
        self.fetches += 1
        await self.gate.wait()
        return self.answer() if self.answer else web.json_response({"keys": self.keys})


@pytest.fixture
async def project() -> AsyncIterator[Project]:
    project = Project()
    project.gate.set()
    app = web.Application()
    app.router.add_get("/jwks.json", project.serve)
    async with TestServer(app) as server:
        project.url = str(server.make_url("/jwks.json"))
        yield project


def kids(keys: KeySet) -> list[str | None]:
    return [key.kid for key in keys]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def test_keys_are_fetched_once_for_all_who_wait(project: Project) -> None:
    project.gate.clear()
    async with PublishedKeys(project.url) as keys:
        waiting = [asyncio.create_task(keys.known()) for _ in range(20)]
        await until(lambda: project.fetches == 1)
        project.gate.set()
        assert [kids(found) for found in await asyncio.gather(*waiting)] == [["first"]] * 20
        assert kids(await keys.known()) == ["first"]
    assert project.fetches == 1


async def test_who_gives_up_waiting_takes_no_key_from_the_others(project: Project) -> None:
    project.gate.clear()
    async with PublishedKeys(project.url) as keys:
        impatient, patient = asyncio.create_task(keys.known()), asyncio.create_task(keys.known())
        await until(lambda: project.fetches == 1)
        impatient.cancel()
        project.gate.set()
        assert kids(await patient) == ["first"]


async def test_an_unknown_key_is_looked_for_but_not_again_at_once(project: Project) -> None:
    async with PublishedKeys(project.url, retry_seconds=0) as keys:
        await keys.known()
        project.keys.append(published("second"))
        assert kids(await keys.renewed()) == ["first", "second"]
    async with PublishedKeys(project.url) as keys:
        await keys.known()
        project.keys.append(published("third"))
        fetched = project.fetches
        for _ in range(50):
            assert kids(await keys.renewed()) == ["first", "second"]
        assert project.fetches == fetched


async def test_old_keys_are_fetched_anew_while_they_serve(project: Project) -> None:
    async with PublishedKeys(project.url, fresh_seconds=0, retry_seconds=0) as keys:
        await keys.known()
        project.keys = [published("second")]
        project.gate.clear()
        assert kids(await keys.known()) == ["first"], "nobody waits for the new ones"
        await until(lambda: project.fetches == 2)
        project.gate.set()
        async with asyncio.timeout(20):
            while kids(await keys.known()) != ["second"]:
                await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(status=503),
        lambda: web.Response(status=404, text="<html>"),
        lambda: web.Response(status=302, headers={"Location": "/elsewhere"}),
        lambda: web.Response(text="<html>"),
        lambda: web.json_response([]),
        lambda: web.json_response({"keys": {}}),
        lambda: web.json_response({"keys": []}),
        lambda: web.json_response({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "secret"}]}),
        lambda: web.Response(body=b"\xff\xfe{"),
    ],
)
async def test_keys_go_on_serving_while_their_address_is_away(
    project: Project, answer: Callable[[], web.Response], caplog: pytest.LogCaptureFixture
) -> None:
    async with PublishedKeys(project.url, fresh_seconds=0, retry_seconds=0) as keys:
        await keys.known()
        project.answer = answer
        with caplog.at_level(logging.WARNING):
            assert kids(await keys.renewed()) == ["first"]
        assert "those known so far go on serving" in caplog.text
        project.answer = None
        project.keys = [published("second")]
        assert kids(await keys.renewed()) == ["second"]


async def test_without_any_key_it_says_so_and_finds_them_later(project: Project) -> None:
    project.answer = lambda: web.Response(status=503)
    async with PublishedKeys(project.url, retry_seconds=0) as keys:
        with pytest.raises(TryLater, match="SUPABASE_JWKS_URL"):
            await keys.known()
        project.answer = None
        assert kids(await keys.known()) == ["first"]


async def test_an_address_where_nobody_listens_is_told() -> None:
    with socket.socket() as bound:  # taken, and refusing connections
        bound.bind(("127.0.0.1", 0))
        async with PublishedKeys(f"http://127.0.0.1:{bound.getsockname()[1]}/jwks.json") as keys:
            with pytest.raises(TryLater):
                await keys.known()


async def test_stopping_does_not_wait_for_a_fetch(project: Project) -> None:
    project.gate.clear()
    async with asyncio.timeout(10):
        async with PublishedKeys(project.url) as keys:
            waiting = asyncio.create_task(keys.known())
            await until(lambda: project.fetches == 1)
        with pytest.raises(asyncio.CancelledError):
            await waiting
    project.gate.set()


async def test_a_secret_is_followed_and_an_unusable_one_is_not(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = MountedSecret(tmp_path)
    secret.update(SUPABASE_JWT_SECRET=FIRST)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    keys = SecretKeys(rotating("SUPABASE_JWT_SECRET", FIRST))
    assert [key.material for key in await keys.known()] == [FIRST.encode()]
    secret.update(SUPABASE_JWT_SECRET=SECOND)
    assert [key.material for key in await keys.renewed()] == [SECOND.encode()]
    secret.update(SUPABASE_JWT_SECRET="short")
    assert [key.material for key in await keys.known()] == [SECOND.encode()]
    assert "the former one goes on serving" in caplog.text
    assert "short," not in caplog.text


def test_a_secret_that_cannot_be_one_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="is shorter than 32 bytes"):
        SecretKeys(lambda: "short")
