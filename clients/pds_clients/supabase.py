"""Supabase's two tables, through PostgREST as the service role, each access one SQL function of ``sql/migrations``.

A function a call makes each step atomic: newer-wins and never-over-an-id are decided where the row is locked.
"""

import asyncio
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import httpx
from postgrest import APIResponse, AsyncPostgrestClient
from postgrest.exceptions import APIError
from pydantic import BaseModel, ValidationError

from pds_contract.errors import TryLater, UnknownUser
from pds_contract.rows import PdsServiceLookup, PdsServiceRow, SubscriptionMapping

REQUEST_TIMEOUT = 10.0
PAGE = 500
FOREIGN_KEY_VIOLATION = "23503"


class _Request(Protocol):
    """What postgrest's builders have in common."""

    async def execute(self) -> APIResponse:
        """Send it."""
        ...


RowT = TypeVar("RowT", bound=BaseModel)


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
            base_url=base_url, auth=_ServiceRole(service_role_key), timeout=REQUEST_TIMEOUT, follow_redirects=False
        )
        self._tables = AsyncPostgrestClient(base_url, http_client=self._http, retry_enabled=False)

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
            "record_subscription",
            p_user_id=mapping.user_id,
            p_stripe_customer_id=mapping.stripe_customer_id,
            p_stripe_subscription_id=mapping.stripe_subscription_id,
            p_status=mapping.status,
            p_checkout_session_id=mapping.checkout_session_id,
            p_checkout_created_at=mapping.checkout_created_at.isoformat(),
            p_event_created_at=mapping.event_created_at.isoformat(),
        )
        if not isinstance(ours, bool):
            raise _unusable()
        return ours

    async def look_up_pds_service(self, user_id: str) -> PdsServiceLookup:
        """Read a user's row, and whether the user exists."""
        return _read(PdsServiceLookup, await self._call("look_up_pds_service", p_user_id=user_id))

    async def mirror_pds_service(self, wanted: PdsServiceRow) -> PdsServiceRow:
        """Write a user's row, unless another id, or an id where None is wanted, is in it.

        Returns:
            The row as it is now; the caller compares.
        """
        row = await self._call(
            "mirror_pds_service",
            p_user_id=wanted.user_id,
            p_pds_service_id=wanted.pds_service_id,
            p_hostname=wanted.hostname,
            p_status=wanted.status,
        )
        return _read(PdsServiceRow, row)

    async def pds_services_after(self, user_id: str) -> list[PdsServiceRow]:
        """Read a page of rows in the order of their user ids, from behind this one; an empty page is the end."""
        query = self._tables.from_("pds_services").select("*").gt("user_id", user_id).order("user_id").limit(PAGE)
        rows = await self._answer("pds_services", query)
        if not isinstance(rows, list):
            raise _unusable()
        return [_read(PdsServiceRow, row) for row in rows]

    async def _call(self, function: str, **arguments: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
        return await self._answer(function, self._tables.rpc(function, arguments))

    async def _answer(self, what: str, request: _Request) -> Any:  # noqa: ANN401 - JSON
        try:
            # httpx's own time-out begins anew with each byte.
            async with asyncio.timeout(REQUEST_TIMEOUT):
                return (await request.execute()).data
        except APIError as error:
            if error.code == FOREIGN_KEY_VIOLATION:
                raise UnknownUser("the user is not in auth.users") from None
            # PostgREST's and PostgreSQL's messages may quote values: only the code is kept.
            raise TryLater("supabase", f"Supabase refused {what} (code {error.code})") from None
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, RecursionError) as error:
            raise TryLater("supabase", f"Supabase gave no usable answer ({type(error).__name__})") from None


def _read(model: type[RowT], document: object) -> RowT:
    try:
        return model.model_validate(document)
    except ValidationError:
        raise _unusable() from None


def _unusable() -> TryLater:
    return TryLater("supabase", "Supabase's answer has not the shape of what was asked for")
