"""Supabase's two tables, through PostgREST as the service role, each access one SQL function of ``sql/migrations``.

A function a call makes each step atomic: newer-wins and never-over-an-id are decided where the row is locked. Users'
e-mail addresses come from Supabase Auth's admin API.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, ValidationError

from pds_clients.postgrest import ModelT, Tables, read, unusable
from pds_clients.retry_after import seconds_to_wait
from pds_clients.supabase_http import SupabaseHttp
from pds_clients.timing import Operation
from pds_contract.errors import CredentialsRejected, TryLater, UnknownUser
from pds_contract.rows import PdsServiceLookup, PdsServiceRow, SubscriptionMapping

PAGE = 500
USER_NOT_FOUND = "user_not_found"


class _AuthUser(BaseModel):
    """A user as the admin API shows one; ``deleted_at`` is that of a user who was removed and is kept as a shell."""

    # An error must not quote the e-mail.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: str
    email: str | None = None
    deleted_at: str | None = None


class _AuthError(BaseModel):
    """An error of the auth server; older ones have no ``error_code``."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    error_code: str = ""
    msg: str = ""


class Supabase:
    """The tables ``subscriptions`` and ``pds_services``; an async context manager.

    Every method raises TryLater where Supabase gave no usable answer (the call may have taken effect; each can be
    repeated), and UnknownUser where a row would belong to nobody in ``auth.users``.
    """

    def __init__(self, url: str, service_role_key: Callable[[], str]) -> None:
        self._http = SupabaseHttp(url, service_role_key)
        self._tables = Tables(self._http)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def record_subscription(self, mapping: SubscriptionMapping) -> bool:
        """Store who the customer is, unless the row is a newer checkout's, or a paid one's and this is unpaid.

        Returns:
            Whether the row is now this checkout's.
        """
        ours = await self._tables.call(
            Operation.RECORD_SUBSCRIPTION,
            p_user_id=mapping.user_id,
            p_stripe_customer_id=mapping.stripe_customer_id,
            p_stripe_subscription_id=mapping.stripe_subscription_id,
            p_status=mapping.status,
            p_checkout_session_id=mapping.checkout_session_id,
            p_checkout_created_at=mapping.checkout_created_at.isoformat(),
            p_event_created_at=mapping.event_created_at.isoformat(),
        )
        if not isinstance(ours, bool):
            raise unusable()
        return ours

    async def look_up_pds_service(self, user_id: str, hostname: str | None = None) -> PdsServiceLookup:
        """Read a user's row, whether the user exists, and whether another user's row has a PDS of this hostname."""
        answer = await self._tables.call(Operation.LOOK_UP_PDS_SERVICE, p_user_id=user_id, p_hostname=hostname)
        return read(PdsServiceLookup, answer)

    async def other_holder(self, service_id: int, user_id: str) -> str | None:
        """Return a user other than this one whose row has this id, if there is one."""
        query = {"select": "*", "pds_service_id": f"eq.{service_id}", "user_id": f"neq.{user_id}", "limit": "1"}
        rows = await self._tables.rows(Operation.FIND_HOLDER, "pds_services", query)
        return read(PdsServiceRow, rows[0]).user_id if rows else None

    async def mirror_pds_service(self, wanted: PdsServiceRow) -> PdsServiceRow:
        """Write a user's row, unless another id, or an id where None is wanted, is in it.

        Returns:
            The row as it is now; the caller compares.
        """
        row = await self._tables.call(
            Operation.MIRROR_PDS_SERVICE,
            p_user_id=wanted.user_id,
            p_pds_service_id=wanted.pds_service_id,
            p_hostname=wanted.hostname,
            p_status=wanted.status,
        )
        return read(PdsServiceRow, row)

    async def pds_services_after(self, user_id: str) -> list[PdsServiceRow]:
        """Read a page of rows in the order of their user ids, from behind this one; an empty page is the end."""
        query = {"select": "*", "user_id": f"gt.{user_id}", "order": "user_id", "limit": str(PAGE)}
        rows = await self._tables.rows(Operation.LIST_PDS_SERVICES, "pds_services", query)
        return [read(PdsServiceRow, row) for row in rows]

    async def email_of(self, user_id: str) -> str:
        """Ask Supabase Auth for a user's e-mail address; "" where they have none, as who signed up by phone.

        Raises:
            CredentialsRejected: The key is none of the service role's.
        """
        path = f"/auth/v1/admin/users/{quote(user_id, safe='')}"
        reply = await self._http.exchange(Operation.GET_USER, "GET", path)
        status = reply.status
        if status == 200:
            user = _parse(_AuthUser, reply.content)
            if user.id != user_id:
                raise unusable()
            if user.deleted_at:
                raise UnknownUser("the user was removed from auth.users")
            return user.email or ""
        said = f"Supabase Auth answered {status}"
        if status in {401, 403}:
            raise CredentialsRejected("supabase", f"{said}: it does not accept SUPABASE_SERVICE_ROLE_KEY", status)
        if status == 404:
            error_said = _parse(_AuthError, reply.content)
            # A 404 of whatever else answers at this address says nothing of the user.
            if USER_NOT_FOUND in {error_said.error_code, error_said.msg.lower().replace(" ", "_")}:
                raise UnknownUser("the user is not in auth.users")
        raise TryLater("supabase", said, status, seconds_to_wait(reply.retry_after))


def _parse(model: type[ModelT], content: bytes) -> ModelT:
    try:
        return model.model_validate_json(content)
    except ValidationError:
        raise unusable() from None
