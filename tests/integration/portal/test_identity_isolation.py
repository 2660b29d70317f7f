"""One user never sees another's service: by id, by token, by header, by cookie, by cache, at the same time."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import jwt
import pytest

from pds_portal.identity.cookies import ACCESS, REFRESH
from pds_stack.backend.bodies import DeployBody
from stages.auth_project import auth_project
from stages.cookie_client import CookieClient
from stages.portal_stage import Customer, PortalStage

SERVICE, REVEAL, PROGRESS = "/api/pds/service", "/api/pds/service/reveal", "/api/pds/progress"


@dataclass(frozen=True)
class Owner:
    """A customer with a running PDS, and a browser that they are signed in with."""

    customer: Customer
    browser: CookieClient
    service_id: int
    hostname: str
    password: str

    @property
    def marks(self) -> set[str]:
        """What only this customer may read."""
        return {self.hostname, self.password, f'"id": {self.service_id},'}


@pytest.fixture
async def owners(portal_stage: PortalStage) -> AsyncIterator[tuple[Owner, Owner]]:
    """Two customers."""
    made = []
    async with portal_stage.browser() as first, portal_stage.browser() as second:
        for browser in (first, second):
            customer = await portal_stage.customer()
            hostname, password = f"{secrets.token_hex(8)}.example.org", secrets.token_hex(16)
            body = DeployBody(username="pds", password=password, email=customer.email, hostname=hostname, disksize=10)
            service = portal_stage.simulator.plant(body)
            portal_stage.has_service(customer, service.id, hostname)
            await browser.send_form("/login", email=customer.email, password=customer.password)
            made.append(Owner(customer, browser, service.id, hostname, password))
        yield made[0], made[1]


@pytest.fixture
async def program(portal_stage: PortalStage) -> AsyncIterator[httpx.AsyncClient]:
    """A client without cookies."""
    async with httpx.AsyncClient(base_url=portal_stage.url, trust_env=False, timeout=30) as client:
        yield client


def is_of(response: httpx.Response, owner: Owner, other: Owner) -> bool:
    """Whether an answer is this owner's, and holds nothing of the other's."""
    assert not any(mark in response.text for mark in other.marks), "another customer's service is shown"
    return response.status_code == 200 and owner.hostname in response.text


async def test_each_sees_their_own(owners: tuple[Owner, Owner]) -> None:
    for owner, other in (owners, owners[::-1]):
        for path in (SERVICE, PROGRESS, "/dashboard"):
            assert is_of(await owner.browser.open(path), owner, other), path
        shown = await owner.browser.send_json(REVEAL)
        assert owner.password in shown.text
        assert other.password not in shown.text


async def test_no_id_leads_to_anothers(owners: tuple[Owner, Owner]) -> None:
    alice, bob = owners
    of_bob = {
        "user_id": bob.customer.user_id,
        "id": str(bob.service_id),
        "service_id": str(bob.service_id),
        "pds_service_id": str(bob.service_id),
        "hostname": bob.hostname,
        "sub": bob.customer.user_id,
    }
    for path in (SERVICE, PROGRESS):
        assert is_of(await alice.browser.http.get(path, params=of_bob), alice, bob)
    shown = await alice.browser.send_json(REVEAL, of_bob)
    assert (alice.password in shown.text, bob.password in shown.text) == (True, False)
    for path in (
        f"{SERVICE}/{bob.service_id}",
        f"{SERVICE}/../service/{bob.service_id}",
        f"{SERVICE}%2F{bob.service_id}",
    ):
        assert (await alice.browser.open(path)).status_code == 404


async def test_no_header_leads_to_anothers(owners: tuple[Owner, Owner]) -> None:
    alice, bob = owners
    for name in ("X-User-Id", "X-Forwarded-User", "X-Original-User", "X-Supabase-User", "From", "apikey", "Prefer"):
        for value in (bob.customer.user_id, bob.customer.email, bob.customer.access_token, f"user={bob.service_id}"):
            assert is_of(await alice.browser.http.get(SERVICE, headers={name: value}), alice, bob), name
    for name in ("X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override"):
        forged = {name: f"{SERVICE}?user_id={bob.customer.user_id}"}
        assert is_of(await alice.browser.http.get(SERVICE, headers=forged), alice, bob), name


async def test_the_bearer_counts_and_the_cookies_beside_it_do_not(
    owners: tuple[Owner, Owner], program: httpx.AsyncClient
) -> None:
    alice, bob = owners
    assert is_of(await program.get(SERVICE, headers=bob.customer.bearer), bob, alice)
    assert is_of(await alice.browser.http.get(SERVICE, headers=bob.customer.bearer), bob, alice)
    broken = await alice.browser.http.get(SERVICE, headers={"Authorization": "Bearer a.b.c"})
    assert broken.status_code == 401, "a bad header does not fall back to the cookies"
    assert is_of(await alice.browser.http.get("/dashboard", headers=bob.customer.bearer), alice, bob)
    revealed = await alice.browser.http.post(REVEAL, json={}, headers=bob.customer.bearer)
    assert revealed.status_code == 403, "cookies were sent, so that the form has to be ours"


async def test_cookies_that_are_mixed_are_one_users_or_nobodys(owners: tuple[Owner, Owner]) -> None:
    alice, bob = owners
    kept = dict(alice.browser.cookies)
    alice.browser.cookies[REFRESH] = bob.browser.cookies[REFRESH]
    assert is_of(await alice.browser.open(SERVICE), alice, bob)
    alice.browser.cookies.update(kept)
    alice.browser.cookies[ACCESS] = kept[ACCESS].rsplit(".", 1)[0] + "." + bob.browser.cookies[ACCESS].split(".")[2]
    await alice.browser.open(SERVICE)  # renewed by the refresh token, which is Alice's
    assert is_of(await alice.browser.open(SERVICE), alice, bob)


async def test_a_forged_token_is_nobodys(
    portal_stage: PortalStage, owners: tuple[Owner, Owner], program: httpx.AsyncClient
) -> None:
    alice, bob = owners
    claims = jwt.decode(alice.customer.access_token, options={"verify_signature": False})
    as_bob = {**claims, "sub": bob.customer.user_id}
    secret = portal_stage.stack["SUPABASE_JWT_SECRET"]
    anon, service_role = (portal_stage.stack[name] for name in ("SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY"))
    forged = [
        jwt.encode(as_bob, "a secret of somebody else, thirty-two bytes", algorithm="HS256"),
        jwt.encode(as_bob, "", algorithm="none"),
        jwt.encode({**as_bob, "role": "service_role"}, secret, algorithm="HS256"),
        jwt.encode({**as_bob, "aud": "anon"}, secret, algorithm="HS256"),
        jwt.encode({**as_bob, "iss": "supabase"}, secret, algorithm="HS256"),
        jwt.encode({**as_bob, "sub": bob.customer.user_id.upper()}, secret, algorithm="HS256"),
        jwt.encode({**as_bob, "exp": 1}, secret, algorithm="HS256"),
        anon,
        service_role,
        f"{service_role}, {bob.customer.access_token}",
    ]
    for token in forged:
        for answer in (
            await program.get(SERVICE, headers={"Authorization": f"Bearer {token}"}),
            await program.get(SERVICE, headers={"Cookie": f"{ACCESS}={token}"}),
        ):
            assert answer.status_code == 401
            assert list(answer.json()) == ["error"]


async def test_another_users_row_is_not_to_be_read_even_if_it_is_asked_for(
    portal_stage: PortalStage, owners: tuple[Owner, Owner]
) -> None:
    alice, bob = owners
    rows = portal_stage.portal.rows
    assert await rows.pds_service(bob.customer.user_id, bob.customer.access_token) is not None
    assert await rows.pds_service(bob.customer.user_id, alice.customer.access_token) is None


async def test_no_cache_on_the_way_may_keep_or_share_an_answer(owners: tuple[Owner, Owner]) -> None:
    alice, bob = owners
    for path in (SERVICE, PROGRESS, "/dashboard"):
        answer = await alice.browser.open(path)
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert not {"ETag", "Last-Modified", "Expires"} & set(answer.headers)
        asked_again = {"If-None-Match": "*", "If-Modified-Since": "Wed, 01 Jan 2031 00:00:00 GMT"}
        assert is_of(await bob.browser.http.get(path, headers=asked_again), bob, alice), path


async def test_two_customers_over_one_connection_each_get_their_own(
    owners: tuple[Owner, Owner], program: httpx.AsyncClient
) -> None:
    alice, bob = owners
    for _ in range(5):  # the client keeps its connection open from one to the next, as a proxy does
        for owner, other in ((alice, bob), (bob, alice)):
            cookie = "; ".join(f"{name}={value}" for name, value in owner.browser.cookies.items())
            assert is_of(await program.get(SERVICE, headers={"Cookie": cookie}), owner, other)
        assert (await program.get(SERVICE)).status_code == 401


async def test_two_customers_at_the_same_time_each_get_their_own(
    portal_stage: PortalStage, owners: tuple[Owner, Owner]
) -> None:
    alice, bob = owners
    pairs = [(alice, bob), (bob, alice)] * 10
    async with auth_project(portal_stage.stack, portal_stage.url) as project:
        for owner in owners:  # so that each has to be renewed, by an answer that takes its time
            del owner.browser.cookies[ACCESS]
        await project.fail(path="/auth/v1/token", seconds=0.2, times=None)
        answers = await asyncio.gather(*(owner.browser.open(SERVICE) for owner, _ in pairs))
    for (owner, other), answer in zip(pairs, answers, strict=True):
        assert is_of(answer, owner, other)
    for owner, other in (owners, owners[::-1]):
        claims = jwt.decode(owner.browser.cookies[ACCESS], options={"verify_signature": False})
        assert claims["sub"] == owner.customer.user_id
        assert is_of(await owner.browser.open("/dashboard"), owner, other)


async def test_after_the_next_one_has_signed_in_nothing_of_the_one_before_is_left(
    owners: tuple[Owner, Owner],
) -> None:
    alice, bob = owners
    shared = alice.browser
    await shared.send_form("/logout")
    assert (await shared.open(SERVICE)).status_code == 401
    await shared.send_form("/login", email=bob.customer.email, password=bob.customer.password)
    for path in (SERVICE, PROGRESS, "/dashboard"):
        assert is_of(await shared.open(path), bob, alice), path
