"""The tables' client before a Supabase that answers with something else than rows."""

import json

import pytest

from pds_clients.supabase import Supabase
from pds_contract.errors import TryLater

from .conftest import Canned

USER = "0a1b2c3d-0000-4000-8000-000000000001"


@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
@pytest.mark.parametrize("body", ["[" * 200_000, "zqxj", json.dumps("zqxj"), json.dumps([{"zqxj": 1}])])
async def test_an_answer_that_cannot_be_read_is_to_be_asked_for_later(canned: Canned, status: str, body: str) -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    canned.answer = (head + body).encode()
    async with Supabase(canned.url, lambda: "key") as supabase:
        with pytest.raises(TryLater) as row:
            await supabase.look_up_pds_service(USER)
        with pytest.raises(TryLater) as rows:
            await supabase.pds_services_after(USER)
    assert canned.connections == 2
    assert "zqxj" not in f"{row.value} {rows.value}"
