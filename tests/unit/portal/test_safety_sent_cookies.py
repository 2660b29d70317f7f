"""Cookies count by the names that browsers know them by: no other host of the domain can set one of ours."""

import uuid

import pytest

from pds_portal.identity.cookies import ACCESS
from pds_stack.supabase import issuer, user_token
from stages.portal_settings import JWT_SECRET, NOBODY

from .conftest import SafeApp

CSRF = "__Host-pds-csrf"
PLANTED = "P" * 43
OWN = "O" * 43
# What a browser sends of a cookie that another host has set, {} standing for one of ours with its value.
TOSSED = {
    "a cookie whose value holds it": "theme=dark {}",
    "a quoted value before it": 'theme="dark" {}',
    "a name with a space": "theme {}",
    "a wide space before the name": "\u2000{}",
    "a no-break space before the name": "\u00a0{}",
    "a control character before the name": "\x1f{}",
    "a comma": "a=b,{}",
    "a name of quotes": '"{}"',
}


@pytest.fixture
def signed_in() -> tuple[str, str]:
    """A user's id, and their access token."""
    user_id = str(uuid.uuid4())
    return user_id, user_token(JWT_SECRET, user_id, "alice@users.example", issuer(NOBODY))


async def who(app: SafeApp, cookies: str) -> str | None:
    """The id of whoever is signed in by a Cookie header."""
    answer = await app.client.get("/members", headers={b"Cookie": cookies.encode()})
    return answer.text if answer.status_code == 200 else None


async def test_a_cookie_of_ours_counts(safe_app: SafeApp, signed_in: tuple[str, str]) -> None:
    user_id, token = signed_in
    assert await who(safe_app, f"{ACCESS}={token}") == user_id
    assert await who(safe_app, f'theme="dark"; {ACCESS}="{token}";other=') == user_id


@pytest.mark.parametrize("tossed", TOSSED.values(), ids=TOSSED.keys())
async def test_nobody_is_signed_in_by_a_cookie_of_another_host(
    safe_app: SafeApp, signed_in: tuple[str, str], tossed: str
) -> None:
    assert await who(safe_app, tossed.format(f"{ACCESS}={signed_in[1]}")) is None


@pytest.mark.parametrize("tossed", TOSSED.values(), ids=TOSSED.keys())
async def test_no_other_host_chooses_the_token_against_forged_requests(safe_app: SafeApp, tossed: str) -> None:
    for cookies in (tossed.format(f"{CSRF}={PLANTED}"), f"{CSRF}={OWN}; " + tossed.format(f"{CSRF}={PLANTED}")):
        shown = await safe_app.client.get("/token", headers={b"Cookie": cookies.encode()})
        assert shown.text != PLANTED


async def test_a_name_that_comes_twice_says_nothing(safe_app: SafeApp, signed_in: tuple[str, str]) -> None:
    _, token = signed_in
    assert await who(safe_app, f"{ACCESS}={token}; {ACCESS}=planted") is None
    assert await who(safe_app, f"{ACCESS}=planted; {ACCESS}={token}") is None
