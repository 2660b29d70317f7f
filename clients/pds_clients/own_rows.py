"""The signed-in customer's own rows, through PostgREST under their own access token.

Row-level security shows each user their own rows and nobody else's; that a row is the user's is checked here once more.
No key with further rights is involved.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

import httpx
from postgrest import AsyncPostgrestClient

from pds_clients.postgrest_calls import REQUEST_TIMEOUT, answer_of, read, unusable
from pds_clients.timing import Operation, note_answer
from pds_contract.errors import CredentialsRejected
from pds_contract.rows import PdsServiceRow, SubscriptionRow

RowT = TypeVar("RowT", PdsServiceRow, SubscriptionRow)


class OwnRows:
    """The tables ``pds_services`` and ``subscriptions`` as their owners see them; an async context manager.

    Every method raises TryLater where Supabase gave no usable answer, which is also the case of a token that it does
    not accept.

    Args:
        url: The Supabase project, without a path.
        anon_key: Returns its anonymous key, which Supabase's gateway wants beside the user's token.
    """

    def __init__(self, url: str, anon_key: Callable[[], str]) -> None:
        self._url = f"{url}/rest/v1"
        self._anon_key = anon_key
        self._http = httpx.AsyncClient(
            timeout=REQUEST_TIMEOUT, follow_redirects=False, event_hooks={"response": [note_answer]}
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def pds_service(self, user_id: str, access_token: str) -> PdsServiceRow | None:
        """Read the user's row of ``pds_services``.

        Args:
            user_id: The token's ``sub``.
            access_token: The user's verified access token.
        """
        query = self._tables(access_token).from_("pds_services").select("user_id,pds_service_id,hostname,status")
        rows = await answer_of(Operation.GET_OWN_PDS_SERVICE, query.eq("user_id", user_id).limit(1))
        return _own(PdsServiceRow, rows, user_id)

    async def subscription(self, user_id: str, access_token: str) -> SubscriptionRow | None:
        """Read the user's row of ``subscriptions``.

        Args:
            user_id: The token's ``sub``.
            access_token: The user's verified access token.
        """
        query = self._tables(access_token).from_("subscriptions").select("user_id,status,stripe_customer_id")
        rows = await answer_of(Operation.GET_OWN_SUBSCRIPTION, query.eq("user_id", user_id).limit(1))
        return _own(SubscriptionRow, rows, user_id)

    async def hostname_taken(self, hostname: str, access_token: str) -> bool:
        """Ask whether a row of somebody else has this hostname, in whatever case: yes or no, and nothing of the row."""
        call = self._tables(access_token).rpc(Operation.HOSTNAME_TAKEN.value, {"p_hostname": hostname})
        taken = await answer_of(Operation.HOSTNAME_TAKEN, call)
        if not isinstance(taken, bool):
            raise unusable()
        return taken

    def _tables(self, access_token: str) -> AsyncPostgrestClient:
        """Return the tables as this user sees them; a client of its own for each call, over the same connections."""
        headers = {"apikey": self._anon_key(), "Authorization": f"Bearer {access_token}"}
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise CredentialsRejected("supabase", "SUPABASE_ANON_KEY or the access token is what no header can hold")
        return AsyncPostgrestClient(self._url, headers=headers, http_client=self._http, retry_enabled=False)


def _own(model: type[RowT], rows: object, user_id: str) -> RowT | None:
    """Read the only row there can be; another user's is no answer to what was asked."""
    if not isinstance(rows, list):
        raise unusable()
    if not rows:
        return None
    row = read(model, rows[0])
    if row.user_id != user_id:
        raise unusable()
    return row
