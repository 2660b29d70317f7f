import httpx
import pytest

from stages.session_cookies import bearer, cookies_of, sent
from stages.supabase_project import ALICE, BOB, Project


async def test_a_program_signs_in_with_its_header_alone(project: Project, client: httpx.AsyncClient) -> None:
    token = project.access_token(ALICE)
    assert (await client.get("/api/members", headers=bearer(token))).text == ALICE
    assert (await client.get("/api/members", headers={"Authorization": f"bearer  {token}"})).text == ALICE
    of_bob = sent(project.access_token(BOB), project.refresh_token(BOB))
    assert (await client.get("/api/members", headers={**of_bob, **bearer(token)})).text == ALICE


@pytest.mark.parametrize("value", ["Bearer no.such.token", "Bearer", "Basic YWxpY2U6eA==", ""])
async def test_a_header_that_is_no_good_does_not_fall_back_to_the_cookies(
    project: Project, client: httpx.AsyncClient, value: str
) -> None:
    headers = {**sent(project.access_token(BOB), project.refresh_token(BOB)), "Authorization": value}
    response = await client.get("/api/members", headers=headers)
    assert response.status_code == 401
    assert not cookies_of(response)


async def test_two_headers_are_none(project: Project, client: httpx.AsyncClient) -> None:
    headers = [("Authorization", f"Bearer {project.access_token(user)}") for user in (ALICE, BOB)]
    assert (await client.get("/api/members", headers=headers)).status_code == 401


async def test_a_program_whose_token_has_expired_is_not_renewed(project: Project, client: httpx.AsyncClient) -> None:
    headers = {**sent("", project.refresh_token(ALICE)), **bearer(project.access_token(ALICE, -60))}
    response = await client.get("/api/members", headers=headers)
    assert (response.status_code, project.exchanges) == (401, 0)


async def test_a_page_is_not_signed_in_to_by_a_header(project: Project, client: httpx.AsyncClient) -> None:
    token = project.access_token(ALICE)
    assert (await client.get("/members", headers=bearer(token))).status_code == 303
    of_bob = sent(project.access_token(BOB))
    assert (await client.get("/members", headers={**of_bob, **bearer(token)})).text == BOB


@pytest.mark.parametrize(
    "name", ["X-User-Id", "X-Forwarded-User", "X-Forwarded-Email", "Sub", "apikey", "X-Supabase-Auth", "Remote-User"]
)
async def test_no_other_header_names_a_user(project: Project, client: httpx.AsyncClient, name: str) -> None:
    said = {name: project.access_token(BOB) if name in {"apikey", "X-Supabase-Auth"} else BOB}
    assert (await client.get("/api/members", headers=said)).status_code == 401
    of_alice = sent(project.access_token(ALICE))
    for path in (f"/api/members?user_id={BOB}", f"/members?sub={BOB}"):
        assert (await client.get(path, headers={**of_alice, **said})).text == ALICE


async def test_the_keys_of_the_gateway_sign_nobody_in(project: Project, client: httpx.AsyncClient) -> None:
    for key in (project.keys.anon, project.keys.service_role):
        assert (await client.get("/api/members", headers=bearer(key))).status_code == 401
        assert (await client.get("/members", headers=sent(key))).status_code == 303
