"""Supabase's two tables, through PostgREST as the service role, each access one SQL function of ``sql/migrations``.

A function a call makes each step atomic: newer-wins and never-over-an-id are decided where the row is locked. Users'
e-mail addresses come from Supabase Auth's admin API.
"""

import asyncio
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
from postgrest import AsyncPostgrestClient
from pydantic import BaseModel, ConfigDict, ValidationError

from pds_clients.postgrest_calls import REQUEST_TIMEOUT, ModelT, answer_of, read, unusable
from pds_clients.retry_after import seconds_to_wait
from pds_clients.timing import Operation, note_answer, timed
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


class _ServiceRole(httpx.Auth):
    """Supabase's gateway wants the key twice; it is read anew for each request, since it may be rotated."""

    def __init__(self, key: Callable[[], str]) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        key = self._key()
        request.headers["apikey"] = key
        request.headers["Authorization"] = f"Bearer {key}"
        yield request


class Supabase:
    """The tables ``subscriptions`` and ``pds_services``; an async context manager.

    Every method raises TryLater where Supabase gave no usable answer (the call may have taken effect; each can be
    repeated), and UnknownUser where a row would belong to nobody in ``auth.users``.
    """

    def __init__(self, url: str, service_role_key: Callable[[], str]) -> None:
        base_url = f"{url}/rest/v1"
        self._http = httpx.AsyncClient(
            base_url=base_url,
            auth=_ServiceRole(service_role_key),
            timeout=REQUEST_TIMEOUT,
            follow_redirects=False,
            event_hooks={"response": [note_answer]},
        )
        self._tables = AsyncPostgrestClient(base_url, http_client=self._http, retry_enabled=False)
        self._users = f"{url}/auth/v1/admin/users"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def record_subscription(self, mapping: SubscriptionMapping) -> bool:
        """Store who the customer is, unless the row is a newer checkout's, or a paid one's and this is unpaid.

        Returns:
            Whether the row is now this checkout's.
        """
        ours = await self._call(
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
        answer = await self._call(Operation.LOOK_UP_PDS_SERVICE, p_user_id=user_id, p_hostname=hostname)
        return read(PdsServiceLookup, answer)

    async def other_holder(self, service_id: int, user_id: str) -> str | None:
        """Return a user other than this one whose row has this id, if there is one."""
        query = self._tables.from_("pds_services").select("*").eq("pds_service_id", service_id).neq("user_id", user_id)
        rows = await answer_of(Operation.FIND_HOLDER, query.limit(1))
        if not isinstance(rows, list):
            raise unusable()
        return read(PdsServiceRow, rows[0]).user_id if rows else None

    async def mirror_pds_service(self, wanted: PdsServiceRow) -> PdsServiceRow:
        """Write a user's row, unless another id, or an id where None is wanted, is in it.

        Returns:
            The row as it is now; the caller compares.
        """
        row = await self._call(
            Operation.MIRROR_PDS_SERVICE,
            p_user_id=wanted.user_id,
            p_pds_service_id=wanted.pds_service_id,
            p_hostname=wanted.hostname,
            p_status=wanted.status,
        )
        return read(PdsServiceRow, row)

    async def pds_services_after(self, user_id: str) -> list[PdsServiceRow]:
        """Read a page of rows in the order of their user ids, from behind this one; an empty page is the end."""
        query = self._tables.from_("pds_services").select("*").gt("user_id", user_id).order("user_id").limit(PAGE)
        rows = await answer_of(Operation.LIST_PDS_SERVICES, query)
        if not isinstance(rows, list):
            raise unusable()
        return [read(PdsServiceRow, row) for row in rows]

    async def email_of(self, user_id: str) -> str:
        """Ask Supabase Auth for a user's e-mail address; "" where they have none, as who signed up by phone.

        Raises:
            CredentialsRejected: The key is none of the service role's.
        """
        try:
            with timed("supabase", Operation.GET_USER):
                async with asyncio.timeout(REQUEST_TIMEOUT):
                    response = await self._http.get(f"{self._users}/{quote(user_id, safe='')}")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            raise TryLater("supabase", f"Supabase gave no usable answer ({type(error).__name__})") from None
        status = response.status_code
        if status == 200:
            user = _parse(_AuthUser, response.content)
            if user.id != user_id:
                raise unusable()
            if user.deleted_at:
                raise UnknownUser("the user was removed from auth.users")
            return user.email or ""
        said = f"Supabase Auth answered {status}"
        if status in {401, 403}:
            raise CredentialsRejected("supabase", f"{said}: it does not accept SUPABASE_SERVICE_ROLE_KEY", status)
        if status == 404:
            error_said = _parse(_AuthError, response.content)
            # A 404 of whatever else answers at this address says nothing of the user.
            if USER_NOT_FOUND in {error_said.error_code, error_said.msg.lower().replace(" ", "_")}:
                raise UnknownUser("the user is not in auth.users")
        raise TryLater("supabase", said, status, seconds_to_wait(response.headers.get("Retry-After")))

    async def _call(self, function: Operation, **arguments: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
        """Call the SQL function of the operation's name."""
        return await answer_of(function, self._tables.rpc(function.value, arguments))


def _parse(model: type[ModelT], content: bytes) -> ModelT:
    try:
        return model.model_validate_json(content)
    except ValidationError:
        raise unusable() from None
