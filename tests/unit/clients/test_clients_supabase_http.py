"""What goes to Supabase with each request: a key, and in whose name."""

import pytest

from pds_clients.supabase_http import SupabaseHttp
from pds_clients.timing import Operation
from pds_contract.errors import CredentialsRejected

from .conftest import Canned

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"


@pytest.mark.parametrize(("access_token", "bearer"), [(None, "a-key"), ("a-users-token", "a-users-token")])
async def test_the_key_and_in_whose_name(canned: Canned, access_token: str | None, bearer: str) -> None:
    canned.answer = ANSWER
    async with SupabaseHttp(canned.url, lambda: "a-key") as http:
        await http.exchange(Operation.GET_USER, "GET", "/path", access_token=access_token)
    (request,) = canned.received
    assert f"\r\napikey: a-key\r\nAuthorization: Bearer {bearer}\r\n" in request.decode()


async def test_the_key_is_read_anew_for_each_request(canned: Canned) -> None:
    canned.answer = ANSWER
    keys = iter(["the-former", "the-newer"])
    async with SupabaseHttp(canned.url, lambda: next(keys)) as http:
        for _ in range(2):
            await http.exchange(Operation.GET_USER, "GET", "/path")
    assert [b"apikey: the-newer" in request for request in canned.received] == [False, True]


@pytest.mark.parametrize(("key", "access_token"), [("zq\nxj", None), ("zqxj\u00e9", None), ("a-key", "zq\rxj")])
async def test_what_no_header_can_hold_is_not_sent(canned: Canned, key: str, access_token: str | None) -> None:
    async with SupabaseHttp(canned.url, lambda: key) as http:
        with pytest.raises(CredentialsRejected, match="no header") as caught:
            await http.exchange(Operation.GET_USER, "GET", "/path", access_token=access_token)
    assert "zq" not in str(caught.value)
    assert canned.connections == 0
