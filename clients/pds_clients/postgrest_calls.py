"""What every way to Supabase's tables shares: one timed call through PostgREST, its errors as ours, rows as models."""

import asyncio
from typing import Any, Protocol, TypeVar

import httpx
from postgrest import APIResponse
from postgrest.exceptions import APIError
from pydantic import BaseModel, ValidationError

from pds_clients.timing import Operation, timed
from pds_contract.errors import TryLater, UnknownUser

REQUEST_TIMEOUT = 10.0
FOREIGN_KEY_VIOLATION = "23503"

ModelT = TypeVar("ModelT", bound=BaseModel)


class Request(Protocol):
    """What postgrest's builders have in common."""

    async def execute(self) -> APIResponse:
        """Send it."""
        ...


async def answer_of(operation: Operation, request: Request) -> Any:  # noqa: ANN401 - JSON
    """Send a request and return the JSON of its answer.

    Raises:
        TryLater: Supabase gave no usable answer; the call may have taken effect.
        UnknownUser: A row would belong to nobody in ``auth.users``.
    """
    try:
        with timed("supabase", operation):
            # httpx's own time-out begins anew with each byte.
            async with asyncio.timeout(REQUEST_TIMEOUT):
                return (await request.execute()).data
    except APIError as error:
        if error.code == FOREIGN_KEY_VIOLATION:
            raise UnknownUser("the user is not in auth.users") from None
        # PostgREST's and PostgreSQL's messages may quote values: only the code is kept.
        raise TryLater("supabase", f"Supabase refused {operation} (code {error.code})") from None
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, RecursionError) as error:
        raise TryLater("supabase", f"Supabase gave no usable answer ({type(error).__name__})") from None


def read(model: type[ModelT], document: object) -> ModelT:
    """Read a row.

    Raises:
        TryLater: It is none.
    """
    try:
        return model.model_validate(document)
    except ValidationError:
        raise unusable() from None


def unusable() -> TryLater:
    """Return the error for an answer of another shape."""
    return TryLater("supabase", "Supabase's answer has not the shape of what was asked for")
