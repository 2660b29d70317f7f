"""The signed-in customer's own rows, through PostgREST under their own access token.

Row-level security shows each user their own rows and nobody else's; that a row is the user's is checked here once more.
No key with further rights is involved.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from pds_clients.postgrest import Tables, read, unusable
from pds_clients.supabase_http import SupabaseHttp
from pds_clients.timing import Operation
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
        self._http = SupabaseHttp(url, anon_key)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def pds_service(self, user_id: str, access_token: str) -> PdsServiceRow | None:
        """Read the user's row of ``pds_services``.

        Args:
            user_id: The token's ``sub``.
            access_token: The user's verified access token.
        """
        return await self._own(Operation.GET_OWN_PDS_SERVICE, "pds_services", PdsServiceRow, user_id, access_token)

    async def subscription(self, user_id: str, access_token: str) -> SubscriptionRow | None:
        """Read the user's row of ``subscriptions``.

        Args:
            user_id: The token's ``sub``.
            access_token: The user's verified access token.
        """
        return await self._own(Operation.GET_OWN_SUBSCRIPTION, "subscriptions", SubscriptionRow, user_id, access_token)

    async def hostname_taken(self, hostname: str, access_token: str) -> bool:
        """Ask whether a row of somebody else has this hostname, in whatever case: yes or no, and nothing of the row."""
        taken = await Tables(self._http, access_token).call(Operation.HOSTNAME_TAKEN, p_hostname=hostname)
        if not isinstance(taken, bool):
            raise unusable()
        return taken

    async def _own(
        self, operation: Operation, table: str, model: type[RowT], user_id: str, access_token: str
    ) -> RowT | None:
        """Read the only row there can be; another user's is no answer to what was asked."""
        query = {"select": ",".join(model.model_fields), "user_id": f"eq.{user_id}", "limit": "1"}
        rows = await Tables(self._http, access_token).rows(operation, table, query)
        if not rows:
            return None
        row = read(model, rows[0])
        if row.user_id != user_id:
            raise unusable()
        return row
